"""The wording of errors: the value, what is allowed, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

__tracebackhide__ = True

# Of more names than the eye takes in, such as all operations of RDS, only some are listed.
_MOST_NAMES, _FEW_NAMES = 60, 12
# Comparing takes so long that a registry of many tasks is not compared as a whole.
_MOST_COMPARED = 500


def format_choices(names: Iterable[str]) -> str:
    """The names as a sentence lists them, ``none`` for no name."""
    return ", ".join(names) or "none"


def pluralize(count: int, noun: str) -> str:
    """The number with its noun, in the plural but for one."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def close_matches(name: object, known: Iterable[str], cutoff: float = 0.6) -> list[str]:
    """Of the known names, if many of the first ones, the few that are like *name* but for case, the likest first."""
    import difflib

    names = list(islice(known, _MOST_COMPARED))
    close = difflib.get_close_matches(str(name).lower(), [known.lower() for known in names], n=3, cutoff=cutoff)
    return [known for lower in close for known in names if known.lower() == lower]


def closest_first(name: object, known: Iterable[str]) -> str:
    """The known names as a sentence lists them, those most like *name* first."""
    names = list(known)
    likely = close_matches(name, names)
    ordered = [*likely, *(known for known in names if known not in likely)]
    if len(ordered) <= _MOST_NAMES:
        return format_choices(ordered)
    return f"{format_choices(ordered[:_FEW_NAMES])}, ... {len(ordered)} in all"


def unknown_name_message(what: str, name: object, known: Iterable[str]) -> str:
    """Say that *name* is no *what*, with the known ones, the closest first."""
    return f"unknown {what} {name!r}; known: {closest_first(name, known)}"
