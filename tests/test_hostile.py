"""Unusual surroundings and unusual values, which must not break the plugin."""

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

from helpers.errors import raises_exactly
from helpers.inner import lines_after, run
from pytest_rds_export import Failure, fake_rds_export


def test_report_with_extreme_times(pytester):
    """The report describes a task with an extreme time."""
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
    result.stdout.fnmatch_lines(["  'a' COMPLETE 100% in us-east-1, Timeline()"])


def test_report_that_fails(pytester):
    """A report that fails says why, and does not end the run."""
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
    result.stdout.fnmatch_lines(["the report failed: AttributeError(*)"])


def test_monkeypatch_outlives_the_fixture(pytester, monkeypatch):
    """The environment is restored even if a monkeypatch is undone after the fixture."""
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


def test_monkeypatch_before_the_fixture(pytester, monkeypatch):
    """What a monkeypatch set before the fixture does not come back."""
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
def test_monkeypatch_inside_the_fixture(pytester):
    """What a monkeypatch set inside the fixture does not come back."""
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

def test_with_a_fixture_that_fails(monkeypatch, rds_export_tasks, broken):
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
    result.stdout.fnmatch_lines(["ERROR test_it.py::test_with_a_fixture_that_fails - RuntimeError"])


@pytest.mark.parametrize("kind", ["class", "generator", "asynchronous generator"])
def test_decorated_class_or_generator(kind):
    """A class or a generator function cannot be decorated."""

    def generator():
        yield

    async def asynchronous_generator():
        yield

    target = {"class": int, "generator": generator, "asynchronous generator": asynchronous_generator}[kind]
    text = (
        f"fake_rds_export can decorate functions and coroutine functions, got {target!r}. "
        "Use it as a context manager inside the function"
    )
    with raises_exactly(TypeError, text):
        fake_rds_export()(target)


def test_decorator_without_parentheses():
    """A decorator without parentheses is refused with how to write it."""
    text = "a seed cannot be a function. Write the decorator with parentheses: @fake_rds_export()"
    with raises_exactly(TypeError, text):
        fake_rds_export(lambda: None)


class TestDefaultSession:
    @pytest.fixture(autouse=True)
    def _none_yet(self, monkeypatch):
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

    def test_new_one_is_removed(self):
        """A default session that was made during the use is removed."""
        with fake_rds_export("nightly"):
            boto3.client("rds").describe_export_tasks()
        assert boto3.DEFAULT_SESSION is None

    def test_existing_one_stays(self):
        """A default session that existed before stays."""
        boto3.setup_default_session(region_name="eu-west-1")
        mine = boto3.DEFAULT_SESSION
        with fake_rds_export():
            assert boto3.DEFAULT_SESSION is mine
        assert boto3.DEFAULT_SESSION is mine

    def test_data_files_are_read_once(self):
        """The next use does not read botocore's data files again."""
        loaders = []
        for _ in range(2):
            with fake_rds_export():
                boto3.client("rds")
                loaders.append(boto3.DEFAULT_SESSION._session.get_component("data_loader"))  # noqa: SLF001 - as boto3 has it
        assert loaders[0] is loaders[1]
        assert len(loaders[0].search_paths) == len(set(loaders[0].search_paths))

    def test_replaced_one_is_removed(self):
        """A default session that the user installed during the use does not reach the next."""
        with fake_rds_export():
            boto3.DEFAULT_SESSION = object()
        with fake_rds_export():
            assert isinstance(boto3.DEFAULT_SESSION, boto3.session.Session)

    def test_settings_are_read_anew(self, monkeypatch, tmp_path):
        """Each use reads the settings of boto3 again."""
        attempts = []
        for count in (1, 7):
            config = tmp_path / f"config-{count}"
            config.write_text(f"[default]\nretry_mode = standard\nmax_attempts = {count}\n")
            with fake_rds_export(), monkeypatch.context() as environment:
                environment.setenv("AWS_CONFIG_FILE", str(config))
                attempts.append(boto3.client("rds").meta.config.retries["total_max_attempts"])
        assert attempts == [1, 7]

    def test_handlers_do_not_carry_over(self):
        """A handler that was registered in one use is not called in the next."""
        called = []
        with fake_rds_export("nightly"):
            boto3.client("rds")
            boto3.DEFAULT_SESSION.events.register("provide-client-params.rds", lambda **_: called.append(1))
            boto3.client("rds").describe_export_tasks()
        with fake_rds_export("nightly"):
            boto3.client("rds").describe_export_tasks()
        assert called == [1]

    def test_without_boto3(self, monkeypatch):
        """The fake does not import boto3 unless something has."""
        monkeypatch.delitem(sys.modules, "boto3")
        client = botocore.session.get_session().create_client("rds", "us-east-1")
        with fake_rds_export("nightly") as tasks:
            client.describe_export_tasks()
            assert len(tasks.calls) == 1
            assert "boto3" not in sys.modules

    def test_behaves_like_a_session(self):
        """The default session behaves like any other session."""
        with fake_rds_export(region="eu-west-1"):
            session = boto3.DEFAULT_SESSION
            assert session.region_name == "eu-west-1"
            assert repr(session) == "Session(region_name='eu-west-1')"
            assert copy.copy(session).region_name == "eu-west-1"
            with pytest.raises(AttributeError, match="'Session' object has no attribute 'regionname'"):
                session.regionname  # noqa: B018


@pytest.mark.parametrize("outer", [True, False])
def test_reimported_botocore(botocore_unchanged, outer):
    """A botocore that is imported again is faked, too."""
    for _ in range(2):
        with fake_rds_export() if outer else nullcontext(), patch.dict(sys.modules):
            for name in [name for name in sys.modules if name.split(".")[0] in ("boto3", "botocore")]:
                del sys.modules[name]
            import boto3 as reimported

            with fake_rds_export("nightly") as tasks:
                reimported.client("rds").describe_export_tasks()
                assert len(tasks.calls) == 1


def test_delay_of_a_users_retry_handler(rds_export_tasks, rds_export_client):
    """A delay that a user's retry handler returns is recorded instead of slept."""
    asked = []

    def once_more(**_kwargs):
        asked.append(1)
        return 3600 if len(asked) == 1 else None

    rds_export_client.meta.events.register("needs-retry.rds", once_more)
    rds_export_client.describe_export_tasks()
    assert [call.retry_delays for call in rds_export_tasks.calls] == [[3600]]


@pytest.mark.skipif(botocore.__version__ < "1.35", reason="an unsigned request names its region in the host alone")
def test_a_host_of_ones_own_names_no_region(rds_export_tasks):
    """The region of a request to a host that is not AWS's is that of its signature."""
    client = boto3.client("rds", region_name="eu-west-1", endpoint_url="https://rds.localhost.localstack.cloud:4566")

    client.describe_export_tasks()

    assert [call.region for call in rds_export_tasks.calls] == ["eu-west-1"]


@pytest.mark.parametrize("region", ["local", "US-EAST-1"])
@pytest.mark.skipif(botocore.__version__ < "1.35", reason="an unsigned request names its region in the host alone")
def test_unusual_region(rds_export_tasks, region):
    """A client of any region that botocore accepts is handled."""
    client = boto3.client("rds", region_name=region, endpoint_url="http://localhost:4566")
    assert client.describe_export_tasks()["ExportTasks"] == []
    assert [call.region for call in rds_export_tasks.calls] == [region]


def test_unusual_region_in_the_environment(monkeypatch):
    """The environment may name any region."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "local")
    with fake_rds_export() as tasks:
        assert tasks.region == "local"


def test_call_inside_a_handler(rds_export_tasks, rds_export_client):
    """A call inside a request-created handler does not change the region of the outer call."""
    rds_export_tasks.seed("nightly")
    other = boto3.client("rds", region_name="eu-west-1")
    rds_export_client.meta.events.register("request-created.rds", lambda **_: other.describe_export_tasks() and None)

    rds_export_client.cancel_export_task(ExportTaskIdentifier="nightly")

    regions = {call.operation: call.region for call in rds_export_tasks.calls}
    assert regions == {"DescribeExportTasks": "eu-west-1", "CancelExportTask": "us-east-1"}


def test_stubber_sees_unchanged_parameters(rds_export_client):
    """The Stubber of botocore sees the parameters that the caller passed."""
    given = {"SourceDBSnapshotIdentifier": "a", "TargetDBSnapshotIdentifier": "b", "SourceRegion": "eu-west-1"}
    with Stubber(rds_export_client) as stubber:
        stubber.add_response("copy_db_snapshot", {}, given)
        rds_export_client.copy_db_snapshot(**given)
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize("arguments", ["", ", indirect=False", ", indirect=[]"])
def test_parametrize_without_indirect(pytester, arguments):
    """A parametrize of rds_export_failure without indirect=True is an error that says so."""
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
def test_forms_of_indirect(pytester, indirect):
    """The argument indirect may be True or a list with the name."""
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
def test_failure_without_a_message(rds_export_tasks, rds_export_client, failure):
    """A failure without a message has its name as the message."""
    rds_export_tasks.inject(failure)
    with pytest.raises(ClientError) as caught:
        rds_export_client.cancel_export_task(ExportTaskIdentifier="nightly")
    assert caught.value.response["Error"]["Message"] == "Foo"


def test_infinite_sleep(rds_export_clock):
    """An infinite asyncio.sleep does not move the clock."""

    async def main():
        endless = asyncio.create_task(asyncio.sleep(math.inf))
        await asyncio.sleep(1)
        endless.cancel()
        with pytest.raises(asyncio.CancelledError):
            await endless

    start = rds_export_clock.now
    asyncio.run(main())
    assert (rds_export_clock.now - start).total_seconds() == 1


def test_unusual_sleeps(rds_export_clock):
    """A sleep may be any real number; a huge one is refused instead of overflowing."""
    from pytest_rds_export import SleepLimitExceeded

    start = rds_export_clock.now
    asyncio.run(asyncio.sleep(Fraction(1, 2)))
    assert (rds_export_clock.now - start).total_seconds() == 0.5
    with pytest.raises(SleepLimitExceeded):
        asyncio.run(asyncio.sleep(1e300))


SNAPSHOT_A = "arn:aws:rds:us-east-1:123456789012:snapshot:a"
STATUSES = (
    "'available', 'copying', 'creating', 'deleted', 'deleting', 'failed', 'incompatible-parameters', "
    "'incompatible-restore', 'unavailable' or 'upgrading'"
)


@pytest.mark.parametrize(
    ("fields", "error", "text"),
    [
        ({"status": ""}, ValueError, f"unknown status ''. Use one of {STATUSES}"),
        ({"status": ["available"]}, ValueError, "status must be a string, got list ['available']"),
        ({"percent_progress": 101}, ValueError, "percent_progress must be an int from 0 to 100, got 101"),
        (
            {"tag_list": [{"Key": 1}]},
            ValueError,
            (
                "not a valid DBSnapshot: Invalid type for parameter TagList[0].Key, value: 1, type: <class 'int'>, "
                "valid types: <class 'str'>"
            ),
        ),
        (
            {"db_snapshot_identifier": "b"},
            TypeError,
            f"'b' cannot be the DBSnapshotIdentifier of '{SNAPSHOT_A}': a source keeps its name",
        ),
    ],
)
def test_wrong_snapshot(rds_export_tasks, fields, error, text):
    """A wrong field of a snapshot is refused, and nothing is seeded."""
    with raises_exactly(error, text):
        rds_export_tasks.seed_snapshot("a", **fields)
    assert rds_export_tasks.seed_snapshot("a").status == "available"


def test_seed_fixture_that_returns_none(pytester):
    """An rds_export_seed fixture that returns None is an error that names the fixture."""
    pytester.makeconftest("import pytest\n@pytest.fixture\ndef rds_export_seed(): ['nightly']")
    result = run(pytester, "def test_it(rds_export_tasks): pass")
    result.assert_outcomes(errors=1)
    assert lines_after(result, "ERROR at setup of test_it") == [
        "fixture rds_export_seed: it must return seeds, such as a list, got None"
    ]


def test_exhausted_stub(rds_export_tasks, rds_export_client):
    """A stub that raises StopIteration is reported as an error."""
    rds_export_tasks.stub("DescribeDBInstances", lambda _: next(iter([])))
    with pytest.raises(RuntimeError, match="raised StopIteration"):
        rds_export_client.describe_db_instances()
    assert rds_export_tasks.calls[-1].error_code == "RuntimeError"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_mark(rds_export_tasks, tmp_path, encoding):
    """A seed file may begin with a byte order mark."""
    path = tmp_path / "tasks.json"
    path.write_text('{"ExportTasks": [{"ExportTaskIdentifier": "nightly"}]}', encoding=encoding)
    assert [task.identifier for task in rds_export_tasks.seed_all([path])] == ["nightly"]


def test_deeply_nested_file(rds_export_tasks, tmp_path):
    """A seed file that is nested too deeply is refused."""
    path = tmp_path / "tasks.json"
    path.write_text("[" * 200_000)
    with pytest.raises(ValueError, match="is not JSON"):
        rds_export_tasks.seed_all([path])


def test_error_without_a_code(rds_export_tasks, rds_export_client, before_send):
    """An error of another handler without a code is recorded by its status."""
    rds_export_client.meta.events.register("before-send.rds", before_send(b"<R></R>", status=404))
    with pytest.raises(ClientError):
        rds_export_client.describe_db_clusters()
    (call,) = rds_export_tasks.calls
    assert (call.http_status, call.error_code, call.response) == (404, "404", None)


def test_presigned_url(rds_export_tasks, rds_export_client):
    """A URL can be presigned, and is not a call."""
    url = rds_export_client.generate_presigned_url("describe_export_tasks")
    assert url.startswith("https://rds.us-east-1.amazonaws.com/?Action=DescribeExportTasks")
    assert "X-Amz-Signature=" in url
    assert rds_export_tasks.calls == []


def test_module_named_time_machine(monkeypatch):
    """A module of the user may be named time_machine."""
    monkeypatch.setitem(sys.modules, "time_machine", type(sys)("time_machine"))
    with fake_rds_export("nightly") as tasks:
        assert tasks["nightly"].status == "IN_PROGRESS"
