"""How a mistake is put into words: the value, what is allowed, the way out."""

from __future__ import annotations

from collections.abc import Iterable

__tracebackhide__ = True


def listed(names: Iterable[str]) -> str:
    """The names as a sentence lists them, ``none`` for no name."""
    return ", ".join(names) or "none"


def closest_first(name: object, known: Iterable[str]) -> str:
    """The known names as a sentence lists them, those most like *name* first."""
    import difflib

    names = list(known)
    close = difflib.get_close_matches(str(name).lower(), [known.lower() for known in names], n=3, cutoff=0.6)
    likely = [known for lower in close for known in names if known.lower() == lower]
    return listed([*likely, *(known for known in names if known not in likely)])


def unknown(what: str, name: object, known: Iterable[str]) -> str:
    """Say that *name* is no *what*, with the known ones, the closest first."""
    return f"unknown {what} {name!r}; known: {closest_first(name, known)}"
