"""A moto that lacks an operation, as releases before 5.1 lack DescribeEvents."""

import boto3
import pytest


def test_lacking_operation(moto, rds_export_tasks, monkeypatch):
    """What an older moto does not implement, it has nothing of: events of exports are described all the same."""
    responses = pytest.importorskip("moto.rds.responses")

    def fail(*_args):
        raise NotImplementedError

    for name in ("describe_events", "call_action"):
        monkeypatch.setattr(responses.RDSResponse, name, fail, raising=False)
    with moto.mock_aws():
        rds_export_tasks.seed("nightly").move_to("COMPLETE")
        (event,) = boto3.client("rds", "us-east-1").describe_events()["Events"]

    assert event["Message"] == "Export task completed"
