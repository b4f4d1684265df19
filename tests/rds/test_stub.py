"""Stubs: responses of the other operations of RDS, checked against the service model."""

import re

import pytest
from botocore.exceptions import ClientError

from helpers.calls import without_metadata
from helpers.errors import raises_exactly, refused
from pytest_rds_export.exceptions import UnhandledOperation


@pytest.fixture
def describe(client):
    """Call DescribeDBInstances."""

    def call(**parameters):
        return without_metadata(client.describe_db_instances(**parameters))

    return call


NOT_VALID = "not a valid response of DescribeDBInstances: "
INSTANCES = {"DBInstances": [{"DBInstanceIdentifier": "orders", "AllocatedStorage": 20, "MultiAZ": True}]}


@pytest.mark.parametrize("metadata", [{}, {"ResponseMetadata": {"HTTPStatusCode": 200}}])
def test_mapping(rds_export_tasks, describe, metadata):
    """A mapping is the response of every call, in place of an earlier stub. Recorded ResponseMetadata is ignored."""
    rds_export_tasks.stub("DescribeDBInstances", {"DBInstances": []})
    rds_export_tasks.stub("DescribeDBInstances", {**INSTANCES, **metadata})

    assert [describe(), describe(DBInstanceIdentifier="orders")] == [INSTANCES, INSTANCES]


def test_callable(rds_export_tasks, describe):
    """A callable gets the parameters and returns the response."""
    rds_export_tasks.stub(
        "DescribeDBInstances",
        lambda parameters: {"DBInstances": [{"DBInstanceIdentifier": parameters["DBInstanceIdentifier"]}]},
    )

    assert describe(DBInstanceIdentifier="ledger") == {"DBInstances": [{"DBInstanceIdentifier": "ledger"}]}


def test_reused_response(rds_export_tasks, describe):
    """The response of a recorded call stays as it was when its object changes for the next call."""
    instance = {"DBInstanceStatus": "creating"}
    rds_export_tasks.stub("DescribeDBInstances", lambda parameters: {"DBInstances": [instance]})
    describe()
    instance["DBInstanceStatus"] = "available"
    describe()

    responses = [call.response["DBInstances"] for call in rds_export_tasks.calls]
    assert responses == [[{"DBInstanceStatus": "creating"}], [{"DBInstanceStatus": "available"}]]


def test_changed_parameters(rds_export_tasks, describe):
    """What a callable does to its parameters does not change the recorded call."""

    def respond(parameters):
        parameters["Filters"][0]["Values"].clear()
        return {"DBInstances": []}

    rds_export_tasks.stub("DescribeDBInstances", respond)
    filters = [{"Name": "engine", "Values": ["mysql"]}]
    describe(Filters=filters)

    assert rds_export_tasks.calls[0].parameters == {"Filters": filters}


def test_client_error_of_a_callable(rds_export_tasks, describe):
    """A ClientError of a callable reaches the client as a fault."""

    def respond(parameters):
        error = {"Code": "DBInstanceNotFound", "Message": "DBInstance orders not found."}
        raise ClientError({"Error": error}, "DescribeDBInstances")

    rds_export_tasks.stub("DescribeDBInstances", respond)

    with refused("DBInstanceNotFound", 404, "DBInstance orders not found."):
        describe()
    assert rds_export_tasks.calls[0].error_code == "DBInstanceNotFound"


@pytest.mark.parametrize(
    ("raised", "error", "text"),
    [
        (LookupError("no such fixture"), LookupError, "^no such fixture$"),
        (StopIteration(), RuntimeError, "raised StopIteration"),
    ],
)
def test_exception_of_a_callable(rds_export_tasks, describe, raised, error, text):
    """Another exception of a callable reaches the caller, a StopIteration as an error."""

    def respond(parameters):
        raise raised

    rds_export_tasks.stub("DescribeDBInstances", respond)

    with pytest.raises(error, match=text):
        describe()
    assert [call.error_code for call in rds_export_tasks.calls] == [error.__name__]


def test_operation_without_output(rds_export_tasks, client):
    """An operation without output can be stubbed with an empty mapping only."""
    with raises_exactly(ValueError, "the response of AddTagsToResource must be empty, got {'Tags': []}"):
        rds_export_tasks.stub("AddTagsToResource", {"Tags": []})
    rds_export_tasks.stub("AddTagsToResource", {})

    tags = {"ResourceName": "arn:aws:rds:us-east-1:123456789012:db:orders", "Tags": [{"Key": "a", "Value": "b"}]}
    assert without_metadata(client.add_tags_to_resource(**tags)) == {}
    assert rds_export_tasks.calls[0].parameters == tags


def test_stub_before_seeded_snapshots(rds_export_tasks, client):
    """A stub takes precedence over seeded snapshots."""
    rds_export_tasks.seed_snapshot("nightly")
    rds_export_tasks.stub("DescribeDBSnapshots", {"DBSnapshots": []})

    assert client.describe_db_snapshots()["DBSnapshots"] == []


@pytest.mark.parametrize("operation", ["StartExportTask", "CancelExportTask", "DescribeExportTasks", "DescribeEvents"])
def test_handled_operations_cannot_be_stubbed(rds_export_tasks, operation):
    """The operations that the registry handles cannot be stubbed."""
    with raises_exactly(
        ValueError, f"{operation} cannot be stubbed: it is always handled. Seed a task, inject a failure or override it"
    ):
        rds_export_tasks.stub(operation, {})


@pytest.mark.parametrize(
    ("response", "text"),
    [
        (
            {"DBInstances": [{"DBInstanceIdentifer": "orders"}]},
            f'{NOT_VALID}Unknown parameter in DBInstances[0]: "DBInstanceIdentifer"',
        ),
        (
            {"DBInstances": [{"AllocatedStorage": "20"}]},
            f"{NOT_VALID}Invalid type for parameter DBInstances[0].AllocatedStorage,",
        ),
        (
            {"DBInstances": [{"Engine": None}]},
            f"{NOT_VALID}Invalid type for parameter DBInstances[0].Engine, value: None,",
        ),
        ({"Instances": []}, f'{NOT_VALID}Unknown parameter in input: "Instances", must be one'),
        (None, "the response of DescribeDBInstances must be a mapping in the API's shape, got None"),
        ([], "the response of DescribeDBInstances must be a mapping in the API's shape, got list []"),
    ],
)
def test_wrong_response(rds_export_tasks, describe, response, text):
    """What the service model does not allow is refused: a mapping at once, the result of a callable at the call."""
    with pytest.raises(ValueError, match=f"^{re.escape(text)}"):
        rds_export_tasks.stub("DescribeDBInstances", response)
    with pytest.raises(UnhandledOperation):
        describe()
    rds_export_tasks.unhandled.clear()

    rds_export_tasks.stub("DescribeDBInstances", lambda parameters: response)
    with pytest.raises(ValueError, match=f"^{re.escape(text)}"):
        describe()
