"""100,000 tasks or events compared with 100: time of a cancel, of a page, of seeding, and memory."""

from __future__ import annotations

import itertools
import time
import tracemalloc

from _measure import Contender, median_of, show, side_by_side
from calls import client
from pytest_rds_export import ExportTaskRegistry, fake_rds_export
from pytest_rds_export._rds.account import Account
from pytest_rds_export._rds.options import Options
from pytest_rds_export._rds.registry import registry_of

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


def add_events(registry: ExportTaskRegistry, count: int) -> None:
    """Let so many exports complete."""
    for task in registry.seed_all(f"past-{next(_names)}" for _ in range(count)):
        task.move_to("COMPLETE")


def past_events() -> None:
    """The same calls without a past event and with 10,000."""
    rds = client()

    def canceling(count: int) -> Contender:
        def contender(runs: int) -> float:
            new = [f"new-{next(_names)}" for _ in range(runs + 1)]
            with fake_rds_export(*new) as tasks:
                add_events(tasks, count)
                following = iter(new)
                rds.cancel_export_task(ExportTaskIdentifier=next(following))
                return median_of(runs, lambda: rds.cancel_export_task(ExportTaskIdentifier=next(following)))

        return contender

    def describing(count: int) -> Contender:
        def contender(runs: int) -> float:
            with fake_rds_export(*(f"new-{index}" for index in range(100))) as tasks:
                add_events(tasks, count)
                rds.describe_export_tasks()
                return median_of(runs, rds.describe_export_tasks)

        return contender

    for title, make in (("cancel_export_task", canceling), ("describe_export_tasks, a page of 100", describing)):
        contenders = {f"{count:,} past events": make(count) for count in (0, 10_000)}
        show(title, side_by_side(contenders, blocks=10, runs=100))


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
    show("describe_events, a page of 100", side_by_side(contenders, blocks=3, runs=1000))


def new_registry() -> ExportTaskRegistry:
    """Return a registry that no client uses."""
    return registry_of(Account(Options()).region())


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
    past_events()
    event_pages()
    seeding()
