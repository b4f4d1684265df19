"""Where files go: a client of S3 or a folder, what else is refused, and the FailureCause of an error."""

from pathlib import Path
from types import FunctionType, SimpleNamespace
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from botocore.stub import Stubber

from helpers.exported import BUCKET, KMS_KEY, ORDERS_PART, FileTask, files_below
from pytest_rds_export import ExportedTable
from pytest_rds_export._rds.files import ExportFiles
from pytest_rds_export._rds.targets import FolderTarget, failure_cause, open_target


def test_s3(s3):
    """A client of S3 gets every object, encrypted with the key of the task."""
    ExportFiles(s3, ["shop.orders"]).update(FileTask(S3Bucket=BUCKET).fields)
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert keys == [
        "nightly/export_info_nightly.json",
        "nightly/export_tables_info_nightly_from_1_to_1.json",
        "nightly/shop/shop.orders/1/_SUCCESS",
        f"nightly/{ORDERS_PART}",
    ]
    for key in keys:
        head = s3.head_object(Bucket=BUCKET, Key=key)
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", KMS_KEY)
    part = s3.get_object(Bucket=BUCKET, Key=keys[-1])["Body"].read()
    assert part == ExportedTable("shop.orders").parts[0]


def test_s3_bucket(s3):
    """A bucket exists, in a region, if HeadBucket finds it."""
    target = open_target(s3)
    assert repr(target) == "<S3Target https://s3.amazonaws.com>"
    assert [target.find_region(bucket) for bucket in (BUCKET, "missing")] == ["us-east-1", None]


def test_s3_bucket_forbidden(s3):
    """Another error of HeadBucket is raised."""
    with Stubber(s3) as stubber:
        stubber.add_client_error("head_bucket", "403", "Forbidden", http_status_code=403)
        with pytest.raises(ClientError, match="Forbidden"):
            open_target(s3).find_region(BUCKET)


def test_s3_without_region(s3):
    """A store that does not say where a bucket is has it in every region."""
    with Stubber(s3) as stubber:
        stubber.add_response("head_bucket", {})
        assert open_target(s3).find_region(BUCKET) == ""


def test_s3_error(s3):
    """The error of a bucket that disappeared is raised as it is."""
    with pytest.raises(s3.exceptions.NoSuchBucket) as raised:
        ExportFiles(s3).update(FileTask(S3Bucket="gone").fields)
    assert failure_cause(raised.value, FileTask(S3Bucket="gone").fields) == (
        "The S3 bucket gone isn't valid. Either it isn't located in the current AWS Region or it doesn't exist. "
        "Review your S3 bucket name and retry the export."
    )


def test_relative_folder(tmp_path, monkeypatch):
    """A relative path keeps its meaning when the current directory changes."""
    monkeypatch.chdir(tmp_path)
    target = open_target(Path("exports"))
    monkeypatch.chdir("/")
    target.put("bucket", "key", b"", KMS_KEY)
    assert files_below(tmp_path) == ["exports/bucket/key"]


def test_slashes(tmp_path):
    """A key that begins with a slash or has two in a row stays below the folder of its bucket."""
    open_target(tmp_path).put("bucket", "/a//b", b"", KMS_KEY)
    assert files_below(tmp_path) == ["bucket/a/b"]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_whole_files(tmp_path, monkeypatch, error):
    """A write that fails leaves neither a half-written nor a temporary file, and the old file as it was."""
    target = open_target(tmp_path)
    target.put("bucket", "key", b"old", KMS_KEY)
    write_bytes = Path.write_bytes

    def fail(path, body):
        write_bytes(path, body[:1])
        raise error

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(type(error)):
        target.put("bucket", "key", b"new", KMS_KEY)
    assert files_below(tmp_path) == ["bucket/key"]
    assert (tmp_path / "bucket/key").read_bytes() == b"old"


def test_full_disk(tmp_path, monkeypatch):
    """The error of a file that cannot even be created is raised as it is."""
    target = open_target(tmp_path)

    def fail(path, body):
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match=r"^disk full$"):
        target.put("bucket", "key", b"new", KMS_KEY)


@pytest.mark.parametrize(
    ("bucket", "key"),
    [("b", "../x"), ("b", "a/../../x"), ("b", "./x"), ("..", "x"), ("", "x"), ("a/b", "x")],
)
def test_escape(tmp_path, bucket, key):
    """No key leaves the folder of its bucket."""
    with pytest.raises(ValueError, match="key must name a file below the folder of its bucket, got ") as raised:
        FolderTarget(tmp_path / "inner").put(bucket, key, b"x", KMS_KEY)
    assert str(raised.value).endswith(repr(f"{bucket}/{key}"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("to", "message"),
    [
        (None, "got None"),
        (3, "got 3"),
        ("exports", "got a string; pass pathlib.Path('exports')"),
        (lambda: boto3.client("rds", "us-east-1"), "got a client of 'rds'; pass boto3.client('s3')"),
        (
            lambda: boto3.resource("s3", "us-east-1"),
            "got a boto3 resource; pass the client of an S3 resource, resource.meta.client",
        ),
        (
            lambda: boto3.resource("s3", "us-east-1").Bucket("exports"),
            "got a boto3 resource; pass the client of an S3 resource, resource.meta.client",
        ),
    ],
)
def test_bad_target(to, message):
    """What is neither a client of S3 nor a path is refused in one sentence that says what to pass."""
    with pytest.raises(TypeError) as raised:
        ExportFiles(to() if isinstance(to, FunctionType) else to)
    assert str(raised.value) == f"to must be a boto3 S3 client or a pathlib.Path, {message}"


def test_mock_target():
    """A mock is refused, although it has every attribute."""
    mock = Mock()
    with pytest.raises(TypeError) as raised:
        open_target(mock)
    assert str(raised.value) == f"to must be a boto3 S3 client or a pathlib.Path, got {mock!r}"


def test_aiobotocore_target():
    """A client of aiobotocore is refused: its methods are coroutines."""
    client = type("S3", (), {"__module__": "aiobotocore.client"})()
    client.meta = SimpleNamespace(service_model=SimpleNamespace(service_name="s3"))
    with pytest.raises(TypeError) as raised:
        open_target(client)
    assert str(raised.value) == (
        "to must be a boto3 S3 client or a pathlib.Path, got a client of aiobotocore; pass boto3.client('s3')"
    )


def test_file_target(tmp_path):
    """The path of a file is refused."""
    path = tmp_path / "exports"
    path.touch()
    with pytest.raises(ValueError, match="to must be a folder, got the file ") as raised:
        ExportFiles(path)
    assert str(raised.value).endswith(repr(str(path)))


def client_error(code):
    """An error of PutObject with this code."""
    return ClientError({"Error": {"Code": code, "Message": "..."}}, "PutObject")


DENIED = (
    "The IAM role arn:aws:iam::123456789012:role/rds-export isn't authorized to call s3:PutObject on the S3 bucket "
    "exports. Review your permissions and retry the export."
)

OTHER_REGION = (
    "The S3 bucket exports isn't located in the current AWS Region. "
    "Please, review your S3 bucket name and retry the export."
)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (client_error("AccessDenied"), DENIED),
        (PermissionError(13, "Permission denied"), DENIED),
        (
            client_error("PermanentRedirect"),
            OTHER_REGION,
        ),
        (
            client_error("KMS.NotFoundException"),
            "KMS key check failed. Check the credentials on your KMS key and try again.",
        ),
        (
            client_error("InvalidAccessKeyId"),
            "S3 credential check failed. Check the permissions on your S3 bucket and IAM policy.",
        ),
        (
            NoCredentialsError(),
            "S3 credential check failed. Check the permissions on your S3 bucket and IAM policy.",
        ),
        (client_error("SlowDown"), "An unknown internal error occurred."),
        (OSError("disk full"), "An unknown internal error occurred."),
    ],
)
def test_failure_cause(error, cause):
    """An error of the store becomes the documented FailureCause that says most."""
    assert failure_cause(error, FileTask().fields) == cause
