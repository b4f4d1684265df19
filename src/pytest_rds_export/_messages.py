"""The wording of errors: what is wrong, with the value, and what to do."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import islice

__tracebackhide__ = True

_MAX_LISTED = 20
_MAX_COMPARED = 500  # comparing takes so long that a large registry is not compared whole


def safe_repr(value: object) -> str:
    """Return the repr of a user's object; its class, if its own repr raises."""
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - it may raise anything
        return f"<{type(value).__name__} whose repr raised {type(error).__name__}>"


def must_be(name: str, allowed: str, value: object) -> str:
    """Return the message for a value of the right type that is not allowed."""
    return f"{name} must be {allowed}, got {safe_repr(value)}"


def must_be_type(name: str, allowed: str, value: object) -> str:
    """Return the message for a value of the wrong type."""
    if isinstance(value, type):
        return f"{name} must be {allowed}, got the class {value.__name__}"
    return f"{name} must be {allowed}, got {'' if value is None else f'{type(value).__name__} '}{safe_repr(value)}"


def format_choices(names: Iterable[object], last: str = "or") -> str:
    """Return names as a sentence has them: ``'a', 'b' or 'c'``; of many names the first ones."""
    quoted = [repr(name) for name in names]
    if len(quoted) > _MAX_LISTED:
        return f"{', '.join(quoted[:_MAX_LISTED])}, ... ({len(quoted)} in all)"
    return f" {last} ".join(filter(None, [", ".join(quoted[:-1]), *quoted[-1:]]))


def check_choice(name: str, value: object, choices: Collection[object]) -> None:
    """Raise ``ValueError`` for a value that is not one of the choices."""
    if value not in choices:
        raise ValueError(must_be(name, format_choices(choices), value))


def pluralize(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def format_count(name: str, count: int) -> str:
    """Return a name and how often it occurs: ``COMPLETE x3``."""
    return name if count == 1 else f"{name} x{count}"


def shorten(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


def find_similar(name: object, known: Iterable[str], cutoff: float = 0.6) -> list[str]:
    """Return the few known names that *name* may mean: alike in spelling, or one a part of the other."""
    import difflib  # not at pytest's start-up, where nothing is misspelled

    text = str(name).lower()
    lower = {known_name.lower(): known_name for known_name in islice(known, _MAX_COMPARED)}
    similar = difflib.get_close_matches(text, lower, n=3, cutoff=cutoff)
    if not similar and len(text) > 2:
        similar = [known_name for known_name in lower if text in known_name or known_name in text][:3]
    return [lower[known_name] for known_name in similar]


def missing_key(what: str, key: object, known: Iterable[str], region: str) -> str:
    """Return the message for a key that a region does not have, with the keys that may be meant, otherwise all."""
    names = list(known)
    if similar := find_similar(key, names):
        hint = f"Did you mean {format_choices(similar)}?"
    else:
        hint = f"The region has {format_choices(names, 'and') if names else f'no {what}s'}"
    return f"no {what} {key!r} in {region}. {hint}"


def unknown_name(what: str, name: object, known: Iterable[str], *, of: str = "") -> str:
    """Return the message for a name that does not exist, with the names that may be meant, otherwise all names."""
    names = list(known)
    similar = find_similar(name, names)
    if similar:
        return f"unknown {what} {name!r}{of}. Did you mean {format_choices(similar)}?"
    return f"unknown {what} {name!r}{of}. Use {'one of ' if len(names) > 1 else ''}{format_choices(names)}"
