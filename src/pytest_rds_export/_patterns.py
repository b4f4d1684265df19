"""Event patterns of EventBridge: whether a rule fires for an event, and the reasons if it does not."""

from __future__ import annotations

import ipaddress
import json
import operator
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import product
from typing import Any, NamedTuple

from ._messages import find_similar, format_choices, must_be, must_be_type, unknown_name

__tracebackhide__ = True

_ABSENT = object()
_COMPARISONS = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_WILDCARD_PART = re.compile(r"\\[\\*]|\*(?!\*)|[^\\*]+")
# Of each operator what its value must be.
_OPERATORS = {
    "anything-but": "strings or numbers, single or in a list of one kind, or an object such as {'prefix': 'a'}",
    "cidr": "a range of IP addresses such as '10.0.0.0/24'",
    "equals-ignore-case": "a string",
    "exists": "True or False",
    "numeric": "a list such as ['=', 5], ['<', 10] or ['>', 0, '<=', 5], with numbers from -5e9 to 5e9",
    "prefix": "a string or {'equals-ignore-case': 'a string'}",
    "suffix": "a string or {'equals-ignore-case': 'a string'}",
    "wildcard": r"a string without '**', and with '\' only before '*' or '\'",
}


class _Condition(NamedTuple):
    """An item in the list of a field. Its ``repr`` continues "the field must be"."""

    expected: str
    holds: Callable[[Any], bool]

    def __repr__(self) -> str:
        return self.expected


def explain(pattern: Mapping[str, Any], event: Mapping[str, Any], parent: str = "", gap: str = "") -> list[str]:
    """Return why a rule with a pattern of ``parse`` does not fire, path by path; an empty list if it fires.

    *event* is what the event has at the path *parent*, and *gap* why it is empty if the event has no object there.
    """
    reasons: list[str] = []
    for name, expected in pattern.items():
        path = f"{parent}.{name}" if parent else name
        if name == "$or":
            alternatives = [explain(alternative, event, parent, gap) for alternative in expected]
            if all(alternatives):
                lacks = (f"[{index}] {' and '.join(lack)}" for index, lack in enumerate(alternatives))
                reasons.append(f"{path} has no alternative that matches: {'; '.join(lacks)}")
            continue
        value = event.get(name, _ABSENT)
        found = _flatten(value)
        objects = [item for item in found if isinstance(item, dict)]
        if isinstance(expected, dict):
            below = "" if objects else gap or _missing(name, event, parent) or f"but {path} is {value!r}, not an object"
            of_each = [explain(expected, item, path, below) for item in objects or [{}]]
            fewest = min(of_each, key=len)
            reasons += fewest
            continue
        # An object has no value of its own, nor has an empty list: both count as absent.
        values = [item for item in found if not isinstance(item, dict)] or [_ABSENT]
        if not any(condition.holds(item) for condition, item in product(expected, values)):
            actual = gap or _missing(name, event, parent) or _got(value, found, expected)
            reasons.append(f"{path} must be {format_choices(expected)}, {actual}")
    return reasons


def _flatten(value: Any) -> list[Any]:
    return [leaf for item in value for leaf in _flatten(item)] if isinstance(value, list) else [value]


def _missing(name: str, event: Mapping[str, Any], parent: str) -> str:
    if name in event:
        return ""
    below = [key for key, value in event.items() if isinstance(value, dict) and name in value]
    similar = [f"{parent}.{key}.{name}".lstrip(".") for key in below] or find_similar(name, event, cutoff=0.75)
    hint = f". Did you mean {format_choices(similar)}?" if similar else ""
    return f"but {parent or 'the event'} has no {name}{hint}"


def _got(value: Any, found: list[Any], conditions: list[_Condition]) -> str:
    if any(found) and all(isinstance(item, dict) for item in found):
        return "but it is an object. Write a pattern for its fields"
    for condition, item in product(conditions, found):
        if condition.expected.lower() == repr(item).lower():
            return f"got {value!r}. Only the case of {item!r} differs"
    return f"got {value!r}"


def parse(pattern: Mapping[str, Any] | str) -> dict[str, Any]:
    """Return the pattern in the form that ``explain`` takes.

    Raises ``ValueError`` for a pattern that EventBridge refuses, ``TypeError`` for neither a dict nor a string of JSON.
    """
    if not isinstance(pattern, (Mapping, str)):
        raise TypeError(must_be_type("pattern", "a dict or a string of JSON", pattern))
    try:
        return _parse_object(json.loads(pattern) if isinstance(pattern, str) else pattern, "pattern")
    except json.JSONDecodeError as error:
        raise ValueError(f"{must_be('pattern', 'JSON', pattern)}: {error}") from None


def _parse_object(pattern: Any, path: str) -> dict[str, Any]:
    if not isinstance(pattern, Mapping) or not pattern:
        raise ValueError(must_be(path, "an object with at least one field", pattern))
    parsed: dict[str, Any] = {}
    for name, value in pattern.items():
        here, is_or, is_list = f"{path}.{name}", name == "$or", isinstance(value, (list, tuple))
        if name in _OPERATORS and (".$or[" in path or not (is_list or isinstance(value, Mapping))):
            how = f"Write it in the list of a field: {[{name: value}]}"
            raise ValueError(f"{path} must have fields as keys, got the operator {name!r}. {how}")
        if isinstance(value, Mapping) and not is_or:
            parsed[name] = _parse_object(value, here)
            continue
        if not is_list or len(value) < (2 if is_or else 1):
            allowed = "a list of two or more patterns" if is_or else "a list with at least one value"
            how = "" if is_list or is_or else f". Write {[value]}"
            raise ValueError(must_be(here, allowed, value) + how)
        parse_item: Callable[[Any, str], Any] = _parse_object if is_or else _parse_condition
        parsed[name] = [parse_item(item, f"{here}[{index}]") for index, item in enumerate(value)]
    return parsed


def _parse_condition(item: Any, path: str) -> _Condition:
    if item is None or isinstance(item, (str, int, float)):
        return _equals(item)
    if not isinstance(item, Mapping) or len(item) != 1:
        raise ValueError(must_be(path, "a string, a number, a boolean, None or an object with one operator", item))
    [(name, value)] = item.items()
    if name not in _OPERATORS:
        raise ValueError(unknown_name("operator", name, _OPERATORS, of=f" in {path}"))
    condition = _operator(name, value)
    if condition is None:
        raise ValueError(must_be(f"{path}.{name}", _OPERATORS[name], value))
    return condition


def _operator(name: str, value: Any, flags: int = 0) -> _Condition | None:
    condition = None
    match name, value:
        case "exists", bool():
            condition = _Condition("present" if value else "absent", lambda actual: (actual is not _ABSENT) == value)
        case "prefix" | "suffix", {"equals-ignore-case": str(affix)} if len(value) == 1:
            condition = _operator(name, affix, re.IGNORECASE)
        case "prefix" | "suffix", str():
            verb, regex = ("starts", "{}.*") if name == "prefix" else ("ends", ".*{}")
            condition = _string(f"a string that {verb} with {value!r}", regex.format(re.escape(value)), flags)
        case "equals-ignore-case", str():
            condition = _string(repr(value), re.escape(value), re.IGNORECASE)
        case "wildcard", str() if "".join(parts := _WILDCARD_PART.findall(value)) == value:
            regex = "".join(".*" if part == "*" else re.escape(part[part[0] == "\\" :]) for part in parts)
            condition = _string(f"a string like {value!r}", regex)
        case "numeric", ["=" | "<" | "<=" | ">" | ">=" as sign, bound] if _are_numbers(bound):
            condition = _number((sign, bound))
        case "numeric", [">" | ">=" as above, low, "<" | "<=" as below, high] if _are_numbers(low, high) and low < high:
            condition = _number((above, low), (below, high))
        case "cidr", str():
            condition = _cidr(value)
        case "anything-but", _:
            condition = _anything_but(value)
    return condition


def _equals(value: Any) -> _Condition:
    # JSON tells true from 1, and EventBridge also tells 300.0 from 300 (documented).
    kinds = isinstance(value, bool), isinstance(value, float)
    return _Condition(
        repr(value), lambda actual: actual == value and (isinstance(actual, bool), isinstance(actual, float)) == kinds
    )


def _string(expected: str, regex: str, flags: int = 0) -> _Condition:
    matches = re.compile(regex, flags | re.DOTALL).fullmatch
    expected += " in any case" if flags else ""
    return _Condition(expected, lambda actual: isinstance(actual, str) and matches(actual) is not None)


def _number(*bounds: tuple[str, float]) -> _Condition:
    def holds(actual: Any) -> bool:
        return _are_numbers(actual) and all(_COMPARISONS[sign](actual, bound) for sign, bound in bounds)

    return _Condition("a number " + " and ".join(f"{sign} {bound}" for sign, bound in bounds), holds)


def _are_numbers(*values: Any) -> bool:
    return all(type(value) in (int, float) and -5e9 <= value <= 5e9 for value in values)


def _cidr(value: str) -> _Condition | None:
    with suppress(ValueError):
        address, bits = value.split("/")
        network = ipaddress.ip_network((address, int(bits)), strict=False)
        return _Condition(f"an IP address in {value}", lambda actual: _is_in(actual, network))
    return None


def _is_in(actual: Any, network: Any) -> bool:
    with suppress(ValueError):
        return isinstance(actual, str) and ipaddress.ip_address(actual) in network
    return False


def _anything_but(value: Any) -> _Condition | None:
    name, operand = next(iter(value.items())) if isinstance(value, Mapping) and len(value) == 1 else ("", value)
    items = operand if isinstance(operand, (list, tuple)) else [operand]
    strings = all(isinstance(item, str) for item in items)
    conditions: list[_Condition | None] = []
    if operand is value and (strings or all(type(item) in (int, float) for item in items)):
        conditions = [_equals(item) for item in items]
    elif strings and name in ("equals-ignore-case", "prefix", "suffix", "wildcard"):
        conditions = [_operator(name, item) for item in items]
    excluded = [condition for condition in conditions if condition]
    if not excluded or len(excluded) < len(items):
        return None

    def holds(actual: Any) -> bool:
        return actual is not _ABSENT and not any(condition.holds(actual) for condition in excluded)

    return _Condition(f"anything but {format_choices(excluded)}", holds)
