"""Values and messages of Amazon RDS, written separately from the package, and calls that many tests make."""

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


def fields_of(status, *, extracting=True, cluster=False, given=("S3Prefix",)):
    """Return the fields of a task in *status*; *extracting* if it was IN_PROGRESS, *given* are its optional fields."""
    fields = _ALWAYS | set(given)
    if not cluster:
        fields.add("SnapshotTime")
    if status in {"IN_PROGRESS", "COMPLETE"} or (extracting and status != "STARTING"):
        fields.add("TaskStartTime")
    if status in {"CANCELED", "COMPLETE", "FAILED"}:
        fields.add("TaskEndTime")
    if status == "FAILED":
        fields.add("FailureCause")
    return fields


def without_metadata(response):
    """Return a response without ResponseMetadata."""
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
    """Return botocore's service model of RDS."""
    return botocore.session.get_session().get_service_model("rds")


def documented(shape_name):
    """Return the documentation of a fault in the service model."""
    return re.sub("<[^>]*>", "", service_model().shape_for(shape_name).documentation).strip()


@contextmanager
def refused(code, http_status, text):
    """Assert that the block raises a ClientError with this code, status and message."""
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
    """Assert that the block raises *error*, not a subclass, with exactly this message."""
    with pytest.raises(error) as caught:
        yield
    assert type(caught.value) is error
    assert str(caught.value) == text


def guarded(credentials_class):
    """Return a class of credentials that fails the test if it is read while ``locked`` is true."""

    class Guarded(credentials_class):
        locked = False

        def __getattribute__(self, name):
            if Guarded.locked:
                pytest.fail(f"the client's own credentials were read: {name}")
            return super().__getattribute__(name)

    return Guarded
