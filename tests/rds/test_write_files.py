"""``write_files``: when exports write what, seen in a bucket of moto and in folders."""

import json
import time
from pathlib import Path

import pytest
from freezegun import freeze_time

from helpers.calls import cancel, described, start
from helpers.errors import raises_exactly
from helpers.exported import BUCKET, all_keys, keys_below, keys_of, table_keys
from helpers.threads import at_once
from pytest_rds_export import ExportedTable, ExportTask, Polls, Stuck, Timeline, fake_rds_export

CUSTOMERS, ORDERS, USERS = "shop.customers", "shop.orders", "shop.users"


@pytest.fixture
def folder(tmp_path, rds_export_tasks):
    """A folder that the exports write to, after the default tables."""
    rds_export_tasks.write_files(tmp_path)
    return tmp_path


def test_s3(client, rds_export_tasks, rds_export_clock, s3):
    """A started export writes to the bucket as the clock passes its phases."""
    rds_export_tasks.write_files(s3)
    start(client)
    assert keys_of(s3) == []
    for minutes, keys in [(20, []), (2, []), (1, table_keys(CUSTOMERS)), (1, table_keys(CUSTOMERS))]:
        time.sleep(60 * minutes)
        assert keys_of(s3) == keys
    time.sleep(60)
    assert keys_of(s3) == all_keys(CUSTOMERS, ORDERS)
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    for key in keys:
        head = s3.head_object(Bucket=BUCKET, Key=key)
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "1234abcd")
    part = s3.get_object(Bucket=BUCKET, Key=keys[-1])["Body"].read()
    assert part == ExportedTable(ORDERS).parts[0]


def test_polls(client, rds_export_tasks, tmp_path):
    """A task that follows polls writes at the poll that shows it."""
    rds_export_tasks.write_files(tmp_path, tables=[CUSTOMERS, ORDERS, USERS])
    rds_export_tasks.seed("nightly", status="STARTING", timeline=Polls(starting=1, in_progress=3))
    seen = []
    for _ in range(5):
        percent = described(client)["PercentProgress"]
        seen.append((percent, len(keys_below(tmp_path)) / 2))
    assert seen == [(0, 0), (0, 0), (33, 0), (66, 1), (100, 4)]


@pytest.mark.parametrize(("percent", "count"), [(0, 0), (33, 0), (34, 1), (66, 1), (67, 2), (99, 2), (100, 3)])
def test_move_to(rds_export_tasks, tmp_path, percent, count):
    """``move_to`` with a progress writes the tables up to it; the other files come at COMPLETE."""
    tables = [CUSTOMERS, ORDERS, USERS]
    rds_export_tasks.write_files(tmp_path, tables=tables)
    task = rds_export_tasks.seed("nightly", status="STARTING", timeline=Stuck())
    task.move_to("IN_PROGRESS", percent_progress=percent)
    assert keys_below(tmp_path) == table_keys(*tables[:count])
    task.move_to("COMPLETE")
    assert keys_below(tmp_path) == all_keys(*tables)


@pytest.mark.parametrize(
    ("timeline", "canceled", "tables", "status"),
    [
        (Timeline(), True, [CUSTOMERS], "CANCELED"),
        (Timeline(outcome="FAILED"), False, [CUSTOMERS, ORDERS], "FAILED"),
    ],
)
@pytest.mark.parametrize("steps", [1, 12])
def test_incomplete(client, rds_export_tasks, rds_export_clock, tmp_path, timeline, canceled, tables, status, steps):
    """A cancel leaves what was there, a failure all tables but the last, however often the clock was moved."""
    rds_export_tasks.write_files(tmp_path, tables=[CUSTOMERS, ORDERS, USERS])
    task = rds_export_tasks.seed("nightly", status="STARTING", timeline=timeline)
    rds_export_clock.tick(minutes=22)
    if canceled:
        cancel(client)
    for _ in range(steps):
        rds_export_clock.tick(minutes=12 / steps)
    assert keys_below(tmp_path) == table_keys(*tables)
    assert task.status == status


def test_clock_after_the_end(rds_export_clock, tmp_path):
    """A clock that moves after the fake has ended writes nothing."""
    with fake_rds_export("nightly") as tasks:
        tasks.write_files(tmp_path)
    rds_export_clock.tick(minutes=5)
    assert list(tmp_path.iterdir()) == []


def test_regions(rds_export_tasks, rds_export_clock, folder):
    """The exports of every region write as the clock moves, without a read, also those of a region used later."""
    for region in ("us-east-1", "eu-west-1"):
        rds_export_tasks.in_region(region).seed("nightly", s3_bucket=region)
    rds_export_clock.move_to("2026-01-01T00:05Z")
    for region in ("us-east-1", "eu-west-1"):
        assert keys_below(folder, region) == all_keys(CUSTOMERS, ORDERS)


def test_threads(rds_export_tasks, client, monkeypatch, folder):
    """Threads that read one task at once write each file once."""
    rds_export_tasks.seed("nightly", status="STARTING", timeline=Polls(starting=0, in_progress=50))
    written = []
    write_bytes = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda path, body: written.append(path) or write_bytes(path, body))
    at_once(*[lambda: [described(client) for _ in range(10)]] * 8)
    assert keys_below(folder) == all_keys(CUSTOMERS, ORDERS)
    assert len(written) == 6


@pytest.mark.parametrize(
    ("status", "fields", "keys"),
    [
        ("STARTING", {"percent_progress": 99}, []),
        ("IN_PROGRESS", {"percent_progress": 50}, table_keys(CUSTOMERS)),
        ("CANCELING", {"percent_progress": 50}, table_keys(CUSTOMERS)),
        ("CANCELED", {"percent_progress": 50}, table_keys(CUSTOMERS)),
        ("FAILED", {}, []),
        ("FAILED", {"percent_progress": 99}, table_keys(CUSTOMERS)),
        ("COMPLETE", {}, all_keys(CUSTOMERS, ORDERS)),
    ],
)
@pytest.mark.parametrize("first", ["seed", "write_files"])
def test_seeded(rds_export_tasks, tmp_path, first, status, fields, keys):
    """A seeded export has the files of its status and progress at once, whichever of the two comes first."""
    if first == "write_files":
        rds_export_tasks.write_files(tmp_path)
    rds_export_tasks.seed_all([ExportTask("nightly", status=status, **fields)])
    if first == "seed":
        rds_export_tasks.write_files(tmp_path)
    assert keys_below(tmp_path) == keys


def test_seeded_before_the_clock(tmp_path):
    """The times in the files of a seeded export are those that the API shows, also if the clock is frozen later."""
    with fake_rds_export() as tasks:
        tasks.write_files(tmp_path, time_format="iso")
        tasks.seed("nightly", status="COMPLETE")
        with freeze_time("2020-01-01"):
            end = tasks["nightly"].task_end_time
    info = json.loads((tmp_path / BUCKET / "nightly/export_info_nightly.json").read_text())
    assert info["taskEndTime"] == end.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_running_before(clock, rds_export_tasks, tmp_path):
    """An export that has advanced unread before ``write_files`` has the files of its progress now."""
    rds_export_tasks.seed("nightly")
    clock.tick(180)
    rds_export_tasks.write_files(tmp_path)
    assert keys_below(tmp_path) == table_keys(CUSTOMERS)


def test_second_call(rds_export_tasks, tmp_path):
    """A second call writes everything anew into the other place, with its own tables."""
    rds_export_tasks.write_files(tmp_path / "first")
    rds_export_tasks.seed("nightly", status="COMPLETE")
    rds_export_tasks.write_files(tmp_path / "second", tables=[USERS])
    rds_export_tasks.seed("weekly", status="COMPLETE", s3_bucket="weekly")
    assert keys_below(tmp_path / "first") == all_keys(CUSTOMERS, ORDERS)
    assert keys_below(tmp_path / "second") == all_keys(USERS)
    assert keys_below(tmp_path / "first", "weekly") == []


SKIPPED = '{"skippedTables":[{"target":"shop.shop.audit","reason":"OLD"}],"skippedObjectives":[],"general":[]}'


@pytest.fixture
def skips(rds_export_tasks, tmp_path):
    """The registry, after files are written of which one table is skipped."""
    rds_export_tasks.write_files(tmp_path, tables=[ORDERS, ExportedTable("shop.audit", warning="OLD")])
    return rds_export_tasks


def test_skipped(client, skips, rds_export_clock):
    """A skipped table is named by WarningMessage, and only when the export is COMPLETE."""
    start(client)
    rds_export_clock.tick(minutes=24)
    assert "WarningMessage" not in described(client)
    rds_export_clock.tick(minutes=1)
    assert described(client)["WarningMessage"] == SKIPPED


@pytest.mark.parametrize(
    ("seed", "warning"),
    [
        ({"status": "COMPLETE"}, SKIPPED),
        ({"status": "COMPLETE", "export_only": [ORDERS]}, None),
        ({"status": "COMPLETE", "warning_message": "mine"}, "mine"),
        ({"timeline": Timeline(in_progress=0, warning_message="mine")}, "mine"),
    ],
)
def test_skipped_of_a_seeded_export(skips, seed, warning):
    """A seeded COMPLETE export has the warning as well, unless ExportOnly leaves the table out or one is given."""
    task = skips.seed("nightly", **seed)
    assert (task.status, task.warning_message) == ("COMPLETE", warning)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tables": ORDERS}, "tables must be a list of names and ExportedTables, got 'shop.orders'"),
        ({"tables": {}}, "tables must be a list of names and ExportedTables, got {}"),
        ({"tables": [ORDERS, ExportedTable(ORDERS)]}, "tables must be different, got 'shop.orders' twice"),
        ({"time_format": "unix"}, "time_format must be 'text' or 'iso', got 'unix'"),
        ({"uuid_of": "file"}, "uuid_of must be 'export', 'table' or 'part', got 'file'"),
        ({"batch_folders": 1}, "batch_folders must be True or False, got 1"),
        (
            {"batch_folders": False, "tables": [ExportedTable(ORDERS, parts={(2, 0): b""})]},
            "batch_folders=False has no place for the parts ((2, 0),) of 'shop.orders'",
        ),
    ],
)
def test_refused_arguments(rds_export_tasks, tmp_path, arguments, message):
    """A wrong argument is refused with the value, and nothing is written afterwards."""
    with raises_exactly(ValueError, message):
        rds_export_tasks.write_files(tmp_path, **arguments)
    rds_export_tasks.seed("nightly", status="COMPLETE")
    assert list(tmp_path.iterdir()) == []
