"""``within``: a context around each call of a function."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

__tracebackhide__ = True


def within(
    enter: Callable[[], AbstractContextManager[object]], function: Callable[..., Any], decorator: str
) -> Callable[..., Any]:
    """Return a function with a context around each call, for a coroutine function around all that it awaits.

    Raises ``TypeError`` for anything else, which *decorator* cannot decorate.
    """
    is_generator = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
    if inspect.isclass(function) or is_generator or not callable(function):
        raise TypeError(f"{decorator}, got {function!r}. Use it as a context manager inside the function")

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        with enter():
            return function(*args, **kwargs)

    @functools.wraps(function)
    async def wait(*args: Any, **kwargs: Any) -> Any:
        with enter():
            return await function(*args, **kwargs)

    return wait if inspect.iscoroutinefunction(function) else call
