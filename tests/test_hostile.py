"""What goes wrong around the plugin and must not go wrong in it."""

import asyncio
import copy
import math
import sys
from contextlib import nullcontext
from fractions import Fraction
from unittest.mock import patch

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from _inner import run
from pytest_rds_export import Failure, fake_rds_export


def test_a_report_never_ends_the_run(pytester):
    result = run(
        pytester,
        """
def test_a(rds_export_tasks):
    rds_export_tasks.seed("a", status="COMPLETE", task_end_time="0001-01-01T00:00:00Z")
    assert 0

def test_b():
    pass
""",
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["  'a' COMPLETE 100% in us-east-1"])


def test_a_report_that_cannot_be_made_says_why(pytester):
    result = run(
        pytester,
        """
class Odd:
    def __eq__(self, other):
        raise ZeroDivisionError("odd")

def test_a(rds_export_tasks):
    rds_export_tasks.calls.append(Odd())
    assert 0
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["could not be described: AttributeError(*)"])


def test_the_environment_is_restored_though_a_monkeypatch_outlives_the_fixture(pytester, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    result = run(
        pytester,
        """
import os

def test_a(monkeypatch, rds_export_tasks):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_PROFILE", "other")

def test_b():
    assert os.environ["AWS_ACCESS_KEY_ID"] == "mine"
    assert "AWS_DEFAULT_REGION" not in os.environ
    assert "AWS_PROFILE" not in os.environ
""",
        "-p",
        "no:randomly",
    )
    result.assert_outcomes(passed=2)


def test_what_a_monkeypatch_before_the_fixture_set_does_not_come_back(pytester, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    result = run(
        pytester,
        """
import os

def test_a(monkeypatch, request):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    request.getfixturevalue("rds_export_tasks")

@pytest.fixture
def production(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")

@pytest.mark.rds_export_tasks(region="us-east-1")
def test_b(production, rds_export_tasks):
    assert "AWS_PROFILE" not in os.environ

def test_c():
    assert "AWS_PROFILE" not in os.environ
    assert os.environ["AWS_REGION"] == "us-east-1"
""",
        "-p",
        "no:randomly",
    )
    result.assert_outcomes(passed=3)


@pytest.mark.loopback
def test_what_a_monkeypatch_inside_the_fixture_set_does_not_come_back(pytester):
    result = run(
        pytester,
        """
import os

def test_asked_for_at_run_time(monkeypatch, request):
    request.getfixturevalue("rds_export_tasks")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")

@pytest.fixture
def broken():
    yield
    raise RuntimeError

def test_beside_a_fixture_that_fails(monkeypatch, rds_export_tasks, broken):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")

def test_of_the_endpoint(monkeypatch, rds_export_endpoint):
    monkeypatch.delenv("AWS_ENDPOINT_URL_RDS")

@pytest.fixture(autouse=True)
def nothing_is_left():
    assert not {"AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL_RDS"} & set(os.environ)

def test_after():
    pass
""",
        "-p",
        "no:randomly",
    )
    result.assert_outcomes(passed=4, errors=1)
    result.stdout.fnmatch_lines(["ERROR test_it.py::test_beside_a_fixture_that_fails - RuntimeError"])


@pytest.mark.parametrize("kind", ["class", "generator", "asynchronous generator"])
def test_what_cannot_be_decorated_is_refused(kind):
    def generator():
        yield

    async def asynchronous_generator():
        yield

    target = {"class": int, "generator": generator, "asynchronous generator": asynchronous_generator}[kind]
    with pytest.raises(TypeError, match=f"and '{target.__name__}' is neither; use it as a context manager inside"):
        fake_rds_export()(target)


def test_a_decorator_without_parentheses_is_refused():
    with pytest.raises(TypeError, match=r"it is written with parentheses: @fake_rds_export\(\)"):
        fake_rds_export(lambda: None)


class TestDefaultSession:
    @pytest.fixture(autouse=True)
    def _none_yet(self, monkeypatch):
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

    def test_one_that_was_made_meanwhile_is_not_left_behind(self):
        with fake_rds_export("nightly"):
            boto3.client("rds").describe_export_tasks()
        assert boto3.DEFAULT_SESSION is None

    def test_one_that_was_there_stays(self):
        boto3.setup_default_session(region_name="eu-west-1")
        mine = boto3.DEFAULT_SESSION
        with fake_rds_export():
            assert boto3.DEFAULT_SESSION is mine
        assert boto3.DEFAULT_SESSION is mine

    def test_the_next_use_need_not_read_the_data_files_again(self):
        loaders = []
        for _ in range(2):
            with fake_rds_export():
                boto3.client("rds")
                loaders.append(boto3.DEFAULT_SESSION._session.get_component("data_loader"))  # noqa: SLF001 - as boto3 has it
        assert loaders[0] is loaders[1]
        assert len(loaders[0].search_paths) == len(set(loaders[0].search_paths))

    def test_one_that_was_put_in_its_place_is_not_handed_on(self):
        with fake_rds_export():
            boto3.DEFAULT_SESSION = object()
        with fake_rds_export():
            assert isinstance(boto3.DEFAULT_SESSION, boto3.session.Session)

    def test_the_settings_of_one_use_are_not_those_of_the_next(self, monkeypatch, tmp_path):
        attempts = []
        for count in (1, 7):
            config = tmp_path / f"config-{count}"
            config.write_text(f"[default]\nretry_mode = standard\nmax_attempts = {count}\n")
            with fake_rds_export(), monkeypatch.context() as environment:
                environment.setenv("AWS_CONFIG_FILE", str(config))
                attempts.append(boto3.client("rds").meta.config.retries["total_max_attempts"])
        assert attempts == [1, 7]

    def test_a_handler_of_one_use_is_not_called_in_the_next(self):
        called = []
        with fake_rds_export("nightly"):
            boto3.client("rds")
            boto3.DEFAULT_SESSION.events.register("provide-client-params.rds", lambda **_: called.append(1))
            boto3.client("rds").describe_export_tasks()
        with fake_rds_export("nightly"):
            boto3.client("rds").describe_export_tasks()
        assert called == [1]

    def test_where_boto3_was_not_imported_it_is_not_needed(self, monkeypatch):
        monkeypatch.delitem(sys.modules, "boto3")
        client = botocore.session.get_session().create_client("rds", "us-east-1")
        with fake_rds_export("nightly") as tasks:
            client.describe_export_tasks()
            assert len(tasks.calls) == 1
            assert "boto3" not in sys.modules

    def test_its_sessions_are_like_any_other(self):
        with fake_rds_export(region="eu-west-1"):
            session = boto3.DEFAULT_SESSION
            assert session.region_name == "eu-west-1"
            assert repr(session) == "Session(region_name='eu-west-1')"
            assert copy.copy(session).region_name == "eu-west-1"
            with pytest.raises(AttributeError, match="'Session' object has no attribute 'regionname'"):
                session.regionname  # noqa: B018


@pytest.mark.parametrize("outer", [True, False])
def test_a_botocore_that_is_imported_anew_is_answered_as_well(botocore_unchanged, outer):
    for _ in range(2):
        with fake_rds_export() if outer else nullcontext(), patch.dict(sys.modules):
            for name in [name for name in sys.modules if name.split(".")[0] in ("boto3", "botocore")]:
                del sys.modules[name]
            import boto3 as anew

            with fake_rds_export("nightly") as tasks:
                anew.client("rds").describe_export_tasks()
                assert len(tasks.calls) == 1


def test_a_delay_that_a_handler_of_the_user_asks_for_is_noted_and_not_slept(rds_export_tasks, rds_export_client):
    asked = []

    def once_more(**_kwargs):
        asked.append(1)
        return 3600 if len(asked) == 1 else None

    rds_export_client.meta.events.register("needs-retry.rds", once_more)
    rds_export_client.describe_export_tasks()
    assert [call.retry_delays for call in rds_export_tasks.calls] == [[3600]]


@pytest.mark.parametrize("region", ["local", "US-EAST-1"])
@pytest.mark.skipif(botocore.__version__ < "1.35", reason="an unsigned request names its region in the host alone")
def test_any_region_that_botocore_takes_is_answered(rds_export_tasks, region):
    client = boto3.client("rds", region_name=region, endpoint_url="http://localhost:4566")
    assert client.describe_export_tasks()["ExportTasks"] == []
    assert [call.region for call in rds_export_tasks.calls] == [region]


def test_the_environment_may_name_any_region(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "local")
    with fake_rds_export() as tasks:
        assert tasks.region == "local"


def test_a_call_inside_a_request_created_handler_leaves_the_outer_call_its_region(rds_export_tasks, rds_export_client):
    rds_export_tasks.seed("nightly")
    other = boto3.client("rds", region_name="eu-west-1")
    rds_export_client.meta.events.register("request-created.rds", lambda **_: other.describe_export_tasks() and None)

    rds_export_client.cancel_export_task(ExportTaskIdentifier="nightly")

    regions = {call.operation: call.region for call in rds_export_tasks.calls}
    assert regions == {"DescribeExportTasks": "eu-west-1", "CancelExportTask": "us-east-1"}


def test_the_stubber_sees_the_parameters_as_the_caller_gave_them(rds_export_client):
    given = {"SourceDBSnapshotIdentifier": "a", "TargetDBSnapshotIdentifier": "b", "SourceRegion": "eu-west-1"}
    with Stubber(rds_export_client) as stubber:
        stubber.add_response("copy_db_snapshot", {}, given)
        rds_export_client.copy_db_snapshot(**given)
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize("arguments", ["", ", indirect=False", ", indirect=[]"])
def test_a_failure_that_is_parametrized_without_indirect_is_an_error(pytester, arguments):
    result = run(
        pytester,
        f"""
import pytest

@pytest.mark.parametrize("rds_export_failure", ["Throttling"]{arguments})
def test_it(rds_export_failure):
    pass
""",
    )
    assert "test_it.py::test_it: parametrize rds_export_failure with indirect=True" in result.stdout.str()
    assert result.ret != 0


@pytest.mark.parametrize("indirect", ["indirect=True", 'indirect=["rds_export_failure"]'])
def test_indirect_may_be_said_in_each_way(pytester, indirect):
    result = run(
        pytester,
        f"""
import pytest

@pytest.mark.rds_export_tasks("nightly", assert_all_injected=False)
@pytest.mark.parametrize("rds_export_failure", ["Throttling"], {indirect})
def test_it(rds_export_failure, rds_export_tasks):
    assert rds_export_failure.name == "Throttling"
""",
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("failure", [Failure("Foo"), ClientError({"Error": {"Code": "Foo"}}, "CancelExportTask")])
def test_a_failure_without_a_text_has_its_name_for_one(rds_export_tasks, rds_export_client, failure):
    rds_export_tasks.inject(failure)
    with pytest.raises(ClientError) as caught:
        rds_export_client.cancel_export_task(ExportTaskIdentifier="nightly")
    assert caught.value.response["Error"]["Message"] == "Foo"


def test_a_sleep_without_end_is_left_to_asyncio(rds_export_clock):
    async def main():
        endless = asyncio.create_task(asyncio.sleep(math.inf))
        await asyncio.sleep(1)
        endless.cancel()
        with pytest.raises(asyncio.CancelledError):
            await endless

    start = rds_export_clock.now
    asyncio.run(main())
    assert (rds_export_clock.now - start).total_seconds() == 1


def test_a_sleep_may_be_any_real_number_and_none_overflows(rds_export_clock):
    from pytest_rds_export import SleepLimitExceeded

    start = rds_export_clock.now
    asyncio.run(asyncio.sleep(Fraction(1, 2)))
    assert (rds_export_clock.now - start).total_seconds() == 0.5
    with pytest.raises(SleepLimitExceeded):
        asyncio.run(asyncio.sleep(1e300))


@pytest.mark.parametrize(
    ("members", "error", "text"),
    [
        ({"status": None}, ValueError, "status is a text such as 'available', got None"),
        (
            {"tag_list": [{"Key": 1}]},
            ValueError,
            "not a valid DBSnapshot: Invalid type for parameter TagList\\[0\\].Key",
        ),
        ({"db_snapshot_identifier": "b"}, TypeError, "the first argument names the source already; 'b' is given twice"),
    ],
)
def test_a_snapshot_that_is_none_is_refused_at_once(rds_export_tasks, members, error, text):
    with pytest.raises(error, match=text):
        rds_export_tasks.seed_snapshot("a", **members)
    assert rds_export_tasks.seed_snapshot("a")["Status"] == "available"


def test_a_seed_fixture_that_forgets_to_return_is_named(pytester):
    pytester.makeconftest("import pytest\n@pytest.fixture\ndef rds_export_seed(): ['nightly']")
    result = run(pytester, "def test_it(rds_export_tasks): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E *TypeError: the fixture rds_export_seed gives None; have it return what *"])


def test_a_stub_that_runs_out_of_responses_says_so(rds_export_tasks, rds_export_client):
    rds_export_tasks.stub("DescribeDBInstances", lambda _: next(iter([])))
    with pytest.raises(RuntimeError, match="raised StopIteration"):
        rds_export_client.describe_db_instances()
    assert rds_export_tasks.calls[-1].error_code == "RuntimeError"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_may_begin_with_a_byte_order_mark(rds_export_tasks, tmp_path, encoding):
    path = tmp_path / "tasks.json"
    path.write_text('{"ExportTasks": [{"ExportTaskIdentifier": "nightly"}]}', encoding=encoding)
    assert [task.identifier for task in rds_export_tasks.seed_all([path])] == ["nightly"]


def test_a_file_that_is_nested_without_end_is_refused(rds_export_tasks, tmp_path):
    path = tmp_path / "tasks.json"
    path.write_text("[" * 200_000)
    with pytest.raises(ValueError, match="is not JSON"):
        rds_export_tasks.seed_all([path])


def test_an_answer_of_another_handler_without_a_code_goes_by_its_status(
    rds_export_tasks, rds_export_client, before_send
):
    rds_export_client.meta.events.register("before-send.rds", before_send(b"<R></R>", status=404))
    with pytest.raises(ClientError):
        rds_export_client.describe_db_clusters()
    (call,) = rds_export_tasks.calls
    assert (call.http_status, call.error_code, call.response) == (404, "404", None)


def test_a_url_is_presigned_on_every_botocore(rds_export_tasks, rds_export_client):
    url = rds_export_client.generate_presigned_url("describe_export_tasks")
    assert url.startswith("https://rds.us-east-1.amazonaws.com/?Action=DescribeExportTasks")
    assert "X-Amz-Signature=" in url
    assert rds_export_tasks.calls == []


def test_a_module_of_the_users_own_may_be_called_time_machine(monkeypatch):
    monkeypatch.setitem(sys.modules, "time_machine", type(sys)("time_machine"))
    with fake_rds_export("nightly") as tasks:
        assert tasks["nightly"].status == "IN_PROGRESS"
