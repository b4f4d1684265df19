"""``write_files``: when exports write what, seen in a bucket of moto and in folders."""

import json
import threading
import time
from pathlib import Path

import pytest

from helpers.calls import cancel, described, start
from helpers.errors import raises_exactly
from helpers.exported import BUCKET, all_keys, keys_below, keys_of, table_keys
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
    head = s3.head_object(Bucket=BUCKET, Key="nightly/export_info_nightly.json")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "1234abcd")


def test_time_format(rds_export_tasks, tmp_path):
    """With ``iso`` the times of export_info are the API's."""
    rds_export_tasks.write_files(tmp_path, time_format="iso")
    rds_export_tasks.seed("nightly", status="COMPLETE", task_end_time="2026-01-02T03:04:05.678Z")
    info = json.loads((tmp_path / BUCKET / "nightly/export_info_nightly.json").read_text())
    assert info["taskEndTime"] == "2026-01-02T03:04:05.678Z"


def test_polls(client, rds_export_tasks, tmp_path):
    """A task that follows polls writes at the poll that shows it."""
    rds_export_tasks.write_files(tmp_path, tables=[CUSTOMERS, ORDERS, USERS])
    rds_export_tasks.seed("nightly", status="STARTING", timeline=Polls(starting=1, in_progress=3))
    seen = []
    for _ in range(5):
        percent = described(client)["PercentProgress"]
        seen.append((percent, len(keys_below(tmp_path)) / 2))
    assert seen == [(0, 0), (0, 0), (33, 0), (66, 1), (100, 4)]


@pytest.mark.parametrize(
    ("percent", "tables"), [(33, ()), (34, (CUSTOMERS,)), (67, (CUSTOMERS, ORDERS)), (99, (CUSTOMERS, ORDERS))]
)
def test_move_to(rds_export_tasks, tmp_path, percent, tables):
    """``move_to`` with a progress writes the tables up to it."""
    rds_export_tasks.write_files(tmp_path, tables=[CUSTOMERS, ORDERS, USERS])
    task = rds_export_tasks.seed("nightly", status="STARTING", timeline=Stuck())
    task.move_to("IN_PROGRESS", percent_progress=percent)
    assert keys_below(tmp_path) == table_keys(*tables)
    task.move_to("COMPLETE")
    assert keys_below(tmp_path) == all_keys(CUSTOMERS, ORDERS, USERS)


@pytest.mark.parametrize("steps", [1, 12])
def test_cancel(client, rds_export_tasks, rds_export_clock, folder, steps):
    """After a cancel there is what was there, however often the clock was moved."""
    start(client)
    rds_export_clock.tick(minutes=23)
    cancel(client)
    for _ in range(steps):
        rds_export_clock.tick(minutes=12 / steps)
    assert rds_export_tasks["nightly"].status == "CANCELED"
    assert keys_below(folder) == table_keys(CUSTOMERS)


@pytest.mark.parametrize("steps", [1, 15])
def test_failure(client, rds_export_tasks, rds_export_clock, tmp_path, steps):
    """A failure after extraction leaves all tables but the last, however often the clock was moved."""
    rds_export_tasks.write_files(tmp_path, tables=[CUSTOMERS, ORDERS, USERS])
    rds_export_tasks.seed("nightly", status="STARTING", timeline=Timeline(outcome="FAILED"))
    for _ in range(steps):
        rds_export_clock.tick(minutes=25 / steps)
    assert keys_below(tmp_path) == table_keys(CUSTOMERS, ORDERS)
    assert rds_export_tasks["nightly"].status == "FAILED"


@pytest.mark.parametrize("move", ["tick", "move_to", "sleep"])
def test_clock(rds_export_tasks, rds_export_clock, folder, move):
    """Each way to move the clock brings the bucket up to date without a read."""
    rds_export_tasks.seed("nightly")
    moves = {
        "tick": lambda: rds_export_clock.tick(minutes=3),
        "move_to": lambda: rds_export_clock.move_to("2026-01-01T00:03Z"),
        "sleep": lambda: time.sleep(180),
    }
    moves[move]()
    assert keys_below(folder) == table_keys(CUSTOMERS)


def test_clock_after_the_end(rds_export_clock, tmp_path):
    """A clock that moves after the fake has ended writes nothing."""
    with fake_rds_export("nightly") as tasks:
        tasks.write_files(tmp_path)
    rds_export_clock.tick(minutes=5)
    assert list(tmp_path.iterdir()) == []


def test_regions(rds_export_tasks, rds_export_clock, folder):
    """The exports of every region write, also those of a region that is first used later."""
    for region in ("us-east-1", "eu-west-1"):
        rds_export_tasks.in_region(region).seed("nightly", s3_bucket=region)
    rds_export_clock.tick(minutes=5)
    for region in ("us-east-1", "eu-west-1"):
        assert keys_below(folder, region) == all_keys(CUSTOMERS, ORDERS)


def test_threads(rds_export_tasks, client, monkeypatch, folder):
    """Threads that read one task at once write each file once."""
    rds_export_tasks.seed("nightly", status="STARTING", timeline=Polls(starting=0, in_progress=50))
    written = []
    write_bytes = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda path, body: written.append(path) or write_bytes(path, body))
    threads = [threading.Thread(target=lambda: [described(client) for _ in range(10)], daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert keys_below(folder) == all_keys(CUSTOMERS, ORDERS)
    assert len(written) == 6


@pytest.mark.parametrize(
    ("status", "fields", "keys"),
    [
        ("STARTING", {}, []),
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
    freeze_time = pytest.importorskip("freezegun").freeze_time
    with fake_rds_export() as tasks:
        tasks.write_files(tmp_path, time_format="iso")
        tasks.seed("nightly", status="COMPLETE")
        with freeze_time("2020-01-01"):
            end = tasks["nightly"].task_end_time
    info = json.loads((tmp_path / BUCKET / "nightly/export_info_nightly.json").read_text())
    assert info["taskEndTime"] == end.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_running_before(rds_export_tasks, tmp_path):
    """An export that has advanced unread before ``write_files`` has the files of its progress now."""
    freeze_time = pytest.importorskip("freezegun").freeze_time
    with freeze_time("2026-01-01") as frozen:
        rds_export_tasks.seed("nightly")
        frozen.tick(180)
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


def test_export_only(client, rds_export_tasks, rds_export_clock, tmp_path):
    """ExportOnly narrows the tables."""
    rds_export_tasks.write_files(tmp_path, tables=[ORDERS, "crm.public.people", "crm.audit.log"])
    start(client, ExportOnly=["crm.public"])
    rds_export_clock.tick(minutes=25)
    assert keys_below(tmp_path)[:2] == [
        f"nightly/crm/public.people/1/{name}" for name in ("_SUCCESS", "part-00000.parquet")
    ]


def test_skipped(client, rds_export_tasks, rds_export_clock, tmp_path):
    """A skipped table is named by WarningMessage, and only when the export is COMPLETE."""
    tables = [ORDERS, ExportedTable("shop.audit", warning="PERMISSIONS_DO_NOT_EXIST")]
    rds_export_tasks.write_files(tmp_path, tables=tables)
    start(client)
    rds_export_clock.tick(minutes=24)
    assert "WarningMessage" not in described(client)
    rds_export_clock.tick(minutes=1)
    assert described(client)["WarningMessage"] == (
        '{"skippedTables":[{"target":"shop.shop.audit","reason":"PERMISSIONS_DO_NOT_EXIST"}],"skippedObjectives":[],'
        '"general":[]}'
    )


def test_skipped_of_a_seeded_export(rds_export_tasks, tmp_path):
    """A seeded COMPLETE export has the warning as well, unless one is given."""
    rds_export_tasks.write_files(tmp_path, tables=[ExportedTable("shop.audit", warning="OLD")])
    rds_export_tasks.seed("given", status="COMPLETE", warning_message="mine")
    assert json.loads(rds_export_tasks.seed("nightly", status="COMPLETE").warning_message)["skippedTables"] == [
        {"target": "shop.shop.audit", "reason": "OLD"}
    ]
    assert rds_export_tasks["given"].warning_message == "mine"


def test_warning_of_the_timeline(rds_export_tasks, tmp_path):
    """A timeline's own warning_message replaces that of the skipped tables."""
    rds_export_tasks.write_files(tmp_path, tables=[ExportedTable("shop.audit", warning="OLD")])
    task = rds_export_tasks.seed("nightly", timeline=Timeline(in_progress=0, warning_message="mine"))
    assert (task.status, task.warning_message) == ("COMPLETE", "mine")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"to": None}, TypeError, "to must be a boto3 S3 client or a pathlib.Path, got None"),
        ({"tables": ORDERS}, ValueError, "tables must be a list of names and ExportedTables, got 'shop.orders'"),
        ({"tables": {}}, ValueError, "tables must be a list of names and ExportedTables, got {}"),
        (
            {"tables": [ORDERS, ExportedTable(ORDERS)]},
            ValueError,
            "tables must be different, got 'shop.orders' twice",
        ),
        ({"time_format": "unix"}, ValueError, "time_format must be 'text' or 'iso', got 'unix'"),
    ],
)
def test_refused_arguments(rds_export_tasks, tmp_path, arguments, error, message):
    """A wrong argument is refused with the value, and nothing is written afterwards."""
    with raises_exactly(error, message):
        rds_export_tasks.write_files(**{"to": tmp_path, **arguments})
    rds_export_tasks.seed("nightly", status="COMPLETE")
    assert list(tmp_path.iterdir()) == []
