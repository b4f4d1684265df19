"""The keys that tests expect in the bucket of an export."""

BUCKET = "rds-exports"


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
