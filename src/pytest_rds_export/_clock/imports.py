"""What is imported while the clock is frozen sees the real classes of the module ``datetime`` until it is loaded."""

from __future__ import annotations

import datetime as dt
import importlib
import threading
from collections.abc import Callable
from typing import Any

from .undo import Undo

__tracebackhide__ = True


def replace_classes(undo: Undo, replacements: dict[str, Any], imported: Callable[[], None]) -> None:
    """Replace classes of the module ``datetime`` for all but the threads that are importing something.

    A compiled module, such as pyarrow's, takes the layout of the classes that it finds when it is loaded: with others
    it crashes. pydantic and its like keep for ever which classes they have found.

    *imported* is called after each import of something that was not loaded before.
    """
    importing: set[int] = set()
    real = {name: vars(dt)[name] for name in replacements}

    def __getattr__(name: str) -> Any:  # noqa: N807 - of a module
        if name not in replacements:
            raise AttributeError(f"module 'datetime' has no attribute {name!r}")
        return (real if threading.get_ident() in importing else replacements)[name]

    bootstrap: Any = importlib._bootstrap  # noqa: SLF001 - see below
    # Python calls this function for what is not in sys.modules, and no other. A finder sees how an import begins only.
    find_and_load = bootstrap._find_and_load  # noqa: SLF001

    def _find_and_load(*arguments: Any) -> Any:
        thread = threading.get_ident()
        if thread in importing:
            return find_and_load(*arguments)
        importing.add(thread)
        try:
            return find_and_load(*arguments)
        finally:
            importing.discard(thread)
            imported()

    undo.set_attribute(bootstrap, "_find_and_load", _find_and_load)
    undo.set_item(vars(dt), "__getattr__", __getattr__)
    for name, value in replacements.items():
        undo.remove_item(vars(dt), name, value)
