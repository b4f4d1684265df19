"""``Undo``: what was changed, and how to change it back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

ABSENT: Any = object()
"""The value of a name that a namespace does not have."""


class Undo:
    """Changes of names and attributes, each noted before it is made.

    An exception such as ``KeyboardInterrupt`` may come before any line. So a change is undone only if it is there, and
    ``run`` may be called twice: a change that was noted and not made, or undone already, does no harm.

    A user's patch may be on top of a change, and bring it back when it is undone itself: see ``undo_covered``.
    """

    def __init__(self) -> None:
        self._changes: list[Callable[[], None]] = []

    def set(self, owner: Any, name: Any, value: Any, original: Any = None) -> None:
        """Set a name of a namespace, or an attribute of a class. It is *original* afterwards, or what it is now."""
        found = _get(owner, name) if original is None else original

        def restore() -> None:
            present = _get(owner, name)
            if present is value:
                _set(owner, name, found)
            elif present is not found:
                _covered.append(restore)

        self._changes.append(restore)
        _set(owner, name, value)

    def call(self, function: Callable[[], None]) -> None:
        """Call *function*, which can be called repeatedly, to undo the change that follows."""
        self._changes.append(function)

    def run(self) -> None:
        """Undo all changes, the last one first."""
        while self._changes:
            self._changes[-1]()
            self._changes.pop()


_covered: deque[Callable[[], None]] = deque(maxlen=1000)


def undo_covered() -> None:
    """Undo the changes that a patch was on top of, as far as it is undone by now."""
    for _ in range(len(_covered)):
        _covered.popleft()()


def _get(owner: Any, name: Any) -> Any:
    return (vars(owner) if isinstance(owner, type) else owner).get(name, ABSENT)


def _set(owner: Any, name: Any, value: Any) -> None:
    if isinstance(owner, type):
        setattr(owner, name, value)
    elif value is ABSENT:
        owner.pop(name, None)
    else:
        owner[name] = value
