"""aiobotocore's clients are answered by the same service."""

import asyncio

import pytest
from botocore.exceptions import ClientError

from _asking import cancel
from _aws import guarded, start, without_metadata
from _leftovers import held_by_botocore
from _names import TRANSPORT
from pytest_rds_export import UnansweredOperation, fake_rds_export

pytest.importorskip("aiobotocore")

from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioCredentials
from aiobotocore.retries.bucket import AsyncTokenBucket
from aiobotocore.session import AioSession

SESSION = AioSession()


def using(main, **options):
    """What the coroutine function *main* returns for a client."""

    async def use():
        async with SESSION.create_client("rds", "us-east-1", **options) as client:
            return await main(client)

    return asyncio.run(use())


async def status(client):
    """The status of the only task."""
    (task,) = (await client.describe_export_tasks())["ExportTasks"]
    return task["Status"]


@pytest.fixture
def slept(monkeypatch):
    """What is asked of ``asyncio.sleep``; nothing is slept."""
    asked, real = [], asyncio.sleep

    async def sleep(delay, result=None):
        asked.append(delay)
        return await real(0, result)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return asked


def test_start_describe_and_cancel_are_answered(rds_export_tasks):
    async def export(client):
        started = await start(client)
        found = await status(client)
        return [started["Status"], found, (await cancel(client))["Status"]]

    assert using(export) == ["STARTING", "STARTING", "CANCELING"]
    assert rds_export_tasks["nightly"].status == "CANCELING"


def test_events(rds_export_tasks, rds_export_client):
    """Of exports that are cancelled at once, each has one event, which async and sync clients receive alike."""
    names = [task.identifier for task in rds_export_tasks.seed_all(f"task-{number}" for number in range(8))]

    async def cancel_all(client):
        await asyncio.gather(*(cancel(client, name) for name in names))
        for name in names:
            rds_export_tasks[name].move_to("CANCELED")
        pages = client.get_paginator("describe_events").paginate()
        return [event async for page in pages for event in page["Events"]]

    events = using(cancel_all)

    assert [event["SourceIdentifier"] for event in events] == names
    assert {event["Message"] for event in events} == {"Export task canceled"}
    assert events == rds_export_client.describe_events()["Events"]
    assert [event.task.identifier for event in rds_export_tasks.events] == names


def test_a_client_made_before_the_use_is_answered(botocore_unchanged):
    async def export(client):
        with fake_rds_export("nightly"):
            return await cancel(client)

    assert using(export)["Status"] == "CANCELING"


def test_an_async_client_gets_the_same_answer_as_a_sync_one(rds_export_tasks, rds_export_client):
    rds_export_tasks.seed("nightly", export_only=["orders"], warning_message="<a> & b")

    asynchronous = using(lambda client: client.describe_export_tasks())

    assert without_metadata(asynchronous) == without_metadata(rds_export_client.describe_export_tasks())


def test_a_refusal_is_the_clients_modelled_exception(rds_export_tasks):
    async def export(client):
        with pytest.raises(client.exceptions.ExportTaskNotFoundFault):
            await cancel(client)

    using(export)
    assert rds_export_tasks.calls[0].error_code == "ExportTaskNotFound"


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_retries_are_botocores_and_their_delays_recorded_not_slept(mode, rds_export_tasks, slept, monkeypatch):
    monkeypatch.setattr(AsyncTokenBucket, "acquire", lambda *_: pytest.fail("it waited for the rate limiter"))
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject("Throttling", times=2)

    answer = using(cancel, config=AioConfig(retries={"mode": mode, "total_max_attempts": 3}))

    (call,) = rds_export_tasks.calls
    assert answer["ResponseMetadata"]["RetryAttempts"] == 2
    assert (call.attempts, call.http_status, call.error_code) == (3, 200, None)
    assert len(call.retry_delays) == 2
    assert not any(slept)


@pytest.mark.parametrize("name", TRANSPORT)
def test_a_transport_failure_is_raised_as_by_botocore(name, rds_export_tasks, slept):
    failure = rds_export_tasks.inject(name).failure

    async def export(client):
        with pytest.raises(failure.exception):
            await cancel(client)

    using(export)
    assert (rds_export_tasks.calls[0].attempts > 1) is (name != "TruncatedResponse")


@pytest.mark.rds_export_tasks(*[f"task-{n}" for n in range(7)], page_size=3)
def test_the_async_paginator_goes_from_page_to_page(rds_export_tasks):
    async def pages(client):
        found = client.get_paginator("describe_export_tasks").paginate()
        return [[task["ExportTaskIdentifier"] for task in page["ExportTasks"]] async for page in found]

    names = [f"task-{n}" for n in range(7)]
    assert using(pages) == [names[:3], names[3:6], names[6:]]


def test_the_frozen_clock_is_moved_by_a_retry(rds_export_clock, rds_export_tasks):
    rds_export_tasks.inject("Throttling", operation="DescribeExportTasks", times=1)
    before = rds_export_clock.now

    using(lambda client: client.describe_export_tasks())

    (delay,) = rds_export_tasks.calls[0].retry_delays
    assert (rds_export_clock.now - before).total_seconds() == pytest.approx(delay, abs=1e-5)
    assert delay > 0


def test_the_frozen_clock_is_moved_by_a_sleep(rds_export_clock, rds_export_tasks):
    rds_export_tasks.seed("nightly")
    before = rds_export_clock.now

    async def wait(client):
        await cancel(client)
        while (await status(client)) == "CANCELING":  # noqa: ASYNC110
            await asyncio.sleep(30)

    using(wait)
    assert (rds_export_clock.now - before).total_seconds() == 120


def test_of_many_cancels_at_once_one_succeeds(rds_export_tasks):
    rds_export_tasks.seed("nightly")

    async def export(client):
        return await asyncio.gather(*(cancel(client) for _ in range(16)), return_exceptions=True)

    answers = using(export)

    assert sum(isinstance(answer, ClientError) for answer in answers) == 15
    assert [call.attempts for call in rds_export_tasks.calls] == [1] * 16


def test_calls_that_overlap_keep_their_own_region_and_attempts(rds_export_tasks, slept):
    rds_export_tasks.inject("Throttling", identifier="task-1", times=2)
    regions = ["us-east-1", "eu-west-1", "cn-north-1"]
    for number, region in enumerate(regions):
        rds_export_tasks.in_region(region).seed(f"task-{number}")

    async def let_others_run(request, **kwargs):
        await asyncio.sleep(0)

    async def export(number, region):
        config = AioConfig(retries={"mode": "standard", "total_max_attempts": 3})
        async with SESSION.create_client("rds", region, config=config) as client:
            client.meta.events.register("request-created.rds", let_others_run)
            await cancel(client, f"task-{number}")

    async def main():
        await asyncio.gather(*(export(number, region) for number, region in enumerate(regions)))

    asyncio.run(main())
    calls = sorted((call.identifier, call.region, call.attempts) for call in rds_export_tasks.calls)
    assert calls == [("task-0", "us-east-1", 1), ("task-1", "eu-west-1", 3), ("task-2", "cn-north-1", 1)]


def test_an_operation_that_nobody_answers_is_raised_at_once(rds_export_tasks):
    async def export(client):
        with pytest.raises(UnansweredOperation, match=r"\Anobody answers DescribeDBInstances;"):
            await client.describe_db_instances()

    using(export)
    assert [call.attempts for call in rds_export_tasks.unanswered] == [1]
    rds_export_tasks.unanswered.clear()


def test_a_stop_iteration_is_what_python_makes_of_it_in_a_coroutine(rds_export_tasks):
    rds_export_tasks.inject(StopIteration("x"))
    with pytest.raises(RuntimeError, match="coroutine raised StopIteration"):
        using(cancel)


def test_a_stub_answers_another_operation(rds_export_tasks):
    rds_export_tasks.stub("DescribeCertificates", {"Marker": "m"})

    assert using(lambda client: client.describe_certificates())["Marker"] == "m"


class _Body:
    async def read(self):
        return b"<R><DescribeCertificatesResult><Marker>m</Marker></DescribeCertificatesResult></R>"


async def _awaited(request, **kwargs):
    await asyncio.sleep(0)
    return AioAWSResponse(request.url, 200, {}, _Body())


def _plain(request, **kwargs):
    return AioAWSResponse(request.url, 200, {}, _Body())


@pytest.mark.parametrize("handler", [_awaited, _plain])
def test_a_users_handler_answers_another_operation_and_no_export_call(handler, rds_export_tasks):
    rds_export_tasks.seed("nightly")

    async def call(client):
        client.meta.events.register("before-send.rds", handler)
        return (await client.describe_certificates())["Marker"], (await cancel(client))["Status"]

    assert using(call) == ("m", "CANCELING")


async def _raises_later(request, **kwargs):
    await asyncio.sleep(0)
    raise AssertionError("not this one")


def _raises(request, **kwargs):
    raise AssertionError("not this one")


@pytest.mark.parametrize("handler", [_raises_later, _raises])
@pytest.mark.parametrize("operation", ["describe_export_tasks", "describe_certificates"])
def test_a_users_handler_that_raises_is_heard(handler, operation, rds_export_tasks):
    async def call(client):
        client.meta.events.register("before-send.rds", handler)
        with pytest.raises(AssertionError, match="not this one"):
            await getattr(client, operation)()

    using(call)
    assert rds_export_tasks.calls[0].error_code == "AssertionError"


_Guarded = guarded(AioCredentials)


def test_the_credentials_of_a_client_are_not_read(rds_export_tasks, monkeypatch):
    session = AioSession()
    session._credentials = _Guarded("AKIAREAL", "real-secret")  # noqa: SLF001 - botocore has no other way in
    rds_export_tasks.seed("nightly")
    rds_export_tasks.stub("CopyDBSnapshot", {})
    signed = []

    async def main():
        async with session.create_client("rds", "us-east-1") as client:
            monkeypatch.setattr(_Guarded, "locked", True)
            client.meta.events.register("before-send.rds", lambda request, **_: signed.append(request.headers))
            await cancel(client)
            await client.copy_db_snapshot(
                SourceDBSnapshotIdentifier="nightly", TargetDBSnapshotIdentifier="copy", SourceRegion="eu-west-1"
            )

    asyncio.run(main())
    (headers,) = signed
    authorization = headers["Authorization"]
    assert b"Credential=testing/" in (authorization if isinstance(authorization, bytes) else authorization.encode())
    assert rds_export_tasks.calls[1].parameters["PreSignedUrl"] == "https://rds.eu-west-1.amazonaws.com/"


def test_after_the_use_the_emitters_of_both_kinds_are_as_before():
    before = held_by_botocore()
    with fake_rds_export("nightly"):
        using(cancel)
    after = held_by_botocore()
    for module, emitter in (("botocore.hooks", "HierarchicalEmitter"), ("aiobotocore.hooks", "AioHierarchicalEmitter")):
        members = {where: value for where, value in before.items() if where[:2] == (module, emitter)}
        assert members
        assert all(after[where] is value for where, value in members.items())


ASYNC_TEST = """
import pytest
from aiobotocore.session import AioSession

@pytest.fixture
async def client(rds_export_tasks):
    async with AioSession().create_client("rds") as client:
        yield client

@pytest.mark.{mark}
async def test_it(client, rds_export_tasks):
    rds_export_tasks.seed("nightly")
    answer = await client.cancel_export_task(ExportTaskIdentifier="nightly")
    assert answer["Status"] == "CANCELING"
    assert len(rds_export_tasks.calls) == 1
"""


def inner(pytester, monkeypatch, mark, *arguments):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(test_it=ASYNC_TEST.format(mark=mark))
    return pytester.runpytest("-p", "pytest_rds_export.plugin", "-p", "no:cacheprovider", *arguments)


def test_pytest_asyncio_runs_beside_it(pytester, monkeypatch):
    pytest.importorskip("pytest_asyncio")
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function")

    inner(pytester, monkeypatch, "asyncio", "-p", "pytest_asyncio.plugin").assert_outcomes(passed=1)


def test_anyio_runs_beside_it(pytester, monkeypatch):
    pytest.importorskip("anyio")
    pytester.makeconftest("import pytest\n\n@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n")

    inner(pytester, monkeypatch, "anyio", "-p", "anyio.pytest_plugin").assert_outcomes(passed=1)
