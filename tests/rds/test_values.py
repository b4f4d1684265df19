"""Values of users that look right and are not, and strings that format as something else."""

import functools
from enum import Enum

import pytest

from helpers.clients import shared_client
from pytest_rds_export import ExportedTable, fake_rds_export


class S(str, Enum):
    """Strings as the members of a class, which an f-string shows by their names."""

    IDENTIFIER = "nightly"
    ACCOUNT = "210987654321"
    REGION = "eu-west-1"
    SNAPSHOT = "orders"
    STATUS = "IN_PROGRESS"
    PREFIX = "exports/2026"
    BUCKET = "backups"
    TABLE = "shop.orders"


def test_enums(tmp_path):
    """A member of a (str, Enum) class is its value in ARNs, keys, fields, events and on the wire."""
    with fake_rds_export(account_id=S.ACCOUNT, region=S.REGION) as tasks:
        tasks.write_files(tmp_path, tables=[ExportedTable(S.TABLE)])
        source = tasks.in_region(S.REGION).seed_snapshot(S.SNAPSHOT)
        task = tasks.seed(S.IDENTIFIER, status=S.STATUS, s3_prefix=S.PREFIX, s3_bucket=S.BUCKET)
        task.move_to("COMPLETE")
        (event,) = tasks.events
        (described,) = shared_client("eu-west-1").describe_export_tasks()["ExportTasks"]

    assert source.arn == "arn:aws:rds:eu-west-1:210987654321:snapshot:orders"
    assert f"{task.source_arn} {task.s3_prefix} {task.region}" == (
        "arn:aws:rds:eu-west-1:210987654321:snapshot:nightly exports/2026 eu-west-1"
    )
    assert (tmp_path / "backups/exports/2026/nightly/export_info_nightly.json").exists()
    assert {path.name for path in (tmp_path / "backups/exports/2026/nightly").iterdir() if path.is_dir()} == {"shop"}
    assert event.source_arn == task.source_arn
    assert described["S3Prefix"] == "exports/2026"
    assert "S." not in repr(event.to_eventbridge())


def test_enum_of_a_stub(rds_export_tasks, client):
    """The response of a stub has the value of a member, too."""
    rds_export_tasks.stub("DescribeDBInstances", {"DBInstances": [{"DBInstanceIdentifier": S.SNAPSHOT}]})

    assert client.describe_db_instances()["DBInstances"] == [{"DBInstanceIdentifier": "orders"}]


@pytest.mark.parametrize("account_id", ["١٢٣٤٥٦٧٨٩٠١٢", "123456789\uff1012"])
def test_digits_of_other_scripts(account_id):
    """The digits of an account are ASCII digits."""
    with pytest.raises(ValueError, match="account_id must be a string of 12 digits"):
        fake_rds_export(account_id=account_id)


@pytest.mark.parametrize("region", ["us-gov-west-1", "us-iso-east-1", "cn-north-1", "eusc-de-east-1", "eu-isoe-west-1"])
def test_regions_of_partitions(rds_export_tasks, region):
    """The regions of all partitions are accepted."""
    assert rds_export_tasks.in_region(region).region == region


@pytest.mark.parametrize("end", [{}, {"task_end_time": "2025-12-31T23:00:00Z"}])
def test_start_after_the_end(rds_export_clock, rds_export_tasks, end):
    """A task cannot be moved to an end before its start."""
    task = rds_export_tasks.seed("nightly")
    with pytest.raises(ValueError, match="task_end_time must be at or after task_start_time, which is 2026-02-01"):
        task.move_to("FAILED", task_start_time="2026-02-01T00:00:00Z", **end)
    assert task.status == "IN_PROGRESS"

    task.move_to("COMPLETE", task_start_time="2025-12-31T00:00:00Z")
    assert task.status == "COMPLETE"


class _Asynchronous:
    async def __call__(self, *arguments):
        return {}


@pytest.mark.parametrize(
    "function", [_Asynchronous().__call__, _Asynchronous(), functools.partial(_Asynchronous().__call__, 1)]
)
def test_coroutine_functions(rds_export_tasks, function):
    """Neither a stub nor an override is a coroutine function, in whatever form."""
    with pytest.raises(ValueError, match="response must not be a coroutine function, got"):
        rds_export_tasks.stub("DescribeDBInstances", function)
    with pytest.raises(ValueError, match="function must not be a coroutine function, got"):
        rds_export_tasks.override("CancelExportTask", function)
