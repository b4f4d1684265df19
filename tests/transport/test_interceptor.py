"""Which clients are handled, what takes precedence, and that botocore is unchanged afterwards."""

import threading
from contextlib import suppress

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.hooks import HierarchicalEmitter

from helpers.aws import raises_exactly
from helpers.leftovers import differences, held_by_botocore
from pytest_rds_export import UnansweredOperation, fake_rds_export

AT_MODULE_LEVEL = boto3.client("rds", "us-east-1", aws_access_key_id="AKIA", aws_secret_access_key="secret")

CLIENTS = {
    "made at module level": lambda: AT_MODULE_LEVEL,
    "of the default session": lambda: boto3.client("rds"),
    "of a boto3 session": lambda: boto3.Session().client("rds"),
    "of a botocore session": lambda: botocore.session.Session().create_client("rds"),
    "of a resource's session with a region": lambda: boto3.Session(region_name="us-east-1").client("rds"),
    "with an endpoint_url": lambda: boto3.client("rds", endpoint_url="http://localhost:4566"),
    "for FIPS": lambda: boto3.client("rds", config=Config(use_fips_endpoint=True)),
    "of the legacy retry mode": lambda: boto3.client("rds", config=Config(retries={"mode": "legacy"})),
    "of the adaptive retry mode": lambda: boto3.client("rds", config=Config(retries={"mode": "adaptive"})),
}


@pytest.fixture
def client():
    """A client that was made before the fake."""
    return boto3.client("rds", "us-east-1")


@pytest.mark.parametrize("make", CLIENTS.values(), ids=CLIENTS)
def test_every_kind_of_client(make, rds_export_tasks):
    """Clients made in any way are handled."""
    task = rds_export_tasks.seed("nightly")

    assert make().cancel_export_task(ExportTaskIdentifier="nightly")["Status"] == "CANCELING"
    assert task.status == "CANCELING"


def test_client_made_before_the_fixture(client, rds_export_tasks):
    """A client that was made before the fixture is handled."""
    rds_export_tasks.seed("nightly")

    assert client.cancel_export_task(ExportTaskIdentifier="nightly")["Status"] == "CANCELING"


def test_client_of_another_thread(rds_export_tasks):
    """A client that is made and used in another thread is handled."""
    rds_export_tasks.seed("nightly")
    responses = []

    def cancel():
        responses.append(boto3.Session().client("rds").cancel_export_task(ExportTaskIdentifier="nightly"))

    thread = threading.Thread(target=cancel)
    thread.start()
    thread.join()
    assert [response["Status"] for response in responses] == ["CANCELING"]


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-iso-east-1", "aws-iso")],
)
def test_regions_and_partitions(region, partition, rds_export_tasks):
    """A client sees the tasks of its own region, in any partition."""
    rds_export_tasks.seed("nightly")
    rds_export_tasks.in_region(region).seed("nightly", status="COMPLETE")

    (task,) = boto3.client("rds", region).describe_export_tasks()["ExportTasks"]

    assert task["SourceArn"] == f"arn:{partition}:rds:{region}:123456789012:snapshot:nightly"
    assert task["Status"] == "COMPLETE"
    assert rds_export_tasks.calls[0].region == region


def test_nested_uses(client):
    """The innermost of nested uses responds."""
    with fake_rds_export("outer"):
        with fake_rds_export("inner"):
            assert _identifiers(client) == ["inner"]
        assert _identifiers(client) == ["outer"]


def test_overlapping_uses(client, botocore_unchanged):
    """Of overlapping uses the one that is still active responds."""
    first, second = fake_rds_export("first"), fake_rds_export("second")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert _identifiers(client) == ["second"]
    second.__exit__(None, None, None)


def test_use_that_begins_during_a_call(client, botocore_unchanged):
    """A use that begins during a call does not record that call."""
    inner = fake_rds_export()
    entered = []
    client.meta.events.register("response-received.rds", lambda **_: entered.append(inner.__enter__()))

    with fake_rds_export() as outer:
        with pytest.raises(client.exceptions.ExportTaskNotFoundFault):
            client.cancel_export_task(ExportTaskIdentifier="nightly")
        inner.__exit__(None, None, None)

    assert [registry.calls for registry in entered] == [[]]
    assert [call.error_code for call in outer.calls] == ["ExportTaskNotFound"]


@pytest.mark.parametrize("error", [AssertionError, RuntimeError, KeyboardInterrupt, SystemExit])
def test_botocore_is_unchanged_after_an_error(error, client, botocore_unchanged):
    """The objects of botocore are unchanged after an error of the block."""

    def use():
        with fake_rds_export("nightly"):
            client.cancel_export_task(ExportTaskIdentifier="nightly")
            raise error

    with pytest.raises(error):
        use()


def test_botocore_is_unchanged_after_success(client, botocore_unchanged):
    """The objects of botocore are unchanged after the block."""
    with fake_rds_export("nightly"):
        client.cancel_export_task(ExportTaskIdentifier="nightly")


def test_botocore_is_unchanged_after_a_wrong_seed(botocore_unchanged):
    """The objects of botocore are unchanged after a seed was refused."""
    text = (
        "identifier must be at most 60 ASCII letters, digits and single hyphens, with a letter first and no hyphen "
        "last, got '9'"
    )
    with raises_exactly(ValueError, text), fake_rds_export("9"):
        pytest.fail("it was entered")  # pragma: no cover


def test_one_attribute_is_patched():
    """During a use exactly one attribute of botocore is patched."""
    before = held_by_botocore()
    with fake_rds_export():
        during = held_by_botocore()
    assert {where[1:] for where in differences(before, during)} == {("HierarchicalEmitter", "emit")}


_SEAM = (
    "pytest-rds-export needs botocore.hooks.{seam}, which botocore {version} does not have. "
    "Use a supported version of botocore, or report it"
)


@pytest.mark.parametrize("emit", [None, lambda self: None, classmethod(lambda cls, event_name, **kwargs: None)])
def test_botocore_without_the_emitter(emit, monkeypatch):
    """A botocore without the expected emitter is refused at once."""
    monkeypatch.setattr(HierarchicalEmitter, "emit", emit)

    with pytest.raises(RuntimeError) as refusal, fake_rds_export():
        pytest.fail("it was entered")  # pragma: no cover

    seam = "HierarchicalEmitter.emit(self, event_name, **kwargs)"
    assert str(refusal.value) == _SEAM.format(seam=seam, version=botocore.__version__)
    assert vars(HierarchicalEmitter)["emit"] is emit


@pytest.mark.parametrize("missing", ["_lookup_cache", "_handlers"])
def test_botocore_without_the_list_of_handlers(missing, monkeypatch):
    """A botocore without the expected list of handlers is refused at once."""

    def emit(self, event_name, **kwargs): ...

    def init(self):
        self._lookup_cache, self._handlers = {}, {}
        delattr(self, missing)

    monkeypatch.setattr(HierarchicalEmitter, "emit", emit)
    monkeypatch.setattr(HierarchicalEmitter, "__init__", init)

    with pytest.raises(RuntimeError) as refusal, fake_rds_export():
        pytest.fail("it was entered")  # pragma: no cover

    seam = "HierarchicalEmitter._handlers.prefix_search"
    assert str(refusal.value) == _SEAM.format(seam=seam, version=botocore.__version__)
    assert vars(HierarchicalEmitter)["emit"] is emit


_CLUSTERS = (
    b"<R><DescribeDBClustersResult><DBClusters><DBCluster><Engine>other</Engine></DBCluster></DBClusters>"
    b"</DescribeDBClustersResult></R>"
)


@pytest.mark.parametrize(
    ("service", "operation", "body", "expected"),
    [
        (
            "ec2",
            "describe_export_tasks",
            b"<R><exportTaskSet><item><exportTaskId>other</exportTaskId></item></exportTaskSet></R>",
            {"ExportTasks": [{"ExportTaskId": "other"}]},
        ),
        ("logs", "describe_export_tasks", b'{"exportTasks": [{"taskId": "e"}]}', {"exportTasks": [{"taskId": "e"}]}),
        ("neptune", "describe_db_clusters", _CLUSTERS, {"DBClusters": [{"Engine": "other"}]}),
        ("docdb", "describe_db_clusters", _CLUSTERS, {"DBClusters": [{"Engine": "other"}]}),
    ],
)
def test_other_services(service, operation, body, expected, rds_export_tasks, before_send):
    """Clients of other services are not affected."""
    rds_export_tasks.seed("nightly")
    rds_export_tasks.stub("DescribeDBClusters", {"DBClusters": []})
    client = boto3.client(service)
    client.meta.events.register("before-send", before_send(body))

    response = getattr(client, operation)()

    del response["ResponseMetadata"]
    assert response == expected
    assert rds_export_tasks.calls == []


def test_users_handler_of_an_export_call(rds_export_tasks, before_send, client):
    """A user's handler sees an export call, but its response is ignored."""
    rds_export_tasks.seed("nightly")
    handler = before_send(b"<R><CancelExportTaskResult><Status>FAILED</Status></CancelExportTaskResult></R>")
    client.meta.events.register("before-send.rds.CancelExportTask", handler)

    assert client.cancel_export_task(ExportTaskIdentifier="nightly")["Status"] == "CANCELING"
    assert len(handler.requests) == 1


def test_users_handler_that_raises(rds_export_tasks, client):
    """An exception of a user's handler reaches the caller of an export operation."""
    task = rds_export_tasks.seed("nightly")

    def spy(request, **kwargs):
        raise AssertionError("not this one")

    client.meta.events.register("before-send.rds", spy)

    with pytest.raises(AssertionError, match="not this one"):
        client.cancel_export_task(ExportTaskIdentifier="nightly")
    assert task.status == "IN_PROGRESS"
    assert rds_export_tasks.calls[0].error_code == "AssertionError"


def test_users_handlers_of_another_operation(rds_export_tasks, before_send, client):
    """Of several user's handlers of another operation the first response counts."""
    body = "<R><DescribeCertificatesResult><Marker>{}</Marker></DescribeCertificatesResult></R>"
    handlers = [before_send(), before_send(body.format(1).encode()), before_send(body.format(2).encode())]
    for handler in handlers:
        client.meta.events.register("before-send.rds.DescribeCertificates", handler)

    assert client.describe_certificates()["Marker"] == "1"
    assert [len(handler.requests) for handler in handlers] == [1, 1, 1]
    assert rds_export_tasks.unanswered == []


def test_stub_before_a_users_handler(rds_export_tasks, before_send, client):
    """A stub takes precedence over a user's handler."""
    handler = before_send(b"<R><DescribeCertificatesResult><Marker>handler</Marker></DescribeCertificatesResult></R>")
    client.meta.events.register("before-send.rds.DescribeCertificates", handler)
    rds_export_tasks.stub("DescribeCertificates", {"Marker": "stub"})

    assert client.describe_certificates()["Marker"] == "stub"


def test_injected_failure_before_handler_and_stub(rds_export_tasks, before_send, client):
    """An injected failure takes precedence over a user's handler and a stub."""
    client.meta.events.register("before-send.rds.DescribeCertificates", before_send(b"<R/>"))
    rds_export_tasks.stub("DescribeCertificates", {"Marker": "stub"})

    with (
        rds_export_tasks.inject("AccessDenied", operation="DescribeCertificates"),
        pytest.raises(ClientError, match=r"\(AccessDenied\)"),
    ):
        client.describe_certificates()


def test_applied_failure_with_a_users_handler(rds_export_tasks, before_send, client):
    """A failure with applied=True calls the user's handler and loses its response."""
    handler = before_send(b"<R><DescribeCertificatesResult/></R>")
    client.meta.events.register("before-send.rds.DescribeCertificates", handler)
    rds_export_tasks.inject("AccessDenied", operation="DescribeCertificates", applied=True)

    with pytest.raises(ClientError, match=r"\(AccessDenied\)"):
        client.describe_certificates()
    assert len(handler.requests) == 1


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_unhandled_operation(mode, rds_export_tasks):
    """An operation without a handler raises at once, and is recorded."""
    client = boto3.client("rds", config=Config(retries={"mode": mode}))

    with pytest.raises(UnansweredOperation) as error:
        client.describe_db_instances()

    assert str(error.value) == (
        "no handler for DescribeDBInstances, so nothing was sent. These have handlers: 'CancelExportTask', "
        "'StartExportTask', 'DescribeExportTasks' and 'DescribeEvents'. To handle it:\n"
        "  - give it a response: rds_export_tasks.stub('DescribeDBInstances', {...})\n"
        "  - use moto alongside: @mock_aws\n"
        "  - register a handler for before-send.rds.DescribeDBInstances"
    )
    (call,) = rds_export_tasks.unanswered
    assert (call.operation, call.attempts, call.error_code) == ("DescribeDBInstances", 1, "UnansweredOperation")
    rds_export_tasks.unanswered.clear()


def test_handled_now(rds_export_tasks, client):
    """The error lists what has a handler now: also the operations of seeded snapshots of the region, and stubs."""
    rds_export_tasks.seed_snapshot("nightly")
    rds_export_tasks.stub("DescribeDBClusters", {"DBClusters": []})

    with pytest.raises(
        UnansweredOperation,
        match="These have handlers: 'CancelExportTask', 'StartExportTask', 'DescribeExportTasks', 'DescribeEvents', "
        "'DescribeDBSnapshots', 'DescribeDBClusterSnapshots' and 'DescribeDBClusters'",
    ):
        client.describe_db_instances()
    with pytest.raises(UnansweredOperation, match="'DescribeEvents' and 'DescribeDBClusters'"):
        boto3.client("rds", "eu-west-1").describe_db_instances()
    rds_export_tasks.unanswered.clear()


@pytest.mark.parametrize("operation", ["describe_db_snapshots", "describe_db_cluster_snapshots"])
def test_unhandled_snapshot_operation(operation, rds_export_tasks, client):
    """Without seeded snapshots, the error suggests to seed one."""
    with pytest.raises(
        UnansweredOperation,
        match=r"To handle it:\n  - seed a snapshot: rds_export_tasks\.seed_snapshot\('nightly'\)\n",
    ):
        getattr(client, operation)()
    rds_export_tasks.unanswered.clear()


def test_retried_unhandled_operation(rds_export_tasks):
    """An unhandled operation that is retried is recorded once."""
    client = boto3.client("rds", config=Config(retries={"mode": "standard"}))
    client.meta.events.register("needs-retry.rds", lambda attempts, **_: 0 if attempts == 1 else None)

    with pytest.raises(UnansweredOperation):
        client.describe_db_instances()

    assert [call.attempts for call in rds_export_tasks.unanswered] == [2]
    rds_export_tasks.unanswered.clear()


def test_swallowed_unhandled_operation(client):
    """An unhandled operation is reported at the exit if the code swallowed the error."""

    def swallowing():
        with fake_rds_export(), suppress(Exception):
            client.describe_db_instances()

    with pytest.raises(AssertionError) as complaint:
        swallowing()
    assert str(complaint.value) == (
        "no handler for DescribeDBInstances, called 1 time in us-east-1. Do one of these:\n"
        "  - give it a response: rds_export_tasks.stub('DescribeDBInstances', {...})\n"
        "  - use moto alongside: @mock_aws\n"
        "  - register a handler for before-send.rds.DescribeDBInstances\n"
        "  - allow it: assert_all_answered=False, or unanswered.clear()"
    )


def _identifiers(client):
    return [task["ExportTaskIdentifier"] for task in client.describe_export_tasks()["ExportTasks"]]
