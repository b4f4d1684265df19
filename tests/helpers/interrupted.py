"""Interrupt a context manager at each line of the package that it runs, and see what this leaves behind.

An exception can come between any two lines: Ctrl-C, a signal of pytest-timeout, a callback that the garbage collector
runs. A context manager that holds what is global must be left as if it had never been entered, wherever that happens.

    def test_nothing_stays():
        assert left_behind(frozen_clock, state) == {}

``state`` returns what must be the same afterwards, by a name for each; values are compared by ``==``.
"""

import itertools
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest_rds_export

_PACKAGE = str(Path(pytest_rds_export.__file__).parent)


class Interruption(KeyboardInterrupt):
    """What is raised instead of a line."""


def points(make: Callable[[], AbstractContextManager[Any]]) -> list[tuple[int, str]]:
    """Return the points at which entering and leaving can be interrupted: a number and the place in the code.

    Of a line that runs many times, as in a loop, these are its first and its last time.
    """
    seen: list[tuple[str, int]] = []
    _run(make, seen.append)
    first, last = {}, {}
    for number, place in enumerate(seen):
        first.setdefault(place, number)
        last[place] = number
    numbers = sorted({*first.values(), *last.values()})
    return [(number, f"{Path(seen[number][0]).name}:{seen[number][1]}") for number in numbers]


def left_behind(
    make: Callable[[], AbstractContextManager[Any]], state: Callable[[], Mapping[str, object]]
) -> dict[str, list[str]]:
    """Interrupt ``with make(): pass`` once at each of its points.

    Args:
        make: Returns a new context manager.
        state: Returns what must be the same after an interruption as before.

    Returns:
        For each point that leaves something, ``file:line (number)`` with the names of what is different. After a point
        that makes entering impossible, the rest is not tried.

    """
    for _ in range(2):  # what is imported or cached at the first use is there
        _run(make, lambda place: None)
    left = {}
    for number, place in points(make):
        before = dict(state())
        count = itertools.count()

        def interrupt(_: object, count: Any = count, number: int = number, place: str = place) -> None:
            if next(count) == number:
                raise Interruption(place)

        try:
            _run(make, interrupt)
        except Interruption:
            pass
        except Exception as error:  # noqa: BLE001 - what an earlier point has left
            return {**left, f"{place} ({number})": [f"cannot be entered any more: {error!r}"]}
        after = state()
        changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        if changed:
            left[f"{place} ({number})"] = changed
    return left


def _run(make: Callable[[], AbstractContextManager[Any]], at_line: Callable[[tuple[str, int]], None]) -> None:
    def trace(frame: Any, event: str, argument: object) -> Any:
        if not frame.f_code.co_filename.startswith(_PACKAGE):
            return None
        if event == "line":
            at_line((frame.f_code.co_filename, frame.f_lineno))
        return trace

    found = sys.gettrace()
    manager = make()
    try:
        sys.settrace(trace)
        # Not "with": no line of this function is one of the points.
        manager.__enter__()
        manager.__exit__(None, None, None)
    finally:
        sys.settrace(found)
