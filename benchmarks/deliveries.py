"""1,000 events: delivered to a function, and each passed to it by the test."""

from __future__ import annotations

import time
from typing import Any

from _clients import new_names
from _measure import record, side_by_side
from pytest_rds_export import fake_rds_export

_EVENTS = 1000


def handler(event: dict[str, Any], _context: object) -> str:
    return str(event["detail"]["EventID"])


def passed(runs: int) -> float:
    """Measure exports that end, and a loop over their events that calls the function."""
    with fake_rds_export() as tasks:
        exports = tasks.seed_all(new_names(runs * _EVENTS))
        start = time.process_time()
        for export in exports:
            export.move_to("COMPLETE")
        for event in tasks.events:
            handler(event.to_eventbridge(), None)
        return (time.process_time() - start) / runs


def delivered(runs: int) -> float:
    """Measure exports that end, whose events are delivered to the function."""
    with fake_rds_export() as tasks:
        exports = tasks.seed_all(new_names(runs * _EVENTS))
        tasks.deliver_events(handler)
        start = time.process_time()
        for export in exports:
            export.move_to("COMPLETE")
        return (time.process_time() - start) / runs


if __name__ == "__main__":
    contenders = {"events and to_eventbridge()": passed, "deliver_events": delivered}
    _, ours = side_by_side(
        "1,000 exports that end, and a function that has their events", contenders, blocks=20, runs=2
    )
    record("1,000 events delivered to a function, compared with to_eventbridge() and a call", ours.ratio, at_most=1.2)
