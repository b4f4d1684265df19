"""Interrupt a context manager at each line of the package that it runs, and see what this leaves behind.

An exception can come between any two lines: Ctrl-C, a signal of pytest-timeout, a callback that the garbage collector
runs. A context manager that holds what is global must be left as if it had never been entered, wherever that happens.

    def test_nothing_stays():
        assert left_behind(frozen_clock, state) == {}

``state`` returns what must be the same afterwards, by a name for each; values are compared by ``==``.
"""

import sys
from collections import Counter
from pathlib import Path
from types import CodeType
from typing import NamedTuple

import pytest_rds_export

_PACKAGE = str(Path(pytest_rds_export.__file__).parent)


class Interruption(KeyboardInterrupt):
    """What is raised instead of a line."""


class Point(NamedTuple):
    """A line of a function that runs the so-many-th time."""

    code: CodeType
    line: int
    time: int

    def __str__(self):
        return f"{Path(self.code.co_filename).name}:{self.line}, time {self.time}"


def points(make):
    """Return the points at which ``with make(): pass`` can be interrupted: of a line, its first and its last time."""
    times = Counter()

    def count(frame):
        times[frame.f_code, frame.f_lineno] += 1

    _run(make, count)
    return [Point(code, line, time) for (code, line), last in times.items() for time in sorted({1, last})]


def left_behind(make, state):
    """Interrupt ``with make(): pass`` once at each of its points; return the names of what is different, by the point.

    After a point that makes entering impossible, the rest is not tried.
    """
    for _ in range(2):  # what is imported or cached at the first use is there
        _run(make, lambda frame: None)
    left = {}
    for point in points(make):
        before = dict(state())
        try:
            _run(make, _interrupting(point), point.code)
        except Interruption:
            pass
        except Exception as error:  # noqa: BLE001 - what an earlier point has left
            return {**left, str(point): [f"cannot be entered any more: {error!r}"]}
        after = state()
        changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        if changed:
            left[str(point)] = changed
    return left


def _interrupting(point):
    times = 0

    def interrupt(frame):
        nonlocal times
        if frame.f_lineno == point.line:
            times += 1
            if times == point.time:
                raise Interruption(str(point))

    return interrupt


def _run(make, at_line, only=None):
    def trace(frame, event, argument):
        if not frame.f_code.co_filename.startswith(_PACKAGE) or only not in (None, frame.f_code):
            return None
        if event == "line":
            at_line(frame)
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
