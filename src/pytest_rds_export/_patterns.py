"""Event patterns of EventBridge: whether a rule fires for an event, and the reasons if it does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import product
from typing import Any

from ._messages import find_similar, format_choices, must_be, must_be_type
from ._operators import ABSENT, OPERATORS, matches

__tracebackhide__ = True


def parse(pattern: Mapping[str, Any] | str) -> dict[str, Any]:
    """Return a pattern as JSON has it.

    Raises ``ValueError`` for one that EventBridge refuses, ``TypeError`` for neither a dict nor a string of JSON.
    """
    if not isinstance(pattern, (Mapping, str)):
        raise TypeError(must_be_type("pattern", "a dict or a string of JSON", pattern))
    try:
        parsed: dict[str, Any] = json.loads(pattern if isinstance(pattern, str) else json.dumps(pattern, default=dict))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{must_be('pattern', 'JSON', pattern)}: {error}") from None
    explain(parsed, {})
    return parsed


def explain(pattern: Any, event: Any, place: str = "pattern", parent: str = "", gap: str = "") -> list[str]:
    """Return why a rule with a pattern of ``parse`` does not fire, path by path; an empty list if it fires.

    *event* is what the event has at the path *parent*, and *gap* says why it has no object there. Raises ``ValueError``
    with the *place* in the pattern for what EventBridge refuses, whatever the event.
    """
    if not isinstance(pattern, dict) or not pattern:
        raise ValueError(must_be(place, "an object with at least one field", pattern))
    reasons: list[str] = []
    for name, items in pattern.items():
        path, here = f"{parent}.{name}" if parent else name, f"{place}.{name}"
        _check_items(name, items, place)
        if name == "$or":
            lacks = [explain(item, event, f"{here}[{index}]", parent, gap) for index, item in enumerate(items)]
            if all(lacks):
                each = (f"[{index}] {' and '.join(lack)}" for index, lack in enumerate(lacks))
                reasons.append(f"{path} has no alternative that matches: {'; '.join(each)}")
            continue
        found = _flatten(event.get(name, ABSENT))
        objects = [value for value in found if isinstance(value, dict)]
        if isinstance(items, dict):
            below = gap or _missing(name, event, parent) or f"but {path} is {event[name]!r}, not an object"
            lacks = [explain(items, value, here, path, "" if objects else below) for value in objects or [{}]]
            fewest = min(lacks, key=len)
            reasons += fewest
            continue
        # An object has no value of its own, nor has an empty list: both count as absent.
        values = [value for value in found if not isinstance(value, dict)] or [ABSENT]
        # Each item is asked, so that each is checked.
        asked = [matches(item, value, f"{here}[{index}]") for index, item in enumerate(items) for value in values]
        if not any(asked):
            actual = gap or _missing(name, event, parent) or _got(event[name], found, items)
            reasons.append(f"{path} must match {format_choices(items)}, {actual}")
    return reasons


def _check_items(name: str, items: Any, place: str) -> None:
    """Raise ``ValueError`` for what cannot be the value of a key of a pattern at a *place*."""
    if name == "$or" and not (isinstance(items, list) and len(items) > 1):
        raise ValueError(must_be(f"{place}.$or", "a list of two or more patterns", items))
    if name in OPERATORS and (".$or[" in place or not isinstance(items, (dict, list))):
        how = f"Write it in the list of a field: {[{name: items}]}"
        raise ValueError(f"{place} must have fields as keys, got the operator {name!r}. {how}")
    if items == [] or not isinstance(items, (dict, list)):
        how = "" if items == [] else f". Write {[items]}"
        raise ValueError(must_be(f"{place}.{name}", "a list with at least one value", items) + how)


def _flatten(value: Any) -> list[Any]:
    return [leaf for item in value for leaf in _flatten(item)] if isinstance(value, list) else [value]


def _missing(name: str, event: Mapping[str, Any], parent: str) -> str:
    if name in event:
        return ""
    inside = [key for key, value in event.items() if isinstance(value, dict) and name in value]
    similar = [f"{parent}.{key}.{name}".lstrip(".") for key in inside] or find_similar(name, event, cutoff=0.75)
    hint = f". Did you mean {format_choices(similar)}?" if similar else ""
    return f"but {parent or 'the event'} has no {name}{hint}"


def _got(value: Any, found: list[Any], items: list[Any]) -> str:
    if any(found) and all(isinstance(leaf, dict) for leaf in found):
        return "but it is an object. Write a pattern for its fields"
    pairs = product(items, found)
    near = [f". Only the case of {leaf!r} differs" for item, leaf in pairs if repr(item).lower() == repr(leaf).lower()]
    return f"got {value!r}{''.join(near[:1])}"
