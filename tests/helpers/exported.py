"""Exported files: their keys, and a task and a target for tests without an account."""

import datetime as dt
import threading
import time
from types import SimpleNamespace

from botocore.exceptions import ClientError

BUCKET = "rds-exports"
END = dt.datetime(2024, 6, 26, 15, 43, 58, 123000, tzinfo=dt.timezone.utc)
START = END - dt.timedelta(minutes=4)
KMS_KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CUSTOMERS_PART = "shop/shop.customers/1/part-00000-e5c72528-e696-5a84-979c-e9fd0f5989ed-c000.gz.parquet"
ORDERS_PART = "shop/shop.orders/1/part-00000-e5c72528-e696-5a84-979c-e9fd0f5989ed-c000.gz.parquet"


class FileTask:
    """An export task as far as ``ExportFiles`` sees it."""

    def __init__(self, **fields):
        self.fields = {
            "ExportTaskIdentifier": "nightly",
            "SourceArn": "arn:aws:rds:us-east-1:123456789012:snapshot:nightly",
            "SnapshotTime": START - dt.timedelta(hours=1),
            "TaskStartTime": START,
            "TaskEndTime": END,
            "S3Bucket": "exports",
            "S3Prefix": "",
            "IamRoleArn": "arn:aws:iam::123456789012:role/rds-export",
            "KmsKeyId": KMS_KEY,
            "Status": "COMPLETE",
            "PercentProgress": 100,
            "TotalExtractedDataInGB": 3,
            **fields,
        }

    def move(self, status, percent):
        """Set the status and the progress."""
        self.fields.update(Status=status, PercentProgress=percent)


class MemoryTarget:
    """A target that keeps the files in the order of writing, and fails at one of them."""

    def __init__(self, fails_at=None):
        self.objects = {}
        self.fails_at = fails_at

    def put(self, bucket, key, body, kms_key_id):
        """Keep a file, or fail."""
        if self.fails_at is not None and self.fails_at in key:
            raise OSError("disk full")
        assert key not in self.objects
        self.objects[key] = body


class MemoryS3:
    """An S3 client, as far as ``write_files`` uses it, that keeps the keys in the order of writing."""

    exceptions = SimpleNamespace(ClientError=ClientError)
    meta = SimpleNamespace(service_model=SimpleNamespace(service_name="s3"), endpoint_url="memory")

    def __init__(self, *buckets):
        self._buckets = buckets
        self.keys = []

    def head_bucket(self, Bucket):  # noqa: N803
        """Raise the 404 of S3 for a bucket that does not exist."""
        if Bucket not in self._buckets:
            raise ClientError({"ResponseMetadata": {"HTTPStatusCode": 404}}, "HeadBucket")

    def put_object(self, Bucket, Key, **parameters):  # noqa: N803
        """Keep the key of an object, which is written once."""
        key = f"{Bucket}/{_without_uuid(Key)}"
        assert Bucket in self._buckets
        assert key not in self.keys
        self.keys.append(key)


class BusyS3(MemoryS3):
    """A ``MemoryS3`` that looks at all tasks while it stores, also from a thread that it waits for, and may sleep."""

    def __init__(self, *buckets, look, sleeps):
        super().__init__(*buckets)
        self.sleeps = sleeps
        self._look = look

    def put_object(self, **parameters):
        """Look, then sleep, then keep the key."""
        where = parameters["Bucket"], parameters["Key"]
        self._look(*where)
        thread = threading.Thread(target=self._look, args=where, daemon=True)
        thread.start()
        thread.join(60)
        assert not thread.is_alive()
        if self.sleeps:
            time.sleep(1)
        super().put_object(**parameters)


def files_below(folder):
    """Return the paths of all files below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def keys_of(s3):
    """The keys in moto's bucket, without the UUID of a part."""
    found = s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())
    return [_without_uuid(item["Key"]) for item in found]


def keys_below(folder, bucket=BUCKET):
    """The keys in a folder's bucket, without the UUID of a part."""
    paths = sorted(path for path in (folder / bucket).rglob("*") if path.is_file())
    return [_without_uuid(path.relative_to(folder / bucket).as_posix()) for path in paths]


def _without_uuid(key):
    head, _, name = key.rpartition("/")
    return f"{head}/{name[:10]}.parquet" if name.startswith("part-") else key


def table_keys(*tables, task="nightly"):
    """The keys of MySQL tables."""
    folders = [f"{task}/{name.split('.')[0]}/{name}/1" for name in tables]
    return [f"{folder}/{name}" for folder in folders for name in ("_SUCCESS", "part-00000.parquet")]


def all_keys(*tables, task="nightly"):
    """The keys of a complete export of MySQL tables."""
    return [
        f"{task}/export_info_{task}.json",
        f"{task}/export_tables_info_{task}_from_1_to_{len(tables)}.json",
        *table_keys(*tables, task=task),
    ]
