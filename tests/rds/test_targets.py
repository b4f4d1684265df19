"""Where files go: a client of S3 or a folder, what else is refused, and the FailureCause of an error."""

from pathlib import Path
from types import FunctionType, SimpleNamespace
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from helpers.errors import raises_exactly
from helpers.exported import ORDERS_PART, files_below
from pytest_rds_export import ExportedTable
from pytest_rds_export._rds.files import ExportFiles
from pytest_rds_export._rds.targets import failure_cause, open_target


def test_repr(s3):
    """What may be printed says what it is in one line."""
    assert repr(ExportFiles(Path("/exports"))) == "<ExportFiles to=<FolderTarget '/exports'> tables=2>"
    assert repr(open_target(s3)) == "<S3Target https://s3.amazonaws.com>"


def test_folder(rds_export_tasks, tmp_path, monkeypatch):
    """A folder gets a folder for each bucket when it is needed, also if the current directory has changed."""
    monkeypatch.chdir(tmp_path)
    rds_export_tasks.write_files(Path("new"), tables=["shop.orders"])
    monkeypatch.chdir("/")
    assert files_below(tmp_path) == []

    rds_export_tasks.seed("nightly", status="COMPLETE", s3_bucket="exports", s3_prefix="/a//b")

    folder = "new/exports/a/b/nightly"
    assert files_below(tmp_path) == [
        f"{folder}/export_info_nightly.json",
        f"{folder}/export_tables_info_nightly_from_1_to_1.json",
        f"{folder}/shop/shop.orders/1/_SUCCESS",
        f"{folder}/{ORDERS_PART}",
    ]
    assert (tmp_path / folder / ORDERS_PART).read_bytes() == ExportedTable("shop.orders").parts[0]
    assert (tmp_path / folder / "shop/shop.orders/1/_SUCCESS").read_bytes() == b""


@pytest.mark.parametrize(
    ("error", "written"), [(OSError("disk full"), 1), (KeyboardInterrupt(), 1), (OSError("disk full"), None)]
)
def test_whole_files(rds_export_tasks, tmp_path, monkeypatch, error, written):
    """A write that fails is raised, and leaves no half-written or temporary file, and the old file as it was."""
    rds_export_tasks.seed("nightly", status="COMPLETE")
    rds_export_tasks.write_files(tmp_path)
    before = {path: (tmp_path / path).read_bytes() for path in files_below(tmp_path)}
    write_bytes = Path.write_bytes

    def fail(path, body):
        if written is not None:
            write_bytes(path, body[:written])
        raise error

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(type(error)) as raised:
        rds_export_tasks.write_files(tmp_path)

    assert raised.value is error
    assert {path: (tmp_path / path).read_bytes() for path in files_below(tmp_path)} == before


@pytest.mark.parametrize(
    ("bucket", "key"),
    [("b", "../x"), ("b", "a/../../x"), ("b", "./x"), ("..", "x"), ("", "x"), ("a/b", "x")],
)
def test_escape(tmp_path, bucket, key):
    """No key leaves the folder of its bucket."""
    with pytest.raises(ValueError, match="key must name a file below the folder of its bucket, got ") as raised:
        open_target(tmp_path / "inner").put(bucket, key, b"x", "1234abcd")
    assert str(raised.value).endswith(repr(f"{bucket}/{key}"))
    assert list(tmp_path.iterdir()) == []


MOCK = Mock()
AIOBOTOCORE = type("S3", (), {"__module__": "aiobotocore.client"})()
AIOBOTOCORE.meta = SimpleNamespace(service_model=SimpleNamespace(service_name="s3"))
RESOURCE = "got a boto3 resource; pass the client of an S3 resource, resource.meta.client"
# A function makes what is to be made in the test.
BAD_TARGETS = {
    "None": (None, "got None"),
    "int": (3, "got 3"),
    "str": ("exports", "got a string; pass pathlib.Path('exports')"),
    "other service": (lambda: boto3.client("rds", "us-east-1"), "got a client of 'rds'; pass boto3.client('s3')"),
    "resource": (lambda: boto3.resource("s3", "us-east-1"), RESOURCE),
    "bucket": (lambda: boto3.resource("s3", "us-east-1").Bucket("exports"), RESOURCE),
    "mock": (MOCK, f"got {MOCK!r}"),
    "aiobotocore": (AIOBOTOCORE, "got a client of aiobotocore; pass boto3.client('s3')"),
}


@pytest.mark.parametrize(("to", "message"), BAD_TARGETS.values(), ids=BAD_TARGETS)
def test_bad_target(rds_export_tasks, to, message):
    """What is neither a client of S3 nor a path is refused in one sentence that says what to pass."""
    with raises_exactly(TypeError, f"to must be a boto3 S3 client or a pathlib.Path, {message}"):
        rds_export_tasks.write_files(to() if isinstance(to, FunctionType) else to)


def test_file_target(rds_export_tasks, tmp_path):
    """The path of a file is refused."""
    path = tmp_path / "exports"
    path.touch()
    with raises_exactly(ValueError, f"to must be a folder, got the file {str(path)!r}"):
        rds_export_tasks.write_files(path)


def client_error(code):
    """An error of PutObject with this code."""
    return ClientError({"Error": {"Code": code, "Message": "..."}}, "PutObject")


NOT_AUTHORIZED = (
    "The IAM role the-role isn't authorized to call s3:PutObject on the S3 bucket the-bucket. "
    "Review your permissions and retry the export."
)
OTHER_REGION = (
    "The S3 bucket the-bucket isn't located in the current AWS Region. "
    "Please, review your S3 bucket name and retry the export."
)
NO_BUCKET = (
    "The S3 bucket the-bucket isn't valid. Either it isn't located in the current AWS Region or it doesn't exist. "
    "Review your S3 bucket name and retry the export."
)
NO_KEY = "KMS key check failed. Check the credentials on your KMS key and try again."
NO_CREDENTIALS = "S3 credential check failed. Check the permissions on your S3 bucket and IAM policy."
UNKNOWN = "An unknown internal error occurred."


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (client_error("AccessDenied"), NOT_AUTHORIZED),
        (PermissionError(13, "Permission denied"), NOT_AUTHORIZED),
        (client_error("PermanentRedirect"), OTHER_REGION),
        (client_error("NoSuchBucket"), NO_BUCKET),
        (client_error("KMS.NotFoundException"), NO_KEY),
        (client_error("InvalidAccessKeyId"), NO_CREDENTIALS),
        (NoCredentialsError(), NO_CREDENTIALS),
        (client_error("SlowDown"), UNKNOWN),
        (OSError("disk full"), UNKNOWN),
    ],
)
def test_failure_cause(error, cause):
    """An error of the store becomes the documented FailureCause that says most."""
    assert failure_cause(error, {"S3Bucket": "the-bucket", "IamRoleArn": "the-role"}) == cause
