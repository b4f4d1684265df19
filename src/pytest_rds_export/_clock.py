"""The clock: freezegun, and sleeping without waiting."""

from __future__ import annotations

import datetime as dt
import inspect
import math
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from numbers import Real
from types import FunctionType
from typing import Any, TypeVar

from ._messages import unknown_name
from ._model import milliseconds, to_datetime
from ._sleep import REAL_SLEEP

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
LIMIT = timedelta(days=7)

# Who keeps the real clock: pytest's own durations, and waits whose time-outs would hang or expire at once, because
# they watch a thread or a process that lives in real time. freezegun leaves threading, queue and multiprocessing alone.
_REAL_TIME = ("_pytest.timing", "concurrent.futures", "subprocess")
_REAL_SLEEP = frozenset({"_pytest.timing", "subprocess", "multiprocessing", "execnet", "xdist", __name__})
_REAL_SLEEP_INSIDE = tuple(f"{name}." for name in _REAL_SLEEP)

_PARTS = ("weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds")

_SleepT = TypeVar("_SleepT", bound=Callable[..., Any])

_active: ExportClock | None = None
_on_move: list[Callable[[], object]] = []


class EndlessWait(BaseException):
    """Sleeping went on beyond the limit of frozen time. No ``except Exception`` of a polling loop swallows it."""

    __module__ = "pytest_rds_export"


def now() -> datetime:
    """The time in UTC, as the test sees it, cut to milliseconds."""
    # Asked of the module, which freezegun changes also for who is not in sys.modules.
    return milliseconds(dt.datetime.now(timezone.utc))


def frozen_by() -> str | None:
    """The library that holds the clock, if one does."""
    freezegun = sys.modules.get("freezegun.api")
    if freezegun is not None and freezegun.freeze_factories:
        return "freezegun"
    # A module of the user's own may have that name.
    hatch = getattr(sys.modules.get("time_machine"), "escape_hatch", None)
    if hatch is not None and hatch.is_travelling():
        return "time-machine"
    return None


def is_frozen() -> bool:
    """Whether a library holds the clock."""
    return frozen_by() is not None


def pause(seconds: float) -> None:
    """Let the back-off before a retry pass without waiting: on a frozen clock by moving it."""
    clock = _active
    if clock is not None and clock.moves_here():
        clock.sleep(seconds)


class ExportClock:
    """A clock that stands still until it is moved, frozen by freezegun.

    ``time.sleep`` and ``asyncio.sleep`` move it by their own length and return at once. Threads that were alive
    before it began sleep for real. Once the sleeps add up to more than its limit, a sleep raises ``EndlessWait``, so
    that a loop that polls for ever does not hang the test run.
    """

    def __init__(self, factory: Any, limit: timedelta) -> None:
        self._factory = factory
        self._limit = limit
        self._slept = timedelta(0)
        self._lock = threading.Lock()
        self._own = threading.current_thread()
        self._before = set(threading.enumerate()) - {self._own}

    @property
    def now(self) -> datetime:
        """The frozen time, an aware ``datetime`` in UTC."""
        found: datetime = self._factory().replace(tzinfo=timezone.utc)
        return found

    def tick(self, **parts: float) -> datetime:
        """Move the clock by the given parts of a ``timedelta``, such as ``minutes=5``, and give the new time.

        A negative part moves it back. Raises ``TypeError`` for an unknown part and if there is none.
        """
        for name in parts:
            if name not in _PARTS:
                raise TypeError(unknown_name("part of a timedelta", name, _PARTS))
        if not parts:
            raise TypeError("tick needs to know how far, such as tick(minutes=5)")
        return self._move(timedelta(**parts))

    def move_to(self, when: datetime | str) -> datetime:
        """Set the clock to an aware ``datetime`` or an ISO 8601 text with an offset, and give the new time.

        Raises ``ValueError`` for anything else.
        """
        target = to_datetime("when", when)
        return self._move(target - self.now)

    def sleep(self, seconds: float) -> None:
        """Move the clock by the length of a sleep."""
        endless = seconds > self._limit.total_seconds()
        step = self._limit if endless else timedelta(seconds=float(seconds))
        self._slept += step
        if endless or self._slept > self._limit:
            raise EndlessWait(
                f"the code under test has slept for more than {self._limit} of frozen time; the export it waits for "
                "seems never to end (another limit: @pytest.mark.rds_export_clock(limit=timedelta(...)))"
            )
        self._move(step)

    def moves_here(self) -> bool:
        """Whether a sleep of the current thread moves the clock: the clock's own thread, and those made since."""
        return threading.current_thread() not in self._before

    def _move(self, step: timedelta) -> datetime:
        from freezegun import api

        with self._lock:
            if not api.freeze_factories or api.freeze_factories[-1] is not self._factory:
                raise RuntimeError(_COMBINE.format(library="another freeze_time"))
            self._factory.tick(step)
        for call in _on_move.copy():
            call()
        return self.now

    def __repr__(self) -> str:
        return f"<ExportClock at {self.now.isoformat()}, {self._slept} slept>"


@contextmanager
def calling_on_move(call: Callable[[], object]) -> Iterator[None]:
    """Call *call* after each move of an ``ExportClock``, in the thread that moves it, while the block runs."""
    _on_move.append(call)
    try:
        yield
    finally:
        _on_move.remove(call)


_COMBINE = (
    "rds_export_clock freezes time itself, and {library} holds the clock as well: leave rds_export_clock out and steer "
    "the timelines with {library}, or leave {library} out and set the start with @pytest.mark.rds_export_clock(start)"
)


def settings(start: datetime | str = START, limit: timedelta = LIMIT) -> tuple[datetime, timedelta]:
    """Where a clock starts, and after how much frozen time it stops what sleeps on.

    Raises ``ValueError`` for a value that is not allowed.
    """
    __tracebackhide__ = True
    if not isinstance(limit, timedelta) or limit <= timedelta(0):
        raise ValueError(f"limit is a positive timedelta such as timedelta(hours=2), got {limit!r}")
    return to_datetime("start", start), limit


@contextmanager
def frozen_clock(start: datetime | str = START, limit: timedelta = LIMIT) -> Iterator[ExportClock]:
    """Freeze time at *start*, and have sleeps move it; afterwards clock and sleeps are what they were.

    Raises ``ValueError`` as ``settings`` does, ``RuntimeError`` where another library already holds the clock.
    """
    global _active
    start, limit = settings(start, limit)
    library = frozen_by()
    if library is not None:
        raise RuntimeError(_COMBINE.format(library=library))
    from freezegun import freeze_time

    freezer = freeze_time(start, ignore=list(_REAL_TIME), real_asyncio=True)
    clock = ExportClock(freezer.start(), limit)
    moved: list[tuple[dict[str, Any], str, Any, Any]] = []
    try:
        _active = clock
        moved = _replace_sleeps(clock)
        yield clock
    finally:
        for namespace, name, ours, real in moved:
            if namespace.get(name) is ours:
                namespace[name] = real
        _active = None
        freezer.stop()


def _replace_sleeps(clock: ExportClock) -> list[tuple[dict[str, Any], str, Any, Any]]:
    """Put moving sleeps wherever a module holds a real one; what was put where, to be taken back."""
    replacements = {}
    for held, moving in _sleeps():
        real = vars(held).get("outlived", held) if isinstance(held, FunctionType) else held
        replacements[id(held)] = replacements[id(real)] = real, moving(clock, real)
    done = []
    for module_name, module in list(sys.modules.items()):
        if _sleeps_for_real(module_name):
            continue
        namespace = getattr(module, "__dict__", None)
        if not isinstance(namespace, dict):
            continue
        for name in _holding_sleeps(module_name, namespace, replacements):
            real, ours = replacements[id(namespace[name])]
            namespace[name] = ours
            done.append((namespace, name, ours, real))
    return done


# Of each installed module's namespace: how large it was when it was last looked through, and the names of sleeps in it.
# Looking through all costs half of what freezegun's start does. A user's own modules are looked through each time: a
# test's stand-in may have been where the real sleep is now.
_looked_through: dict[str, tuple[int, int, tuple[str, ...]]] = {}
_INSTALLED = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


def _holding_sleeps(module_name: str, namespace: dict[str, Any], wanted: dict[int, Any]) -> tuple[str, ...]:
    known = _looked_through.get(module_name)
    if known is not None and known[:2] == (id(namespace), len(namespace)):
        return tuple(name for name in known[2] if id(namespace.get(name)) in wanted)
    values = list(map(id, namespace.values()))
    names: tuple[str, ...] = ()
    if not wanted.keys().isdisjoint(values):
        names = tuple(name for name, value in list(namespace.items()) if id(value) in wanted)
    if module_name in sys.builtin_module_names or str(namespace.get("__file__")).startswith(_INSTALLED):
        _looked_through[module_name] = (id(namespace), len(namespace), names)
    return names


def _sleeps_for_real(module_name: str) -> bool:
    return module_name in _REAL_SLEEP or module_name.startswith(_REAL_SLEEP_INSIDE)


def _sleeps() -> list[tuple[Any, Callable[[ExportClock, Any], Any]]]:
    """The sleeps in force, which may be a test's stand-ins, and the real ones, with what moves in their place."""
    import asyncio

    return [
        *((held, _moving_sleep) for held in {REAL_SLEEP, time.sleep}),
        *((held, _moving_asyncio_sleep) for held in {asyncio.tasks.sleep, asyncio.sleep}),
    ]


def _moving_sleep(clock: ExportClock, real: Callable[[float], None]) -> Callable[[float], None]:
    def sleep(seconds: float, /) -> None:
        if not _moves(clock, seconds):
            real(seconds)
            return
        clock.sleep(seconds)
        real(0)

    return _outliving(sleep, real)


def _moving_asyncio_sleep(clock: ExportClock, real: Callable[..., Any]) -> Callable[..., Any]:
    async def sleep(delay: float, result: Any = None) -> Any:
        if not _moves(clock, delay):
            return await real(delay, result)
        clock.sleep(delay)
        return await real(0, result)

    return _outliving(sleep, real)


def _outliving(sleep: _SleepT, real: object) -> _SleepT:
    """*sleep*, to be known for ours by a later clock: a user's monkeypatch may put it back after its own has ended."""
    sleep.outlived = real  # type: ignore[attr-defined]
    return sleep


def _moves(clock: ExportClock, seconds: Any) -> bool:
    """Whether a sleep moves *clock*.

    Not after the clock's end, in an older thread, in code that waits for something real, nor for what the real sleep
    refuses.
    """
    if _active is not clock or not isinstance(seconds, Real) or not clock.moves_here():
        return False
    if not 0 <= float(seconds) < math.inf:
        return False
    frame: Any = inspect.currentframe()
    caller: str = frame.f_back.f_back.f_globals.get("__name__", "")
    return not _sleeps_for_real(caller)
