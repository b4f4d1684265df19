"""Measure several contenders in short blocks, in turn, so that a noisy machine affects all of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import NamedTuple

from freezegun import api

Contender = Callable[[int], float]
"""Takes the number of runs of a block, measures them, and returns the median seconds of one run."""


class Row(NamedTuple):
    """One contender: its median time in microseconds, and its ratio to the first."""

    name: str
    microseconds: float
    ratio: float


def median_of(runs: int, run: Callable[[], object]) -> float:
    """Return the median seconds of one run."""
    times = []
    for _ in range(runs):
        start = api.real_perf_counter()
        run()
        times.append(api.real_perf_counter() - start)
    return statistics.median(times)


def side_by_side(contenders: dict[str, Contender], *, blocks: int, runs: int) -> list[Row]:
    """Measure all contenders block by block, in turn. Each ratio is the median of the ratios of its blocks."""
    for contender in contenders.values():
        contender(2)
    times: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for block in range(blocks):
        first = block % len(names)
        for name in names[first:] + names[:first]:
            times[name].append(contenders[name](runs))
    base = times[names[0]]
    return [
        Row(
            name,
            statistics.median(measured) * 1e6,
            statistics.median(ours / floor for ours, floor in zip(measured, base, strict=True)),
        )
        for name, measured in times.items()
    ]


def show(title: str, rows: list[Row]) -> None:
    """Print the rows as a table."""
    print(f"\n{title}")
    for row in rows:
        print(f"  {row.name:<46} {row.microseconds:>12,.1f} us   {row.ratio:>7.2f} x")
