"""Which clients are answered, by whom, and what botocore is afterwards."""

import threading
from contextlib import suppress

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.hooks import HierarchicalEmitter

from _leftovers import differences, held_by_botocore
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
def test_every_kind_of_client_is_answered(make, rds_export_tasks):
    task = rds_export_tasks.seed("nightly")

    assert make().cancel_export_task(ExportTaskIdentifier="nightly")["Status"] == "CANCELING"
    assert task.status == "CANCELING"


def test_a_client_made_before_the_fixture_is_answered(client, rds_export_tasks):
    rds_export_tasks.seed("nightly")

    assert client.cancel_export_task(ExportTaskIdentifier="nightly")["Status"] == "CANCELING"


def test_a_client_made_and_used_in_another_thread_is_answered(rds_export_tasks):
    rds_export_tasks.seed("nightly")
    answers = []

    def cancel():
        answers.append(boto3.Session().client("rds").cancel_export_task(ExportTaskIdentifier="nightly"))

    thread = threading.Thread(target=cancel)
    thread.start()
    thread.join()
    assert [answer["Status"] for answer in answers] == ["CANCELING"]


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-iso-east-1", "aws-iso")],
)
def test_a_client_of_any_region_and_partition_sees_the_tasks_of_its_own_region(region, partition, rds_export_tasks):
    rds_export_tasks.seed("nightly")
    rds_export_tasks.in_region(region).seed("nightly", status="COMPLETE")

    (task,) = boto3.client("rds", region).describe_export_tasks()["ExportTasks"]

    assert task["SourceArn"] == f"arn:{partition}:rds:{region}:123456789012:snapshot:nightly"
    assert task["Status"] == "COMPLETE"
    assert rds_export_tasks.calls[0].region == region


def test_the_innermost_of_nested_uses_answers(client):
    with fake_rds_export("outer"):
        with fake_rds_export("inner"):
            assert _identifiers(client) == ["inner"]
        assert _identifiers(client) == ["outer"]


def test_of_overlapping_uses_the_one_that_goes_on_answers(client, botocore_unchanged):
    first, second = fake_rds_export("first"), fake_rds_export("second")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert _identifiers(client) == ["second"]
    second.__exit__(None, None, None)


def test_a_use_that_begins_in_the_middle_of_a_call_does_not_count_it(client, botocore_unchanged):
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
def test_botocore_is_the_same_after_an_error(error, client, botocore_unchanged):
    def use():
        with fake_rds_export("nightly"):
            client.cancel_export_task(ExportTaskIdentifier="nightly")
            raise error

    with pytest.raises(error):
        use()


def test_botocore_is_the_same_after_success(client, botocore_unchanged):
    with fake_rds_export("nightly"):
        client.cancel_export_task(ExportTaskIdentifier="nightly")


def test_botocore_is_the_same_after_a_seed_that_was_refused(botocore_unchanged):
    with pytest.raises(ValueError, match="no identifier"), fake_rds_export("9"):
        pytest.fail("it was entered")  # pragma: no cover


def test_while_it_answers_one_object_of_botocore_is_another():
    before = held_by_botocore()
    with fake_rds_export():
        during = held_by_botocore()
    assert {where[1:] for where in differences(before, during)} == {("HierarchicalEmitter", "emit")}


_SEAM = (
    "pytest-rds-export answers RDS clients at botocore.hooks.{seam}, which botocore {version} does not have; use a "
    "botocore that is supported, or report it"
)


@pytest.mark.parametrize("emit", [None, lambda self: None, classmethod(lambda cls, event_name, **kwargs: None)])
def test_a_botocore_without_the_emitter_is_refused_at_once(emit, monkeypatch):
    monkeypatch.setattr(HierarchicalEmitter, "emit", emit)

    with pytest.raises(RuntimeError) as refusal, fake_rds_export():
        pytest.fail("it was entered")  # pragma: no cover

    seam = "HierarchicalEmitter.emit(self, event_name, **kwargs)"
    assert str(refusal.value) == _SEAM.format(seam=seam, version=botocore.__version__)
    assert vars(HierarchicalEmitter)["emit"] is emit


@pytest.mark.parametrize("missing", ["_lookup_cache", "_handlers"])
def test_a_botocore_without_the_list_of_handlers_is_refused_at_once(missing, monkeypatch):
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
    ("service", "operation", "body", "answer"),
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
def test_another_service_is_left_alone(service, operation, body, answer, rds_export_tasks, before_send):
    rds_export_tasks.seed("nightly")
    rds_export_tasks.stub("DescribeDBClusters", {"DBClusters": []})
    client = boto3.client(service)
    client.meta.events.register("before-send", before_send(body))

    response = getattr(client, operation)()

    del response["ResponseMetadata"]
    assert response == answer
    assert rds_export_tasks.calls == []


def test_a_users_handler_is_called_and_its_answer_to_an_export_call_ignored(rds_export_tasks, before_send, client):
    rds_export_tasks.seed("nightly")
    handler = before_send(b"<R><CancelExportTaskResult><Status>FAILED</Status></CancelExportTaskResult></R>")
    client.meta.events.register("before-send.rds.CancelExportTask", handler)

    assert client.cancel_export_task(ExportTaskIdentifier="nightly")["Status"] == "CANCELING"
    assert len(handler.requests) == 1


def test_a_users_handler_that_raises_at_an_export_call_is_heard(rds_export_tasks, client):
    task = rds_export_tasks.seed("nightly")

    def spy(request, **kwargs):
        raise AssertionError("not this one")

    client.meta.events.register("before-send.rds", spy)

    with pytest.raises(AssertionError, match="not this one"):
        client.cancel_export_task(ExportTaskIdentifier="nightly")
    assert task.status == "IN_PROGRESS"
    assert rds_export_tasks.calls[0].error_code == "AssertionError"


def test_a_users_handler_answers_another_operation_and_the_first_of_several_counts(
    rds_export_tasks, before_send, client
):
    body = "<R><DescribeCertificatesResult><Marker>{}</Marker></DescribeCertificatesResult></R>"
    handlers = [before_send(), before_send(body.format(1).encode()), before_send(body.format(2).encode())]
    for handler in handlers:
        client.meta.events.register("before-send.rds.DescribeCertificates", handler)

    assert client.describe_certificates()["Marker"] == "1"
    assert [len(handler.requests) for handler in handlers] == [1, 1, 1]
    assert rds_export_tasks.unanswered == []


def test_a_stub_comes_before_a_users_handler(rds_export_tasks, before_send, client):
    handler = before_send(b"<R><DescribeCertificatesResult><Marker>handler</Marker></DescribeCertificatesResult></R>")
    client.meta.events.register("before-send.rds.DescribeCertificates", handler)
    rds_export_tasks.stub("DescribeCertificates", {"Marker": "stub"})

    assert client.describe_certificates()["Marker"] == "stub"


def test_an_injected_failure_comes_before_a_users_handler_and_a_stub(rds_export_tasks, before_send, client):
    client.meta.events.register("before-send.rds.DescribeCertificates", before_send(b"<R/>"))
    rds_export_tasks.stub("DescribeCertificates", {"Marker": "stub"})

    with (
        rds_export_tasks.inject("AccessDenied", operation="DescribeCertificates"),
        pytest.raises(ClientError, match=r"\(AccessDenied\)"),
    ):
        client.describe_certificates()


def test_an_applied_failure_hides_the_answer_of_a_users_handler(rds_export_tasks, before_send, client):
    handler = before_send(b"<R><DescribeCertificatesResult/></R>")
    client.meta.events.register("before-send.rds.DescribeCertificates", handler)
    rds_export_tasks.inject("AccessDenied", operation="DescribeCertificates", applied=True)

    with pytest.raises(ClientError, match=r"\(AccessDenied\)"):
        client.describe_certificates()
    assert len(handler.requests) == 1


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_an_operation_that_nobody_answers_raises_at_once_and_is_noted(mode, rds_export_tasks):
    client = boto3.client("rds", config=Config(retries={"mode": mode}))

    with pytest.raises(UnansweredOperation) as error:
        client.describe_db_instances()

    assert str(error.value) == (
        "nobody answers DescribeDBInstances; answered here: CancelExportTask, StartExportTask, DescribeExportTasks, "
        "DescribeEvents. Nothing was sent to AWS. Ways out: rds_export_tasks.stub('DescribeDBInstances', response); "
        "moto beside this plugin (mock_aws); a 'before-send.rds.DescribeDBInstances' handler of your own"
    )
    (call,) = rds_export_tasks.unanswered
    assert (call.operation, call.attempts, call.error_code) == ("DescribeDBInstances", 1, "UnansweredOperation")
    rds_export_tasks.unanswered.clear()


@pytest.mark.parametrize("operation", ["describe_db_snapshots", "describe_db_cluster_snapshots"])
def test_snapshots_that_nobody_seeded_may_be_seeded(operation, rds_export_tasks, client):
    with pytest.raises(UnansweredOperation, match=r"Ways out: rds_export_tasks\.seed_snapshot\(name\); "):
        getattr(client, operation)()
    rds_export_tasks.unanswered.clear()


def test_an_unanswered_operation_that_is_sent_again_is_noted_once(rds_export_tasks):
    client = boto3.client("rds", config=Config(retries={"mode": "standard"}))
    client.meta.events.register("needs-retry.rds", lambda attempts, **_: 0 if attempts == 1 else None)

    with pytest.raises(UnansweredOperation):
        client.describe_db_instances()

    assert [call.attempts for call in rds_export_tasks.unanswered] == [2]
    rds_export_tasks.unanswered.clear()


def test_an_unanswered_operation_is_told_again_where_the_code_swallowed_it(client):
    def swallowing():
        with fake_rds_export(), suppress(Exception):
            client.describe_db_instances()

    with pytest.raises(AssertionError) as complaint:
        swallowing()
    assert str(complaint.value) == (
        "DescribeDBInstances was called in us-east-1 and nobody answered; stub it, put moto beside, or allow it with "
        "assert_all_answered=False or unanswered.clear()"
    )


def _identifiers(client):
    return [task["ExportTaskIdentifier"] for task in client.describe_export_tasks()["ExportTasks"]]
