"""100,000 tasks compared with 100: time of a cancel, of a page, of seeding, and memory."""

from __future__ import annotations

import itertools
import time
import tracemalloc

from _measure import median_of, show, side_by_side
from calls import client
from pytest_rds_export import ExportTaskRegistry, fake_rds_export
from pytest_rds_export._rds.account import Account
from pytest_rds_export._rds.options import Options

_MANY = 100_000
_names = itertools.count()


def sizes() -> None:
    """Measure the same calls in a small and in a large registry."""
    rds = client()
    identifiers = [f"old-{index}" for index in range(_MANY)]
    for title, call in (("cancel_export_task", "cancel"), ("describe_export_tasks, a page of 100", "describe")):

        def in_registry_of(count: int, call: str = call):  # noqa: ANN202
            def contender(runs: int) -> float:
                new = [f"new-{next(_names)}" for _ in range(runs + 1)]
                with fake_rds_export(*identifiers[:count]) as tasks:
                    tasks.seed_all(new)
                    following = iter(new)
                    if call == "describe":
                        rds.describe_export_tasks()
                        return median_of(runs, rds.describe_export_tasks)
                    rds.cancel_export_task(ExportTaskIdentifier=next(following))
                    return median_of(runs, lambda: rds.cancel_export_task(ExportTaskIdentifier=next(following)))

            return contender

        contenders = {"100 tasks": in_registry_of(100), "100,000 tasks": in_registry_of(_MANY)}
        show(title, side_by_side(contenders, blocks=6, runs=30))


def new_registry() -> ExportTaskRegistry:
    """Return a registry that no client uses."""
    return ExportTaskRegistry.of(Account(Options()).region())


def seeding() -> None:
    """Measure time and memory of a seeded task."""
    identifiers = [f"task-{index}" for index in range(_MANY)]
    registry = new_registry()
    start = time.perf_counter()
    for identifier in identifiers:
        registry.seed(identifier)
    print(f"\nseed: {(time.perf_counter() - start) / _MANY * 1e6:.2f} us a task")
    registry = new_registry()
    start = time.perf_counter()
    registry.seed_all(identifiers)
    print(f"seed_all: {(time.perf_counter() - start) / _MANY * 1e6:.2f} us a task")
    tracemalloc.start()
    registry = new_registry()
    registry.seed_all(identifiers)
    print(f"memory: {tracemalloc.get_traced_memory()[0] / _MANY:.0f} bytes a task when seeded", end="")
    for task in registry.values():
        _ = task.status
    print(f", {tracemalloc.get_traced_memory()[0] / _MANY:.0f} bytes after the first access")
    tracemalloc.stop()


if __name__ == "__main__":
    sizes()
    seeding()
