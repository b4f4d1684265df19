"""Exported files: their keys, and stores for them."""

import datetime as dt
import json
import threading
import time
from types import SimpleNamespace

from botocore.exceptions import ClientError

from pytest_rds_export import fake_rds_export

BUCKET = "rds-exports"
END = dt.datetime(2024, 6, 26, 15, 43, 58, 123000, tzinfo=dt.timezone.utc)
ORDERS_PART = "shop/shop.orders/1/part-00000-e5c72528-e696-5a84-979c-e9fd0f5989ed-c000.gz.parquet"


class MemoryS3:
    """An S3 client, as far as ``write_files`` uses it, that keeps keys and bodies in the order of writing."""

    exceptions = SimpleNamespace(ClientError=ClientError)
    meta = SimpleNamespace(service_model=SimpleNamespace(service_name="s3"), endpoint_url="memory")

    def __init__(self, *buckets):
        self._buckets = buckets
        self.keys = []
        self.bodies = {}

    def head_bucket(self, Bucket):  # noqa: N803
        """Raise the 404 of S3 for a bucket that does not exist."""
        if Bucket not in self._buckets:
            raise ClientError({"ResponseMetadata": {"HTTPStatusCode": 404}}, "HeadBucket")

    def put_object(self, Bucket, Key, Body, **parameters):  # noqa: N803
        """Keep an object, which is written once."""
        key = f"{Bucket}/{_without_uuid(Key)}"
        assert Bucket in self._buckets
        assert key not in self.keys
        self.keys.append(key)
        self.bodies[Key] = Body


class Store(MemoryS3):
    """A ``MemoryS3`` that calls *act* before it keeps a file, or raises because it is full."""

    def __init__(self, act=None, *, full=False):
        super().__init__(BUCKET)
        self.act, self.full, self.asked = act, full, 0

    def put_object(self, **parameters):
        """Act, and keep the file."""
        self.asked += 1
        if self.act is not None:
            self.act()
        if self.full:
            raise OSError("disk full")
        super().put_object(**parameters)


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


def written(tables=None, *, layout=None, **fields):
    """Return the objects that an export with these fields has written, by key, in the order of writing."""
    s3 = MemoryS3(BUCKET)
    known = {"task_start_time": END - dt.timedelta(minutes=4), "task_end_time": END, "total_extracted_data_in_gb": 3}
    with fake_rds_export() as tasks:
        tasks.write_files(s3, tables=tables, **layout or {})
        tasks.seed("nightly", status="COMPLETE", **{**known, **fields})
    return s3.bodies


def table_statuses(objects):
    """Return the entries of the only export_tables_info."""
    (body,) = [body for key, body in objects.items() if "/export_tables_info_" in key]
    return json.loads(body)["perTableStatus"]


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
