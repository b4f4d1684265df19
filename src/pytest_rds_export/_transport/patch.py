"""The one patch of botocore, installed while at least one account responds and removed afterwards."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .._rds.account import Account
from .handlers import HANDLERS, Event

__tracebackhide__ = True

_PREFIXES = tuple(f"{event}.rds." for event in HANDLERS)

_lock = threading.Lock()
# Replaced as a whole, never changed, so that a call in another thread sees one state of it.
_responding: tuple[Account, ...] = ()
# The original emit of each class that is patched; a process that imports botocore anew has several.
_originals: dict[Any, Any] = {}


@contextmanager
def responding(account: Account) -> Iterator[None]:
    """Have *account* respond to every RDS client of the process; of nested accounts the innermost one responds.

    Raises ``RuntimeError`` if the installed botocore does not have what this needs.
    """
    global _responding
    from botocore.hooks import HierarchicalEmitter

    with _lock:
        if HierarchicalEmitter not in _originals:
            _patch(HierarchicalEmitter)
        _responding = (*_responding, account)
    try:
        yield
    finally:
        with _lock:
            _responding = tuple(other for other in _responding if other is not account)
            if not _responding:
                _unpatch()


def active_accounts() -> tuple[Account, ...]:
    """Return the accounts that respond now, the innermost last."""
    return _responding


def _patch(emitter_class: Any) -> None:
    original = vars(emitter_class).get("emit")
    _check_botocore(emitter_class, original)
    _originals[emitter_class] = original
    emitter_class.emit = _patched(original)


def _unpatch() -> None:
    while _originals:
        emitter_class, original = _originals.popitem()
        emitter_class.emit = original


@functools.cache
def _check_botocore(emitter_class: Any, original: Any) -> None:
    if not inspect.isfunction(original) or list(inspect.signature(original).parameters)[:2] != ["self", "event_name"]:
        raise RuntimeError(_missing("HierarchicalEmitter.emit(self, event_name, **kwargs)"))
    emitter = emitter_class()
    if not hasattr(emitter, "_lookup_cache") or not hasattr(getattr(emitter, "_handlers", None), "prefix_search"):
        raise RuntimeError(_missing("HierarchicalEmitter._handlers.prefix_search"))


def _missing(name: str) -> str:
    import botocore

    return (
        f"pytest-rds-export needs botocore.hooks.{name}, which botocore {botocore.__version__} does not have. "
        "Use a supported version of botocore, or report it"
    )


@functools.cache
def _patched(original: Any) -> Callable[..., Any]:
    """Return an ``emit`` that passes the events of RDS requests to our handlers, and all others to *original*."""
    # botocore's own emit does nothing but this; called directly it costs each event of each service less.
    only_calls_emit = original.__code__.co_names == ("_emit",)

    def emit(self: Any, event_name: str, **kwargs: Any) -> Any:
        if event_name.startswith(_PREFIXES) and (accounts := _responding):
            handler = HANDLERS[event_name.partition(".")[0]]
            return handler(Event(accounts[-1], self, event_name, kwargs, original))
        return self._emit(event_name, kwargs) if only_calls_emit else original(self, event_name, **kwargs)

    return emit
