"""Values and messages of Amazon RDS, written separately from the package."""

import re

import botocore.session

ACCOUNT = "123456789012"
SNAPSHOT = f"arn:aws:rds:us-east-1:{ACCOUNT}:snapshot:nightly"
CLUSTER_SNAPSHOT = f"arn:aws:rds:us-east-1:{ACCOUNT}:cluster-snapshot:nightly"
CLUSTER = f"arn:aws:rds:us-east-1:{ACCOUNT}:cluster:orders"

IDENTIFIER_RULES = (
    "is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, digits, and "
    "hyphens; and must not end with a hyphen or contain two consecutive hyphens."
)
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

# Of the service model, which each session loads again.
_model = botocore.session.get_session().get_service_model("rds")


def service_model():
    """Return botocore's service model of RDS."""
    return _model


def documented(shape_name):
    """Return the documentation of a fault in the service model."""
    return re.sub("<[^>]*>", "", _model.shape_for(shape_name).documentation).strip()


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
