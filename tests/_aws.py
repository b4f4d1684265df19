"""What Amazon RDS does, written down once more for the tests, and the calls that most of them make."""

import re
from contextlib import contextmanager

import botocore.session
import pytest
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
SNAPSHOT = f"arn:aws:rds:us-east-1:{ACCOUNT}:snapshot:nightly"
CLUSTER_SNAPSHOT = f"arn:aws:rds:us-east-1:{ACCOUNT}:cluster-snapshot:nightly"
CLUSTER = f"arn:aws:rds:us-east-1:{ACCOUNT}:cluster:orders"

STATUSES = ("STARTING", "IN_PROGRESS", "CANCELING", "CANCELED", "COMPLETE", "FAILED")

_ALWAYS = {
    "ExportTaskIdentifier",
    "SourceArn",
    "S3Bucket",
    "IamRoleArn",
    "KmsKeyId",
    "Status",
    "PercentProgress",
    "TotalExtractedDataInGB",
    "SourceType",
}


def members_of(status, *, extracting=True, cluster=False, given=("S3Prefix",)):
    """The members of a task in *status* that came as far as *extracting*, *given* being what only some have."""
    members = _ALWAYS | set(given)
    if not cluster:
        members.add("SnapshotTime")
    if status in {"IN_PROGRESS", "COMPLETE"} or (extracting and status != "STARTING"):
        members.add("TaskStartTime")
    if status in {"CANCELED", "COMPLETE", "FAILED"}:
        members.add("TaskEndTime")
    if status == "FAILED":
        members.add("FailureCause")
    return members


def without_metadata(response):
    return {name: value for name, value in response.items() if name != "ResponseMetadata"}


def start(client, identifier="nightly", source=SNAPSHOT, **parameters):
    return client.start_export_task(
        ExportTaskIdentifier=identifier,
        SourceArn=source,
        S3BucketName="rds-exports",
        IamRoleArn=f"arn:aws:iam::{ACCOUNT}:role/rds-export",
        KmsKeyId="1234abcd",
        **parameters,
    )


def service_model():
    return botocore.session.get_session().get_service_model("rds")


def documented(shape_name):
    """The text that the service model has for a fault."""
    return re.sub("<[^>]*>", "", service_model().shape_for(shape_name).documentation).strip()


@contextmanager
def refused(code, http_status, text):
    """The block meets exactly this answer."""
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Message"]) == (
        code,
        http_status,
        text,
    )


@contextmanager
def raises_exactly(error, text):
    """The block raises *error* itself, no subclass, with exactly this text."""
    with pytest.raises(error) as caught:
        yield
    assert type(caught.value) is error
    assert str(caught.value) == text


def guarded(credentials_class):
    """A class of credentials that may be looked at while a client is made, and never while it is ``locked``."""

    class Guarded(credentials_class):
        locked = False

        def __getattribute__(self, name):
            if Guarded.locked:
                pytest.fail(f"the client's own credentials were read: {name}")
            return super().__getattribute__(name)

    return Guarded
