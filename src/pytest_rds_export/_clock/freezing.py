"""Freeze time with the classes and functions of freezegun, in every module that has the real ones."""

from __future__ import annotations

import asyncio
import copyreg
import datetime as dt
import importlib
import sys
import threading
import time
import types
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

from .. import _real_sleep
from . import event_loops, sleeping
from .frozen_time import FrozenTime, active_clock, set_active_clock
from .trio_clock import replace_clock
from .undo import ABSENT, Undo

__tracebackhide__ = True

# freezegun itself, what is frozen in another way, and the modules of ours that have the real functions.
_LEFT_ALONE = ("datetime.", "_datetime.", "_pydatetime.", "freezegun.", f"{__package__}.", f"{_real_sleep.__name__}.")

# Who has these has taken them from freezegun on purpose.
_NAMES_OF_FREEZEGUN = ("FakeDatetime", "FakeDate")

# The dictionary of a module that has an attribute of that name of its own, or loads itself when it is asked for one.
_namespace: Any = vars(types.ModuleType)["__dict__"]


def freeze(clock: FrozenTime, undo: Undo) -> None:
    """Freeze time at the clock's. freezegun's own start runs code of modules that are imported lazily."""
    from freezegun import api

    undo.call(partial(set_active_clock, None))
    set_active_clock(clock)
    lists: list[list[Any]] = [api.freeze_factories, api.tz_offsets, api.ignore_lists, api.tick_flags]
    undo.call(partial(_unregister, clock, lists))
    for each, entry in zip(lists, (clock.factory, timedelta(0), (), False), strict=True):
        each.append(entry)
    undo.set(copyreg.dispatch_table, api.real_datetime, api.pickle_fake_datetime)
    undo.set(copyreg.dispatch_table, api.real_date, api.pickle_fake_date)
    for name in (api.uuid_generate_time_attr, "_UuidCreate", "_last_timestamp"):
        undo.set(vars(uuid), name, None)
    names = _Names(clock, undo)
    undo.call(names.restore_in_new)
    _replace_classes(undo, names.replace_in_new)
    names.replace_in_new()
    event_loops.replace(clock, undo)


def _unregister(clock: FrozenTime, lists: list[list[Any]]) -> None:
    # The clock was the first one. Its factory is removed last: it says whether the others are still there.
    for each in reversed(lists):
        del each[: int(lists[0][:1] == [clock.factory])]


class _Names:
    """The names of real functions and classes in all modules, also in those that are imported under the clock."""

    def __init__(self, clock: FrozenTime, undo: Undo) -> None:
        from freezegun import api

        self._clock = clock
        self._undo = undo
        self._known: set[str] = set()
        self._at_start = set(sys.modules)
        # One of ours may have been left behind by a test's monkeypatch that was undone after the clock had ended.
        if time.sleep is sleeping.sleep:
            clock.found_sleep = _real_sleep.REAL_SLEEP
        if asyncio.sleep is event_loops.sleep:
            clock.found_asyncio_sleep = event_loops.REAL_SLEEP
        pairs = [
            *sleeping.readings(),
            (_real_sleep.REAL_SLEEP, sleeping.sleep),
            (clock.found_sleep, sleeping.sleep),
            (event_loops.REAL_SLEEP, event_loops.sleep),
            (clock.found_asyncio_sleep, event_loops.sleep),
            (api.real_datetime, api.FakeDatetime),
            (api.real_date, api.FakeDate),
        ]
        # Of one of ours the real one is restored, which is first.
        self._pairs = {id(each): (real, ours) for real, ours in reversed(pairs) for each in (real, ours)}

    def replace_in_new(self) -> None:
        """Replace the real ones in the modules that were not there the last time."""
        if active_clock() is not self._clock:
            return
        names = set(sys.modules) - self._known
        for namespace, name, (real, ours) in self._find(names):
            self._undo.set(namespace, name, ours, real)
        self._known |= names
        replace_clock(self._clock, self._undo)

    def restore_in_new(self) -> None:
        """Restore what modules that were imported under the clock have taken from other modules."""
        for namespace, name, (real, _) in self._find(set(sys.modules) - self._at_start):
            namespace[name] = real

    def _find(self, modules: Iterable[str]) -> Iterable[tuple[dict[str, Any], str, tuple[Any, Any]]]:
        for module_name in modules:
            module = sys.modules.get(module_name)
            if (
                not issubclass(type(module), types.ModuleType)
                or f"{module_name}.".startswith(_LEFT_ALONE)
                or not self._clock.applies_in(module_name)
            ):
                continue
            namespace = _namespace.__get__(module)
            if not self._pairs.keys().isdisjoint(map(id, list(namespace.values()))):
                for name, value in list(namespace.items()):
                    if id(value) in self._pairs and name not in _NAMES_OF_FREEZEGUN:
                        yield namespace, name, self._pairs[id(value)]


def _replace_classes(undo: Undo, imported: Callable[[], None]) -> None:
    """Replace the classes of the module ``datetime`` for all but the threads that are importing something.

    A compiled module, such as pyarrow's, takes the layout of the classes that it finds when it is loaded: with others
    it crashes. pydantic and its like keep for ever which classes they have found.

    *imported* is called after each import of something that was not loaded before.
    """
    from freezegun import api

    importing: set[int] = set()
    real = {"datetime": api.real_datetime, "date": api.real_date}
    frozen = {"datetime": api.FakeDatetime, "date": api.FakeDate}

    def __getattr__(name: str) -> Any:  # noqa: N807 - of a module
        if name not in frozen:
            raise AttributeError(f"module 'datetime' has no attribute {name!r}")
        return (real if threading.get_ident() in importing else frozen)[name]

    bootstrap: Any = importlib._bootstrap  # noqa: SLF001 - see below
    # Python calls this function for what is not in sys.modules, and no other. A finder sees how an import begins only.
    find_and_load = bootstrap._find_and_load  # noqa: SLF001

    @contextmanager
    def importing_here() -> Iterator[None]:
        thread = threading.get_ident()
        if thread in importing:
            yield
            return
        importing.add(thread)
        try:
            yield
        finally:
            importing.discard(thread)
            imported()

    _find_and_load: Any = importing_here()(find_and_load)
    # warnings and tracebacks of imports leave out what Python itself does, which they know by the name of its file.
    _find_and_load.__code__ = _find_and_load.__code__.replace(co_filename=find_and_load.__code__.co_filename)
    undo.set(vars(bootstrap), "_find_and_load", _find_and_load)
    undo.set(vars(dt), "__getattr__", __getattr__)
    for name, value in frozen.items():
        undo.set(vars(dt), name, value, real[name])  # a test's monkeypatch may restore it when the name is absent
        undo.set(vars(dt), name, ABSENT)
