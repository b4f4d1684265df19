"""``Undo``: what was changed, and how to change it back."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from functools import partial
from typing import Any

_ABSENT = object()


class Undo:
    """Changes of names and attributes, each noted before it is made.

    An exception such as ``KeyboardInterrupt`` may come before any line. So a change is undone only if it is there, and
    ``run`` may be called twice: a change that was noted and not made, or undone already, does no harm.
    """

    def __init__(self) -> None:
        self._changes: list[Callable[[], None]] = []

    def set_item(
        self, namespace: MutableMapping[Any, Any], name: object, value: object, original: object = _ABSENT
    ) -> None:
        """Set a name of a namespace. *original* is what it has afterwards, if not what it has now."""
        found = namespace.get(name, _ABSENT) if original is _ABSENT else original
        self._changes.append(partial(_restore_item, namespace, name, value, found))
        namespace[name] = value

    def remove_item(self, namespace: MutableMapping[Any, Any], name: object, stand_in: object) -> None:
        """Remove a name of a namespace, which *stand_in* serves meanwhile."""
        self._changes.append(partial(_restore_item, namespace, name, stand_in, namespace[name], _ABSENT))
        del namespace[name]

    def set_attribute(self, owner: Any, name: str, value: object) -> None:
        """Set an attribute that a class or module has itself."""
        self._changes.append(partial(_restore_attribute, owner, name, value, vars(owner)[name]))
        setattr(owner, name, value)

    def call(self, function: Callable[[], None]) -> None:
        """Call *function*, which can be called repeatedly, to undo the change that follows."""
        self._changes.append(function)

    def run(self) -> None:
        """Undo all changes, the last one first."""
        while self._changes:
            self._changes[-1]()
            self._changes.pop()


def _restore_item(
    namespace: MutableMapping[Any, Any], name: object, ours: object, found: object, *also: object
) -> None:
    current = namespace.get(name, _ABSENT)
    if current is not ours and current not in also:
        return
    if found is _ABSENT:
        namespace.pop(name, None)
    else:
        namespace[name] = found


def _restore_attribute(owner: Any, name: str, ours: object, found: object) -> None:
    if vars(owner).get(name) is ours:
        setattr(owner, name, found)
