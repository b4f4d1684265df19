"""Stubs: answers for the other operations of RDS, checked against the service model."""

import re

import boto3
import pytest
from botocore.exceptions import ClientError

from _aws import raises_exactly, refused, without_metadata
from pytest_rds_export import UnansweredOperation


@pytest.fixture
def describe(rds_export_client):
    """Call DescribeDBInstances."""

    def call(**parameters):
        return without_metadata(rds_export_client.describe_db_instances(**parameters))

    return call


INSTANCES = {"DBInstances": [{"DBInstanceIdentifier": "orders", "AllocatedStorage": 20, "MultiAZ": True}]}


def test_a_mapping_is_the_answer_of_every_call(rds_export_tasks, describe):
    rds_export_tasks.stub("DescribeDBInstances", INSTANCES)

    assert [describe(), describe(DBInstanceIdentifier="orders")] == [INSTANCES, INSTANCES]


def test_a_callable_is_given_the_parameters(rds_export_tasks, describe):
    rds_export_tasks.stub(
        "DescribeDBInstances",
        lambda parameters: {"DBInstances": [{"DBInstanceIdentifier": parameters["DBInstanceIdentifier"]}]},
    )

    assert describe(DBInstanceIdentifier="ledger") == {"DBInstances": [{"DBInstanceIdentifier": "ledger"}]}


def test_a_callable_may_refuse_as_aws_does(rds_export_tasks, describe):
    def answer(parameters):
        error = {"Code": "DBInstanceNotFound", "Message": "DBInstance orders not found."}
        raise ClientError({"Error": error}, "DescribeDBInstances")

    rds_export_tasks.stub("DescribeDBInstances", answer)

    with refused("DBInstanceNotFound", 404, "DBInstance orders not found."):
        describe()
    assert rds_export_tasks.calls[0].error_code == "DBInstanceNotFound"


def test_an_exception_of_a_callable_comes_through(rds_export_tasks, describe):
    def answer(parameters):
        raise LookupError("no such fixture")

    rds_export_tasks.stub("DescribeDBInstances", answer)

    with pytest.raises(LookupError, match="no such fixture"):
        describe()
    assert [call.error_code for call in rds_export_tasks.calls] == ["LookupError"]


def test_the_later_stub_replaces_the_earlier(rds_export_tasks, describe):
    rds_export_tasks.stub("DescribeDBInstances", {"DBInstances": []})
    rds_export_tasks.stub("DescribeDBInstances", INSTANCES)

    assert describe() == INSTANCES


def test_an_operation_that_answers_nothing(rds_export_tasks, rds_export_client):
    rds_export_tasks.stub("AddTagsToResource", {})

    tags = {"ResourceName": "arn:aws:rds:us-east-1:123456789012:db:orders", "Tags": [{"Key": "a", "Value": "b"}]}
    assert without_metadata(rds_export_client.add_tags_to_resource(**tags)) == {}
    assert rds_export_tasks.calls[0].parameters == tags


def test_a_response_that_was_recorded_from_boto3(rds_export_tasks, describe):
    rds_export_tasks.stub("DescribeDBInstances", {**INSTANCES, "ResponseMetadata": {"HTTPStatusCode": 200}})

    assert describe() == INSTANCES


def test_a_stub_comes_before_seeded_snapshots(rds_export_tasks, rds_export_client):
    rds_export_tasks.seed_snapshot("nightly")
    rds_export_tasks.stub("DescribeDBSnapshots", {"DBSnapshots": []})

    assert rds_export_client.describe_db_snapshots()["DBSnapshots"] == []


def test_an_injected_failure_comes_before_a_stub(rds_export_tasks, describe):
    rds_export_tasks.stub("DescribeDBInstances", INSTANCES)
    rds_export_tasks.inject("AccessDenied", operation="DescribeDBInstances", times=1)

    with pytest.raises(ClientError, match="AccessDenied"):
        describe()
    assert describe() == INSTANCES


def test_a_stub_holds_in_every_region(rds_export_tasks):
    rds_export_tasks.stub("DescribeDBInstances", INSTANCES)

    assert boto3.client("rds", region_name="eu-west-1").describe_db_instances()["DBInstances"]
    assert [call.region for call in rds_export_tasks.calls] == ["eu-west-1"]


def test_a_stub_comes_before_moto(rds_export_tasks, describe):
    moto = pytest.importorskip("moto")
    with moto.mock_aws():
        assert describe() == {"DBInstances": []}
        rds_export_tasks.stub("DescribeDBInstances", INSTANCES)
        assert describe() == INSTANCES


@pytest.mark.parametrize("operation", ["StartExportTask", "CancelExportTask", "DescribeExportTasks"])
def test_the_three_operations_are_not_stubbed(rds_export_tasks, operation):
    with raises_exactly(
        ValueError, f"{operation} is answered from the registry; seed a task or inject a failure instead"
    ):
        rds_export_tasks.stub(operation, {})


WRONG = [
    (
        {"DBInstances": [{"DBInstanceIdentifer": "orders"}]},
        'not a valid response of DescribeDBInstances: Unknown parameter in DBInstances[0]: "DBInstanceIdentifer"',
    ),
    (
        {"DBInstances": [{"AllocatedStorage": "20"}]},
        "not a valid response of DescribeDBInstances: Invalid type for parameter DBInstances[0].AllocatedStorage,",
    ),
    (
        {"Instances": []},
        'not a valid response of DescribeDBInstances: Unknown parameter in input: "Instances", must be one',
    ),
    (None, "a response of DescribeDBInstances is a mapping in the API's shape, got None"),
    ([], "a response of DescribeDBInstances is a mapping in the API's shape, got []"),
]


@pytest.mark.parametrize(("response", "text"), WRONG)
def test_a_mapping_that_the_model_does_not_allow(rds_export_tasks, describe, response, text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}"):
        rds_export_tasks.stub("DescribeDBInstances", response)

    with pytest.raises(UnansweredOperation):
        describe()
    rds_export_tasks.unanswered.clear()


@pytest.mark.parametrize(("response", "text"), WRONG)
def test_a_callable_that_gives_what_the_model_does_not_allow(rds_export_tasks, describe, response, text):
    rds_export_tasks.stub("DescribeDBInstances", lambda parameters: response)

    with pytest.raises(ValueError, match=f"^{re.escape(text)}"):
        describe()


def test_an_answer_for_an_operation_that_answers_nothing(rds_export_tasks):
    with raises_exactly(ValueError, "AddTagsToResource answers nothing, got {'Tags': []}"):
        rds_export_tasks.stub("AddTagsToResource", {"Tags": []})
