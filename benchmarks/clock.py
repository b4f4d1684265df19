"""The export clock: its set-up compared with freezegun's, and a poll loop that sleeps."""

from __future__ import annotations

import time

from freezegun import freeze_time

from _clients import client
from _measure import median_of, record, side_by_side
from pytest_rds_export import Stuck, fake_rds_export, frozen_clock


def set_up() -> None:
    """Measure start and stop."""

    def freezegun() -> None:
        with freeze_time("2026-01-01", real_asyncio=True):
            pass

    def ours() -> None:
        with frozen_clock():
            pass

    contenders = {
        "freezegun": lambda runs: median_of(runs, freezegun),
        "rds_export_clock": lambda runs: median_of(runs, ours),
    }
    _, measured = side_by_side("start and stop of the clock", contenders, blocks=15, runs=10)
    record("start and stop of rds_export_clock, compared with freezegun", measured.ratio, at_most=1.3)


def polling() -> None:
    """Measure describe and sleep(30), 40 times."""
    rds = client()

    def one(runs: int) -> float:
        with fake_rds_export("nightly", timeline=Stuck()), frozen_clock():
            return median_of(runs, rds.describe_export_tasks)

    def loop(runs: int) -> float:
        def poll() -> None:
            for _ in range(40):
                rds.describe_export_tasks()
                time.sleep(30)

        with fake_rds_export("nightly", timeline=Stuck()), frozen_clock():
            return median_of(runs, poll)

    contenders = {"one describe_export_tasks": one, "40 of them, each with sleep(30)": loop}
    _, measured = side_by_side("a poll loop under the clock", contenders, blocks=8, runs=4)
    record("a poll loop of 40 describes and sleeps, compared with one describe", measured.ratio, at_most=60)


if __name__ == "__main__":
    set_up()
    polling()
