"""The chain of a nightly backup under the clock: create, wait 25 minutes, export, wait, delete."""

from __future__ import annotations

import statistics
import time
from datetime import timedelta

from _clients import client
from _measure import median_of, record, side_by_side
from pytest_rds_export import SnapshotTimeline, Timeline, fake_rds_export
from pytest_rds_export._clock import frozen_clock

_DESCRIBES = 60
_EXPORT = {
    "ExportTaskIdentifier": "nightly",
    "SourceArn": "arn:aws:rds:us-east-1:123456789012:snapshot:nightly",
    "S3BucketName": "backups",
    "IamRoleArn": "arn:aws:iam::123456789012:role/export",
    "KmsKeyId": "key",
}


def chain() -> None:
    """Measure the chain, which describes 60 times, in the cost of one describe."""
    rds = client()
    minutes = timedelta(minutes=1)
    slow = SnapshotTimeline(creating=25 * minutes)
    short = Timeline(starting=0, in_progress=4 * minutes)

    def back_up() -> None:
        described = 1
        rds.create_db_snapshot(DBSnapshotIdentifier="nightly", DBInstanceIdentifier="orders")
        while rds.describe_db_snapshots(DBSnapshotIdentifier="nightly")["DBSnapshots"][0]["Status"] != "available":
            described += 1
            time.sleep(30)
        rds.start_export_task(**_EXPORT)
        while True:
            described += 1
            status = rds.describe_export_tasks(ExportTaskIdentifier="nightly")["ExportTasks"][0]["Status"]
            if status == "COMPLETE":
                break
            time.sleep(30)
        rds.delete_db_snapshot(DBSnapshotIdentifier="nightly")
        assert described == _DESCRIBES, described

    def describes(runs: int) -> float:
        """Return the seconds of one describe of a snapshot, the mean of as many as the chain has."""

        def loop() -> None:
            for _ in range(_DESCRIBES):
                rds.describe_db_snapshots(DBSnapshotIdentifier="nightly")

        with fake_rds_export() as registry, frozen_clock():
            registry.seed_snapshot("nightly")
            return median_of(runs, loop) / _DESCRIBES

    def whole(runs: int) -> float:
        times = []
        for _ in range(runs):
            with fake_rds_export(timeline=short, snapshot_timeline=slow), frozen_clock():
                times.append(median_of(1, back_up))
        return statistics.median(times)

    _, measured = side_by_side("the chain of a backup", {"one describe": describes, "chain": whole}, blocks=15, runs=3)
    record(
        f"create, wait 25 minutes, export, wait, delete with {_DESCRIBES} describes and 3 other calls, "
        "compared with one describe of a snapshot",
        measured.ratio,
        at_most=80,
    )


if __name__ == "__main__":
    chain()
