"""Many tasks, events or tables: time of a cancel, of a page, of seeding and of writing files, and memory."""

from __future__ import annotations

import gc
import itertools
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from _clients import canceling, client, describing
from _measure import Contender, median_of, record, side_by_side
from pytest_rds_export import fake_rds_export
from pytest_rds_export._rds.account import Account
from pytest_rds_export._rds.options import Options
from pytest_rds_export.types import ExportTaskRegistry

_MANY = 100_000
_numbers = itertools.count()


def add_tasks(registry: ExportTaskRegistry, count: int) -> None:
    """Seed so many tasks."""
    registry.seed_all(f"old-{index}" for index in range(count))


def add_events(registry: ExportTaskRegistry, count: int) -> None:
    """Let so many exports complete."""
    for task in registry.seed_all(f"past-{next(_numbers)}" for _ in range(count)):
        task.move_to("COMPLETE")


def among_many() -> None:
    """The same calls among few and many tasks, and after none and many events."""
    rds = client()
    calls = {"a cancel": (canceling, 1.05), "a page of 100 tasks": (describing, None)}
    for call, (make, past_bound) in calls.items():
        for things, add, counts, bound in (
            ("tasks", add_tasks, (100, _MANY), 1.2),
            ("past events", add_events, (0, 10_000), past_bound),
        ):
            contenders = {
                f"{count:,} {things}": make(rds, lambda tasks, add=add, count=count: add(tasks, count))
                for count in counts
            }
            few, many = contenders
            _, measured = side_by_side(call, contenders, blocks=6, runs=30)
            record(f"{call} with {many}, compared with {few}", measured.ratio, at_most=bound)


def event_pages() -> None:
    """Pages of 100 events, one after the other, of 100 events and of 100,000."""
    rds = client()

    def listing(count: int) -> Contender:
        def contender(runs: int) -> float:
            with fake_rds_export() as tasks:
                add_events(tasks, count)
                marker: dict[str, str] = {}

                def next_page() -> None:
                    page = rds.describe_events(**marker)
                    marker.clear()
                    marker.update({"Marker": page["Marker"]} if "Marker" in page else {})

                next_page()
                return median_of(runs, next_page)

        return contender

    contenders = {f"{count:,} events": listing(count) for count in (100, _MANY)}
    few, many = contenders
    _, measured = side_by_side("describe_events, a page of 100", contenders, blocks=2, runs=1000)
    record(f"a page of 100 of {many}, compared with {few}", measured.ratio, at_most=1.2)


def new_registry() -> ExportTaskRegistry:
    """Return a registry that no client uses."""
    return ExportTaskRegistry(Account(Options()))


def seeding() -> None:
    """Measure time and memory of a seeded task."""
    identifiers = [f"task-{index}" for index in range(_MANY)]

    def one_by_one() -> None:
        registry = new_registry()
        for identifier in identifiers:
            registry.seed(identifier)

    def once(run: Callable[[], object]) -> Contender:
        def contender(_runs: int) -> float:
            gc.collect()  # of the registry before, which is not this one's cost
            return median_of(1, run)

        return contender

    contenders = {"seed": once(one_by_one), "seed_all": once(lambda: new_registry().seed_all(identifiers))}
    found = side_by_side("seeding 100,000 tasks", contenders, blocks=5, runs=1)
    for name, measured in zip(contenders, found, strict=True):
        record(f"seeding one of 100,000 tasks with {name}", measured.seconds / _MANY * 1e6, "µs", at_most=10)
    tracemalloc.start()
    registry = new_registry()
    registry.seed_all(identifiers)
    record("memory of a seeded task", tracemalloc.get_traced_memory()[0] / _MANY / 1024, "KiB", at_most=1.5)
    for task in registry.values():
        _ = task.status
    used = tracemalloc.get_traced_memory()[0] / _MANY / 1024
    record("memory of a seeded task after its first access", used, "KiB", at_most=1.5)
    tracemalloc.stop()


def tables() -> None:
    """Measure the files of an export of 1,000 tables."""
    names = [f"shop.table_{number}" for number in range(1000)]

    def export() -> None:
        with tempfile.TemporaryDirectory() as folder, fake_rds_export() as tasks:
            tasks.write_files(Path(folder), tables=names)
            tasks.seed("nightly", status="COMPLETE")

    seconds = median_of(3, export)
    record("the files of 1,000 exported tables, into a folder", seconds, "s", at_most=1)


if __name__ == "__main__":
    for benchmark in (among_many, event_pages, seeding, tables):
        benchmark()
