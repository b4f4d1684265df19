"""Measure contenders in short blocks, in turn, so that a noisy machine affects all of them; record the figures.

The clock is processor time. On a busy machine other processes interrupt a long run more often than a short one, so that
a ratio of elapsed times would depend on them. Nothing that is measured with it waits for anything.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROWS = "RDS_EXPORT_BENCHMARK_ROWS"
"""The environment variable with the path of the file that ``record`` appends to."""

Contender = Callable[[int], float]
"""Takes the number of runs of a block, measures them, and returns the median seconds of one run."""


class Measured(NamedTuple):
    """The median seconds of one run, and the medians over all blocks of its ratio and difference to the first."""

    seconds: float
    ratio: float
    difference: float


def median_of(runs: int, run: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    """Return the median seconds of one run."""
    times = []
    for _ in range(runs):
        start = clock()
        run()
        times.append(clock() - start)
    return statistics.median(times)


def side_by_side(title: str, contenders: dict[str, Contender], *, blocks: int, runs: int) -> list[Measured]:
    """Measure all contenders block by block, in turn, and print what was measured."""
    for contender in contenders.values():
        contender(2)
    times: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for block in range(blocks):
        first = block % len(names)
        for name in names[first:] + names[:first]:
            times[name].append(contenders[name](runs))
    print(f"\n{title}")
    found = []
    for name, measured in times.items():
        pairs = list(zip(measured, times[names[0]], strict=True))
        seconds = statistics.median(measured)
        ratio = statistics.median(ours / first for ours, first in pairs)
        found.append(Measured(seconds, ratio, statistics.median(ours - first for ours, first in pairs)))
        print(f"  {name:<46} {seconds * 1e6:>12,.1f} µs   {ratio:>7.2f} x")
    return found


def record(
    what: str,
    measured: float,
    unit: str = "x",
    *,
    at_most: float | None = None,
    at_least: float | None = None,
    moto: float | None = None,
    stubber: float | None = None,
) -> None:
    """Add a row to the table of ``run.py``; a script that runs alone prints the row."""
    bound, missed = "", False
    if at_most is not None:
        bound, missed = f"at most {at_most:g} {unit}".strip(), measured > at_most
    if at_least is not None:
        bound, missed = f"at least {at_least:g} {unit}".strip(), measured < at_least
    mark = " (missed)" if missed else ""
    row = [what, _format(measured, unit) + mark, bound, _format(moto, unit), _format(stubber, unit)]
    if ROWS in os.environ:
        with Path(os.environ[ROWS]).open("a", encoding="utf-8") as rows:
            rows.write(json.dumps(row) + "\n")
    else:
        print("  | " + " | ".join(row))


def _format(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    return f"{value:,.{2 if abs(value) < 100 else 0}f} {unit}".strip()
