"""Freeze time with the classes and functions of freezegun, in every module that has the real ones."""

from __future__ import annotations

import copyreg
import sys
import types
import uuid
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from .._real_sleep import REAL_SLEEP
from . import other_loops, sleeping
from .event_loops import EventLoops
from .frozen_time import FrozenTime, active_clock, set_active_clock
from .imports import replace_classes
from .real_time import is_in_real_time
from .trio_clock import replace_clock
from .undo import Undo

__tracebackhide__ = True

# freezegun itself, what is frozen in another way, and the modules of ours that have the real functions.
_LEFT_ALONE = ("datetime", "_datetime", "_pydatetime", "freezegun", f"{__package__.partition('.')[0]}._real_sleep")
_LEFT_ALONE_PACKAGES = ("freezegun.", f"{__package__}.")

# Who has these has taken them from freezegun on purpose.
_NAMES_OF_FREEZEGUN = ("FakeDatetime", "FakeDate")

# The dictionary of a module that has an attribute of that name of its own, or loads itself when it is asked for one.
_namespace: Any = vars(types.ModuleType)["__dict__"]


def freeze(clock: FrozenTime, undo: Undo) -> None:
    """Freeze time at the clock's. freezegun's own start runs code of modules that are imported lazily."""
    from freezegun import api

    is_in_real_time.cache_clear()
    undo.call(partial(set_active_clock, None))
    set_active_clock(clock)
    _register(clock, undo)
    for owner, name, value in (
        (copyreg.dispatch_table, api.real_datetime, api.pickle_fake_datetime),
        (copyreg.dispatch_table, api.real_date, api.pickle_fake_date),
        (vars(uuid), api.uuid_generate_time_attr, None),
        (vars(uuid), "_UuidCreate", None),
        (vars(uuid), "_last_timestamp", None),
    ):
        undo.set_item(owner, name, value)
    names = _Names(clock, undo)
    replace_classes(undo, {"datetime": api.FakeDatetime, "date": api.FakeDate}, names.replace_in_new)
    undo.call(names.restore_in_new)
    names.replace_in_new()
    EventLoops(clock).replace(undo)


def _register(clock: FrozenTime, undo: Undo) -> None:
    """Have freezegun, and what looks at it, know that time is frozen."""
    from freezegun import api

    lists: list[list[Any]] = [api.freeze_factories, api.tz_offsets, api.ignore_lists, api.tick_flags]
    undo.call(partial(_unregister, clock, lists))
    for each, entry in zip(lists, (clock.factory, timedelta(0), (), False), strict=True):
        each.append(entry)


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
        pairs = [
            *sleeping.readings(),
            (REAL_SLEEP, sleeping.sleep),
            (sleeping.found_sleep(), sleeping.sleep),
            (other_loops.found_sleep(), other_loops.sleep),
            (other_loops.real_sleep(), other_loops.sleep),
            (api.real_datetime, api.FakeDatetime),
            (api.real_date, api.FakeDate),
        ]
        # One of ours may have been left behind by a test's monkeypatch; then the real one is restored.
        self._originals = {id(ours): (ours, real) for real, ours in reversed(pairs)}
        self._replacements = {**self._originals, **{id(real): (ours, real) for real, ours in pairs}}

    def replace_in_new(self) -> None:
        """Replace the real ones in the modules that were not there the last time."""
        if active_clock() is not self._clock:
            return
        names = set(sys.modules) - self._known
        for namespace, name, (ours, real) in _find(names, self._replacements):
            self._undo.set_item(namespace, name, ours, real)
        self._known |= names
        replace_clock(self._clock, self._undo)

    def restore_in_new(self) -> None:
        """Restore what modules that were imported under the clock have taken from other modules."""
        for namespace, name, (_, real) in _find(set(sys.modules) - self._at_start, self._originals):
            namespace[name] = real


def _find(
    modules: Iterable[str], by_id: dict[int, tuple[Any, Any]]
) -> Iterable[tuple[dict[str, Any], str, tuple[Any, Any]]]:
    for module_name in modules:
        module = sys.modules.get(module_name)
        if (
            not issubclass(type(module), types.ModuleType)
            or module_name in _LEFT_ALONE
            or module_name.startswith(_LEFT_ALONE_PACKAGES)
            or is_in_real_time(module_name)
        ):
            continue
        namespace = _namespace.__get__(module)
        if not by_id.keys().isdisjoint(map(id, list(namespace.values()))):
            for name, value in list(namespace.items()):
                if id(value) in by_id and name not in _NAMES_OF_FREEZEGUN:
                    yield namespace, name, by_id[id(value)]
