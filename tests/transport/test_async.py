"""aiobotocore's clients use the same fake."""

import asyncio
import contextlib
import time
from datetime import timedelta

import pytest
from botocore.endpoint import Endpoint
from botocore.exceptions import ClientError, ReadTimeoutError

from helpers.calls import cancel, start, without_metadata
from helpers.clients import guarded
from helpers.inner import run_again
from helpers.names import TRANSPORT
from pytest_rds_export import Polls, fake_rds_export, sweep
from pytest_rds_export.exceptions import SleepLimitExceeded, UnhandledOperation

pytest.importorskip("aiobotocore")

import aiobotocore.awsrequest
import aiobotocore.endpoint
from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioCredentials
from aiobotocore.endpoint import AioEndpoint
from aiobotocore.hooks import AioHierarchicalEmitter
from aiobotocore.retries.bucket import AsyncTokenBucket
from aiobotocore.session import AioSession

SESSION = AioSession()


def run_with_client(main, service="rds", **options):
    """Run the coroutine function *main* with a client and return its result."""

    async def use():
        async with SESSION.create_client(service, "us-east-1", **options) as client:
            return await main(client)

    return asyncio.run(use())


@pytest.fixture
def slept(monkeypatch):
    """Record the arguments of ``asyncio.sleep`` instead of sleeping."""
    seconds, real = [], asyncio.sleep

    async def sleep(delay, result=None):
        seconds.append(delay)
        return await real(0, result)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return seconds


def test_deliveries(rds_export_tasks, rds_export_client):
    """An event that an async client causes is delivered in the thread of its event loop, before the call returns."""
    loops = []

    def handler(event, context):
        loops.append(asyncio.get_running_loop())
        return rds_export_client.describe_export_tasks()["ExportTasks"][0]["Status"]

    async def poll(client):
        loops.append(asyncio.get_running_loop())
        await client.describe_export_tasks()
        return len(loops)

    rds_export_tasks.deliver_events(handler)
    rds_export_tasks.seed("nightly", timeline=Polls(in_progress=0))

    assert run_with_client(poll) == 2
    assert loops[0] is loops[1]
    assert [delivery.returned for delivery in rds_export_tasks.deliveries] == ["COMPLETE"]


def test_refused_receiver(rds_export_tasks):
    """An async client is no receiver of events."""

    async def deliver(client):
        rds_export_tasks.deliver_events(client, topic="arn:aws:sns:us-east-1:123456789012:events")

    way = r"^to must be a boto3 .*, an async client. Make one with boto3.client\('sns'\)$"
    with pytest.raises(TypeError, match=way):
        run_with_client(deliver, service="sns")


def test_early_client(botocore_unchanged):
    """A client that was made before the fake is handled, and all that is patched is afterwards what it was."""

    async def export(client):
        with fake_rds_export("nightly"):
            return await cancel(client)

    assert run_with_client(export)["Status"] == "CANCELING"


def test_same_response(rds_export_tasks, rds_export_client):
    """Async and sync clients receive the same response."""
    rds_export_tasks.seed("nightly", export_only=["orders"], warning_message="<a> & b")

    asynchronous = run_with_client(lambda client: client.describe_export_tasks())

    assert without_metadata(asynchronous) == without_metadata(rds_export_client.describe_export_tasks())


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_retries(mode, rds_export_tasks, slept, monkeypatch):
    """Delays of retries are recorded instead of slept, without the rate limiter."""
    monkeypatch.setattr(AsyncTokenBucket, "acquire", lambda *_: pytest.fail("it waited for the rate limiter"))
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject("Throttling", times=2)

    response = run_with_client(cancel, config=AioConfig(retries={"mode": mode, "total_max_attempts": 3}))

    (call,) = rds_export_tasks.calls
    assert response["ResponseMetadata"]["RetryAttempts"] == 2
    assert (call.attempts, call.http_status, call.error_code) == (3, 200, None)
    assert len(call.retry_delays) == 2
    assert not any(slept)


@pytest.mark.parametrize("name", TRANSPORT)
def test_transport_failure(name, rds_export_tasks, slept):
    """An injected failure of the transport is raised as botocore's exception, and retried as botocore does."""
    failure = rds_export_tasks.inject(name).failure

    with pytest.raises(failure.exception):
        run_with_client(cancel)

    assert (rds_export_tasks.calls[0].attempts > 1) is (name != "TruncatedResponse")


def test_sweep(rds_export_clock):
    """A sweep inside a coroutine function fails the calls of an async client, each with all its attempts."""

    async def main():
        left = []
        for attempt in sweep("Throttling", "lost response", 600, operation="StartExportTask", raises=ClientError):
            async with SESSION.create_client("rds", "us-east-1") as client:
                with attempt:
                    await start(client)
                left.append((attempt.running, getattr(attempt.raised, "response", {}).get("Error", {}).get("Code")))
        return left

    exists = "ExportTaskAlreadyExists"
    assert asyncio.run(main()) == [(1, None), (0, "Throttling"), (1, exists), (1, exists)]


def test_late_response(rds_export_tasks, rds_export_clock):
    """A late response moves the clock; of clients at once, the one with the shorter read timeout gets a timeout."""
    rds_export_tasks.seed_all(["daily", "nightly"])
    rds_export_tasks.inject(delay=30)
    before = rds_export_clock.now

    async def export(seconds, identifier):
        config = AioConfig(read_timeout=seconds, retries={"total_max_attempts": 1})
        async with SESSION.create_client("rds", "us-east-1", config=config) as client:
            return await cancel(client, identifier)

    async def main():
        return await asyncio.gather(export(60, "daily"), export(10, "nightly"), return_exceptions=True)

    patient, impatient = asyncio.run(main())

    assert patient["Status"] == "CANCELING"
    assert isinstance(impatient, ReadTimeoutError)
    assert {task.status for task in rds_export_tasks.values()} == {"CANCELING"}
    assert (rds_export_clock.now - before).total_seconds() == 30


class OtherLoop(asyncio.SelectorEventLoop):
    """Like uvloop: with a time and timers of its own, which are real."""

    _time = staticmethod(time.monotonic)

    def time(self):
        """Return the real time."""
        return self._time()


@pytest.mark.parametrize("loop_class", [asyncio.SelectorEventLoop, OtherLoop])
@pytest.mark.parametrize("injected", [{"delay": 30}, {"failure": "Throttling"}], ids=["late response", "back-off"])
def test_calls_at_once(injected, loop_class, rds_export_tasks, rds_export_clock):
    """A wait moves the clock; calls wait together, and other tasks go on, also in a loop like uvloop's."""
    rds_export_tasks.seed_all(["daily", "nightly"])
    rds_export_tasks.inject(operation="CancelExportTask", times=2, **injected)
    before = rds_export_clock.now

    async def main():
        async with SESSION.create_client("rds", "us-east-1") as client:
            sleeping = asyncio.create_task(asyncio.sleep(0.001))
            await asyncio.gather(cancel(client, "daily"), cancel(client, "nightly"), sleeping)

    with contextlib.closing(loop_class()) as loop:
        loop.run_until_complete(main())

    delays = [delay for call in rds_export_tasks.calls for delay in call.retry_delays]
    assert (rds_export_clock.now - before).total_seconds() == pytest.approx(max(delays, default=30), abs=0.001)
    assert rds_export_clock.sleeps == [timedelta(milliseconds=1)]


def test_deadline_of_a_late_response(rds_export_tasks, rds_export_clock):
    """A deadline ends the wait for a late response at its time; the call has had its effect, and other tasks go on."""
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject(delay=30)
    before = rds_export_clock.now
    seconds = []

    async def tick():
        while True:
            await asyncio.sleep(2)
            seconds.append((rds_export_clock.now - before).total_seconds())

    async def impatient(client):
        ticking = asyncio.ensure_future(tick())
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(cancel(client), 5)
        ticking.cancel()

    run_with_client(impatient)

    assert (seconds, rds_export_clock.now - before) == ([2, 4], timedelta(seconds=5))
    assert rds_export_tasks["nightly"].status == "CANCELING"
    assert "no response" in repr(rds_export_tasks.calls[0])


def test_limit_in_a_late_response(rds_export_tasks, rds_export_clock):
    """A response that is later than the sleeps may take raises in the call."""
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject(delay=timedelta(days=2))

    with pytest.raises(SleepLimitExceeded):
        run_with_client(cancel, config=AioConfig(read_timeout=None))


def test_concurrent_calls(rds_export_tasks, slept):
    """Concurrent calls are recorded with their own regions and attempts."""
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


def test_unhandled_operation(rds_export_tasks):
    """An operation without a handler raises at once and is not retried."""
    with pytest.raises(UnhandledOperation, match=r"\Ano handler for DescribeDBInstances, "):
        run_with_client(lambda client: client.describe_db_instances())

    assert [call.attempts for call in rds_export_tasks.unhandled] == [1]
    rds_export_tasks.unhandled.clear()


def test_stop_iteration(rds_export_tasks):
    """An injected StopIteration is raised as a RuntimeError, as by any coroutine."""
    rds_export_tasks.inject(StopIteration("x"))
    with pytest.raises(RuntimeError, match="coroutine raised StopIteration"):
        run_with_client(cancel)


class _Body:
    raw_headers = ()  # which an older aiobotocore reads

    async def read(self):
        return b"<R><DescribeCertificatesResult><Marker>m</Marker></DescribeCertificatesResult></R>"


def responds(request, **kwargs):
    """Return a response to DescribeCertificates."""
    return AioAWSResponse(request.url, 200, {}, _Body())


def raises(request, **kwargs):
    """Raise an error."""
    raise AssertionError("not this one")


def asynchronous(handler):
    """Return a handler that does the same after other tasks have run."""

    async def handle(request, **kwargs):
        await asyncio.sleep(0)
        return handler(request, **kwargs)

    return handle


@pytest.mark.parametrize("handler", [asynchronous(responds), responds])
def test_users_handler(handler, rds_export_tasks):
    """The response of a user's handler counts for other operations only."""
    rds_export_tasks.seed("nightly")

    async def call(client):
        client.meta.events.register("before-send.rds", handler)
        return (await client.describe_certificates())["Marker"], (await cancel(client))["Status"]

    assert run_with_client(call) == ("m", "CANCELING")


@pytest.mark.parametrize("handler", [asynchronous(raises), raises])
@pytest.mark.parametrize("operation", ["describe_export_tasks", "describe_certificates"])
def test_error_of_a_users_handler(handler, operation, rds_export_tasks):
    """An exception of a user's handler is raised to the caller."""

    async def call(client):
        client.meta.events.register("before-send.rds", handler)
        await getattr(client, operation)()

    with pytest.raises(AssertionError, match="not this one"):
        run_with_client(call)
    assert rds_export_tasks.calls[0].error_code == "AssertionError"


_Guarded = guarded(AioCredentials)


def test_credentials(rds_export_tasks, monkeypatch):
    """The credentials of the client are not read; requests are signed with fake ones."""
    session = AioSession()
    session._credentials = _Guarded("AKIAREAL", "real-secret")  # noqa: SLF001 - botocore has no public way
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
    headers, _ = signed
    authorization = headers["Authorization"]
    assert b"Credential=testing/" in (authorization if isinstance(authorization, bytes) else authorization.encode())
    assert "X-Amz-Credential=testing%2F" in rds_export_tasks.calls[1].parameters["PreSignedUrl"]


def test_emit_of_the_class(rds_export_tasks, monkeypatch):
    """An ``emit`` that another library has set on the class of the emitters, as aiomoto does, changes nothing."""

    def emit(self, event_name, **kwargs):
        return asyncio.get_running_loop().create_task(self._emit(event_name, kwargs))

    monkeypatch.setattr(AioHierarchicalEmitter, "emit", emit)
    rds_export_tasks.seed("nightly")

    assert run_with_client(cancel)["Status"] == "CANCELING"


def test_emitter_of_the_user(rds_export_tasks):
    """A client with an emitter of the user's own is handled, and its handlers see the request."""
    rds_export_tasks.seed("nightly")
    requests = []

    class Own(AioHierarchicalEmitter):
        async def emit(self, event_name, **kwargs):
            return await super().emit(event_name, **kwargs)

    async def export():
        async with AioSession(event_hooks=Own()).create_client("rds", "us-east-1") as client:
            client.meta.events.register("before-send.rds", lambda request, **_: requests.append(request))
            return await cancel(client)

    assert asyncio.run(export())["Status"] == "CANCELING"
    assert len(requests) == 1


@pytest.mark.parametrize("method", ["make_request", "_get_response"])
def test_nothing_leaves(method, monkeypatch):
    """A request fails before it is sent if something has replaced what handles it."""
    original = Endpoint.make_request

    async def send(self, request, *_):
        return await self._send(request), None

    with fake_rds_export():
        if method == "make_request":
            monkeypatch.setattr(Endpoint, "make_request", original)
        else:
            monkeypatch.setattr(AioEndpoint, "_get_response", send)
        with pytest.raises(UnhandledOperation, match="was not sent"):
            run_with_client(cancel)


def test_old_way_to_use_moto(rds_export_tasks, monkeypatch):
    """Code that reads the content of a response without awaiting it, as moto with aiobotocore needed, gets bytes."""

    class Response(AioAWSResponse):
        def __init__(self, response):
            self._response, self.raw = response, response.raw
            self.status_code, self.headers = response.status_code, response.headers

        async def _content_prop(self):
            content = self._response.content
            assert await self.raw.read() == content
            return content

    convert = aiobotocore.endpoint.convert_to_response_dict
    monkeypatch.setattr(
        aiobotocore.endpoint, "convert_to_response_dict", lambda http, model: convert(Response(http), model)
    )
    rds_export_tasks.seed("nightly")

    assert run_with_client(cancel)["Status"] == "CANCELING"


def test_replaced_response_class(rds_export_tasks, monkeypatch):
    """A class of responses that a test has replaced is used in that test, and not in the next."""
    made = []

    class Own(AioAWSResponse):
        def __init__(self, *args):
            super().__init__(*args)
            made.append(self)

    with monkeypatch.context() as patch:
        patch.setattr(aiobotocore.awsrequest, "AioAWSResponse", Own)
        run_with_client(lambda client: client.describe_export_tasks())
        assert len(made) == 1
    run_with_client(lambda client: client.describe_export_tasks())
    assert len(made) == 1


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
    response = await client.cancel_export_task(ExportTaskIdentifier="nightly")
    assert response["Status"] == "CANCELING"
    assert len(rds_export_tasks.calls) == 1
"""


@pytest.mark.parametrize(
    ("mark", "plugin", "ini"),
    [
        ("asyncio", "pytest_asyncio.plugin", "asyncio_mode = auto\nasyncio_default_fixture_loop_scope = function"),
        ("anyio", "anyio.pytest_plugin", ""),
    ],
)
def test_runners(mark, plugin, ini, pytester):
    """The fixtures work in tests of pytest-asyncio and of AnyIO."""
    pytest.importorskip(plugin.partition(".")[0])
    pytester.makeini(f"[pytest]\n{ini}")
    pytester.makeconftest("import pytest\n\n@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n")
    pytester.makepyfile(test_it=ASYNC_TEST.format(mark=mark))

    run_again(pytester, "-p", plugin).assert_outcomes(passed=1)
