"""Enter and leave so that an exception at any line, such as that of Ctrl-C or of a timeout's signal, leaves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, TypeVar

__tracebackhide__ = True

_T = TypeVar("_T")


@contextmanager
def entered(begin: Callable[[], _T], end: Callable[[], object]) -> Iterator[_T]:
    """Call *begin* and yield what it returns; call *end* afterwards, also if *begin* was interrupted.

    *end* is called twice, the second time to complete what an interruption left undone. So it must undo a part that
    was not begun or has ended already without an error, and forget a part only after undoing it.
    """
    try:
        try:
            yield begin()
        finally:
            end()
    finally:
        end()


def call_locked(lock: AbstractContextManager[Any], function: Callable[..., _T], *args: object) -> _T:
    """Call a function with *lock* held; also if the call is interrupted, the lock is released.

    A ``with`` statement does not promise that: an interruption between its block and its end leaves the lock held.
    """
    stack = ExitStack()
    try:
        try:
            stack.enter_context(lock)
            return function(*args)
        finally:
            stack.close()
    finally:
        stack.close()
