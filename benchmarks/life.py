"""A long life: what grows over 20,000 uses, over 20,000 tests, and over 10,000 snapshots and their deliveries."""

from __future__ import annotations

import functools
import gc
import os
import sys
import tempfile
import threading
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import boto3
import pytest

from _clients import client
from _measure import record
from pytest_rds_export import SnapshotPolls, fake_rds_export, frozen_clock
from pytest_rds_export.types import ExportTaskRegistry

_USES = 20_000
# Caches of a limited size are full by then.
_WARM_UP = 5_000
_FIXTURES = {
    "an empty fixture": "def test_it(number, request): pass",
    "rds_export_tasks": "@pytest.mark.rds_export_tasks(snapshot_timeline=life.SnapshotPolls(creating=0))\n"
    "def test_it(number, rds_export_tasks): life.use(number, rds_export_tasks)",
}
_IN_ONE_FAKE = 10_000
_rds = client()


def use(number: int, tasks: ExportTaskRegistry) -> None:
    """Snapshot and export with deliveries; now and then make a client and move a clock."""
    tasks.deliver_events(handler)
    create_snapshot("orders")
    _rds.start_export_task(
        ExportTaskIdentifier="nightly",
        SourceArn="arn:aws:rds:us-east-1:123456789012:snapshot:orders",
        S3BucketName="exports",
        IamRoleArn="arn:aws:iam::123456789012:role/rds-export",
        KmsKeyId="alias/exports",
    )
    _rds.cancel_export_task(ExportTaskIdentifier="nightly")
    _rds.delete_db_snapshot(DBSnapshotIdentifier="orders")
    if number % 100 == 0:
        boto3.client("rds").describe_export_tasks()
        with frozen_clock() as clock:
            clock.tick(hours=1)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the event, which its delivery then has."""
    return event


def create_snapshot(name: str) -> None:
    """Create a snapshot and describe it, so that it is available."""
    _rds.create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier="orders")
    _rds.describe_db_snapshots(DBSnapshotIdentifier=name)


def measure() -> dict[str, int]:
    """Return the number of everything that could grow."""
    gc.collect()
    objects = gc.get_objects()
    caches = [found for found in objects if isinstance(found, functools._lru_cache_wrapper)]  # noqa: SLF001 - its type
    found = {
        "blocks of memory": sys.getallocatedblocks(),
        "objects": len(objects),
        "entries of functools caches": sum(cache.cache_info().currsize for cache in caches),
        "modules": len(sys.modules),
        "threads": threading.active_count(),
        "environment variables": len(os.environ),
    }
    if Path("/proc/self").exists():
        found["open files"] = len(list(Path("/proc/self/fd").iterdir()))
        resident = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        found["KiB of resident memory"] = int(resident) * os.sysconf("SC_PAGE_SIZE") // 1024
    return found


def growth(title: str, before: dict[str, int], after: dict[str, int]) -> dict[str, float]:
    """Return what grew between two measurements, for each use, and print it."""
    print(f"\n{title}, from {_WARM_UP:,} to {_USES:,}")
    found = {}
    for name, count in before.items():
        found[name] = (after[name] - count) / (_USES - _WARM_UP)
        print(f"  {name:<46} {count:>10,} -> {after[name]:>10,}   {found[name]:>+9.3f} each")
    return found


def loop() -> dict[str, float]:
    """Enter and leave ``fake_rds_export``."""
    before = {}
    for number in range(_USES):
        if number == _WARM_UP:
            before = measure()
        with fake_rds_export(snapshot_timeline=SnapshotPolls(creating=0)) as tasks:
            use(number, tasks)
    return growth("uses of fake_rds_export", before, measure())


def change_snapshots(count: int) -> None:
    """Create and delete so many snapshots in one fake, which delivers their three events."""
    with fake_rds_export(snapshot_timeline=SnapshotPolls(creating=0)) as tasks:
        tasks.deliver_events(handler)
        for number in range(count):
            create_snapshot(f"snapshot-{number}")
            _rds.delete_db_snapshot(DBSnapshotIdentifier=f"snapshot-{number}")
        assert len(tasks.deliveries) == len(tasks.events) >= 3 * count
        assert not tasks.snapshots


def forget_accounts() -> None:
    """Use ten fakes: so many are kept for the report of a failing test."""
    for _ in range(10):
        change_snapshots(1)


def one_fake() -> dict[str, float]:
    """Return what is left of a fake with 10,000 snapshots that were created and deleted, and 30,000 deliveries."""
    change_snapshots(_WARM_UP)
    forget_accounts()
    before = measure()
    change_snapshots(_IN_ONE_FAKE)
    forget_accounts()
    after = measure()
    print(f"\nleft of one fake with {_IN_ONE_FAKE:,} snapshots")
    for name, count in before.items():
        print(f"  {name:<46} {count:>10,} -> {after[name]:>10,}")
    return {name: (after[name] - count) / _IN_ONE_FAKE for name, count in before.items()}


class Probe:
    """A plugin that measures after so many tests."""

    def __init__(self) -> None:
        self.tests = 0
        self.found: list[dict[str, int]] = []

    def pytest_runtest_logfinish(self) -> None:
        """Measure after the warm-up and at the end."""
        self.tests += 1
        if self.tests in (_WARM_UP, _USES):
            self.found.append(measure())


def tests(fixture: str) -> dict[str, float]:
    """Run 20,000 tests with a fixture."""
    probe = Probe()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "test_life.py")
        parametrized = f"@pytest.mark.parametrize('number', range({_USES}))\n{_FIXTURES[fixture]}"
        path.write_text(f"import life\nimport pytest\n\n{parametrized}\n", encoding="utf-8")
        options = ["-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:terminal", "-p", "no:timeout"]
        assert pytest.main([*options, str(path)], [probe]) == 0
    return growth(f"tests with {fixture}", *probe.found)


def main() -> None:
    """Measure each in a process of its own."""
    with get_context("spawn").Pool(1, maxtasksperchild=1) as process:
        uses = process.apply(loop)
        left = process.apply(one_fake)
        bare, ours = (process.apply(tests, (fixture,)) for fixture in _FIXTURES)
    for name in ("objects", "blocks of memory"):
        record(f"{name} left by one of {_USES:,} uses", uses[name], "", at_most=0.1)
        what = f"{name} left by one of {_IN_ONE_FAKE:,} snapshots that were created and deleted in a fake"
        record(f"{what}, with three deliveries", left[name], "", at_most=0.1)
        what = f"{name} left by one of {_USES:,} tests, more than with an empty fixture"
        record(what, ours[name] - bare[name], "", at_most=0.1)


if __name__ == "__main__":
    main()
