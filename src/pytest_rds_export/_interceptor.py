"""The one patch of botocore, put in and taken out; sync and async."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ._hooks import HOOKED, HOOKS, Event, Steps, is_async
from ._registry import ExportTaskRegistry

__tracebackhide__ = True

_lock = threading.Lock()
# Replaced as a whole, never changed, so that a call in another thread sees one state of it.
_answering: tuple[ExportTaskRegistry, ...] = ()
# The emitter's class, and what its emit is; a process that imports botocore anew has several.
_originals: dict[Any, Any] = {}


@contextmanager
def intercepting(registry: ExportTaskRegistry) -> Iterator[None]:
    """Have every RDS client of the process answered from *registry*; nested, the innermost answers.

    Raises ``RuntimeError`` if the installed botocore has not the seam that this rests on.
    """
    global _answering
    from botocore.hooks import HierarchicalEmitter

    with _lock:
        if HierarchicalEmitter not in _originals:
            _patch(HierarchicalEmitter)
        _answering = (*_answering, registry)
    try:
        yield
    finally:
        with _lock:
            _answering = tuple(other for other in _answering if other is not registry)
            if not _answering:
                _unpatch()


def _patch(emitter_class: Any) -> None:
    original = vars(emitter_class).get("emit")
    _check_seam(emitter_class, original)
    _originals[emitter_class] = original
    emitter_class.emit = _emitting(original)


@functools.cache
def _check_seam(emitter_class: Any, original: Any) -> None:
    if not inspect.isfunction(original) or list(inspect.signature(original).parameters)[:2] != ["self", "event_name"]:
        raise RuntimeError(_no_seam("HierarchicalEmitter.emit(self, event_name, **kwargs)"))
    emitter = emitter_class()
    if not hasattr(emitter, "_lookup_cache") or not hasattr(getattr(emitter, "_handlers", None), "prefix_search"):
        raise RuntimeError(_no_seam("HierarchicalEmitter._handlers.prefix_search"))


def _unpatch() -> None:
    while _originals:
        emitter_class, original = _originals.popitem()
        emitter_class.emit = original


def _no_seam(name: str) -> str:
    import botocore

    return (
        f"pytest-rds-export answers RDS clients at botocore.hooks.{name}, which botocore {botocore.__version__} does "
        "not have; use a botocore that is supported, or report it"
    )


@functools.cache
def _emitting(original: Any) -> Callable[..., Any]:
    """The emitter's ``emit``, with the events of RDS going through the hooks."""
    # botocore's own emit hands its keywords to _emit and does nothing else; a later one may do more.
    hands_on = original.__code__.co_names == ("_emit",)

    def emit(self: Any, event_name: str, **kwargs: Any) -> Any:
        answering = _answering
        if event_name.startswith(HOOKED) and answering:
            event, _, operation = event_name.partition(".rds.")
            steps = HOOKS[event](Event(answering[-1], self, event_name, operation, kwargs, original))
            if steps is not None:
                return _drive_async(steps) if is_async(type(self)) else _drive(steps)  # type: ignore[arg-type]
        return self._emit(event_name, kwargs) if hands_on else original(self, event_name, **kwargs)

    return emit


def _drive(steps: Steps) -> Any:
    try:
        value = next(steps)
        while True:
            value = steps.send(value)
    except StopIteration as stop:
        value = stop.value
    return _outcome(value)


async def _drive_async(steps: Steps) -> Any:
    step: Callable[[Any], Any] = steps.send
    given: Any = None
    try:
        while True:
            given, step = step(given), steps.send
            if inspect.isawaitable(given):
                try:
                    given = await given
                except Exception as error:  # noqa: BLE001
                    given, step = error, steps.throw
    except StopIteration as stop:
        given = stop.value
    return _outcome(given)


def _outcome(value: Any) -> Any:
    """What the steps gave; an exception that a generator cannot raise is raised here."""
    if isinstance(value, Exception):
        raise value
    return value
