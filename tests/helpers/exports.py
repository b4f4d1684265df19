"""What the unit tests of exported files share: a task, and where its files go."""

import datetime as dt

END = dt.datetime(2024, 6, 26, 15, 43, 58, 123000, tzinfo=dt.timezone.utc)
START = END - dt.timedelta(minutes=4)
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CUSTOMERS = "shop/shop.customers/1/part-00000-19553dd7-f303-5250-b547-10e3176dacc2-c000.gz.parquet"
ORDERS = "shop/shop.orders/1/part-00000-35f6d4f6-90b6-5141-90dd-ac211829412d-c000.gz.parquet"


class Task:
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
            "KmsKeyId": KEY,
            "Status": "COMPLETE",
            "PercentProgress": 100,
            "TotalExtractedDataInGB": 3,
            **fields,
        }

    def move(self, status, percent):
        self.fields.update(Status=status, PercentProgress=percent)


class Store:
    """A target that keeps the keys in the order of writing, and fails at one of them."""

    def __init__(self, fails_at=None):
        self.objects = {}
        self.fails_at = fails_at

    def put(self, bucket, key, body, kms_key_id):
        if self.fails_at is not None and self.fails_at in key:
            raise OSError("disk full")
        assert key not in self.objects
        self.objects[key] = body


def files_below(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
