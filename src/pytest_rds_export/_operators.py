"""What an item in the list of a field of an event pattern matches: itself, or what its operator accepts."""

from __future__ import annotations

import ipaddress
import operator
import re
from contextlib import suppress
from typing import Any

from ._messages import must_be, unknown_name

__tracebackhide__ = True

ABSENT = object()
"""The value of a field that an event does not have."""

OPERATORS = {
    "anything-but": "strings or numbers, single or in a list of one kind, or an object such as {'prefix': 'a'}",
    "cidr": "a range of IP addresses such as '10.0.0.0/24'",
    "equals-ignore-case": "a string",
    "exists": "True or False",
    "numeric": "a list such as ['=', 5], ['<', 10] or ['>', 0, '<=', 5], with numbers from -5e9 to 5e9",
    "prefix": "a string or {'equals-ignore-case': 'a string'}",
    "suffix": "a string or {'equals-ignore-case': 'a string'}",
    "wildcard": r"a string without '**', and with '\' only before '*' or '\'",
}
"""All operators that AWS documents, and what the operand of each must be."""

_SIGNS = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_WILDCARD_PART = re.compile(r"\\[\\*]|\*(?!\*)|[^\\*]+")


def matches(item: Any, value: Any, place: str) -> bool:
    """Return whether an item matches a value of an event.

    Raises ``ValueError`` with the *place* in the pattern for an item that EventBridge refuses, whatever the value.
    """
    if item is None or isinstance(item, (str, int, float)):
        return _equals(item, value)
    if not isinstance(item, dict) or len(item) != 1:
        raise ValueError(must_be(place, "a string, a number, a boolean, None or an object with one operator", item))
    [(name, operand)] = item.items()
    if name not in OPERATORS:
        raise ValueError(unknown_name("operator", name, OPERATORS, of=f" in {place}"))
    accepted = _accepts(name, operand, value)
    if accepted is None:
        raise ValueError(must_be(f"{place}.{name}", OPERATORS[name], operand))
    return accepted


def _equals(item: Any, value: Any) -> bool:
    # JSON tells true from 1, and EventBridge also tells 300.0 from 300 (documented).
    return type(item) is type(value) and bool(item == value)


def _accepts(name: str, operand: Any, value: Any) -> bool | None:  # noqa: C901, PLR0911 - one case for each operator
    """Return whether an operator accepts a value; None if the operand is not allowed."""
    match name, operand:
        case "exists", bool():
            return operand is (value is not ABSENT)
        case "equals-ignore-case", str():
            return isinstance(value, str) and value.lower() == operand.lower()
        case "prefix", str():
            return isinstance(value, str) and value.startswith(operand)
        case "suffix", str():
            return isinstance(value, str) and value.endswith(operand)
        case "prefix" | "suffix", {"equals-ignore-case": str(affix), **others} if not others:
            return _accepts(name, affix.lower(), value.lower() if isinstance(value, str) else value)
        case "wildcard", str() if "".join(parts := _WILDCARD_PART.findall(operand)) == operand:
            regex = "".join(".*" if part == "*" else re.escape(part[part[0] == "\\" :]) for part in parts)
            return isinstance(value, str) and re.fullmatch(regex, value, re.DOTALL) is not None
        case "numeric", ["=" | "<" | "<=" | ">" | ">=" as sign, bound] if _are_numbers(bound):
            return _are_numbers(value) and _SIGNS[sign](value, bound)
        case "numeric", [">" | ">=" as above, low, "<" | "<=" as below, high] if _are_numbers(low, high) and low < high:
            return _are_numbers(value) and _SIGNS[above](value, low) and _SIGNS[below](value, high)
        case "cidr", str():
            return _is_in_range(operand, value)
        case "anything-but", _:
            return _is_anything_but(operand, value)
    return None


def _are_numbers(*values: Any) -> bool:
    return all(type(value) in (int, float) and -5e9 <= value <= 5e9 for value in values)


def _is_in_range(addresses: str, value: Any) -> bool | None:
    try:
        first, bits = addresses.split("/")
        network = ipaddress.ip_network((first, int(bits)), strict=False)
    except ValueError:
        return None
    with suppress(ValueError):
        return isinstance(value, str) and ipaddress.ip_address(value) in network
    return False


def _is_anything_but(operand: Any, value: Any) -> bool | None:
    [(name, given)] = operand.items() if isinstance(operand, dict) and len(operand) == 1 else [(None, operand)]
    items = given if isinstance(given, list) else [given]
    kinds = {type(item) for item in items}
    excluded: list[bool | None] = [None]
    if name is None and (kinds == {str} or (kinds and kinds <= {int, float})):
        excluded = [_equals(item, value) for item in items]
    elif name in ("equals-ignore-case", "prefix", "suffix", "wildcard") and kinds == {str}:
        excluded = [_accepts(name, item, value) for item in items]
    return None if None in excluded else value is not ABSENT and not any(excluded)
