"""moto alongside: what it adds to a cancel, and what a suite costs whose snapshots are moto's."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import moto

from _clients import START, cancel, canceling, client
from _measure import Contender, median_of, record, side_by_side
from pytest_rds_export import fake_rds_export


def cancels() -> None:
    """Measure one cancel_export_task, with moto on and off."""
    rds = client()
    alone = canceling(rds)

    def alongside(runs: int) -> float:
        with moto.mock_aws():
            return alone(runs)

    _, both = side_by_side("cancel_export_task", {"alone": alone, "with moto on": alongside}, blocks=60, runs=50)
    record("one cancel with moto on, compared with moto off", both.ratio, at_most=1.15)


def suite() -> None:
    """Measure a suite of 100 tests, each of which makes its snapshot in moto and exports it."""
    rds = client()

    def snapshot() -> str:
        rds.create_db_instance(
            DBInstanceIdentifier="orders", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20
        )
        made = rds.create_db_snapshot(DBSnapshotIdentifier="nightly", DBInstanceIdentifier="orders")
        return made["DBSnapshot"]["DBSnapshotArn"]

    def export(**source: str) -> None:
        rds.start_export_task(ExportTaskIdentifier="nightly", **{**START, **source})
        rds.describe_export_tasks(ExportTaskIdentifier="nightly")
        cancel(rds)

    def with_moto() -> None:
        with moto.mock_aws():
            snapshot()

    def with_ours() -> None:
        with fake_rds_export():
            export()

    def with_one_after_the_other() -> None:
        with_moto()
        with_ours()

    def with_both() -> None:
        with moto.mock_aws(), fake_rds_export():
            export(SourceArn=snapshot())

    def measured(test: Callable[[], Any]) -> Contender:
        return lambda runs: median_of(runs, test)

    contenders = {
        "moto's part, then ours": measured(with_one_after_the_other),
        "both at once": measured(with_both),
        "moto's part": measured(with_moto),
        "our part": measured(with_ours),
    }
    _, both, *_ = side_by_side("one of 100 tests that export a snapshot of moto", contenders, blocks=40, runs=10)
    what = "one of 100 tests that export a snapshot of moto, compared with each part alone"
    record(what, both.ratio, at_most=1.02)


if __name__ == "__main__":
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    for benchmark in (cancels, suite):
        benchmark()
