"""Pages and filters of a Describe operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from . import _failures

__tracebackhide__ = True

_T = TypeVar("_T")
_Values = Callable[[Mapping[str, Any]], object]

LEAST, MOST = 20, 100


def matcher(parameters: Mapping[str, Any], known: Mapping[str, _Values]) -> Callable[[Mapping[str, Any]], bool] | None:
    """Whether a record meets all the call's filters; None where there is none. Raises ``Fault`` for an unknown one."""
    wanted = []
    for given in parameters.get("Filters", ()):
        if given["Name"] not in known:
            raise _failures.fault("InvalidParameterValue", f"Unrecognized filter name: {given['Name']}")
        wanted.append((known[given["Name"]], frozenset(given["Values"])))
    if not wanted:
        return None
    return lambda record: all(value(record) in values for value, values in wanted)


def page(
    records: Sequence[_T], parameters: Mapping[str, Any], *, size: int, scope: str, matches: Callable[[_T], bool] | None
) -> tuple[list[_T], dict[str, str]]:
    """The records of one page, and what the answer says of the next: its ``Marker``, or nothing.

    Raises ``Fault`` for a Marker that no page gave, and for MaxRecords out of bounds.
    """
    most = parameters.get("MaxRecords", MOST)
    if not LEAST <= most <= MOST:
        raise _failures.fault(
            "InvalidParameterValue", f"Invalid value {most} for MaxRecords. Must be between {LEAST} and {MOST}"
        )
    size = min(size, most)
    start = _position(parameters.get("Marker"), scope)
    if matches is None:
        found, following = list(records[start : start + size]), start + size
        return found, {"Marker": _marker(following, scope)} if following < len(records) else {}
    found = []
    for position in range(start, len(records)):
        if matches(records[position]):
            if len(found) == size:
                return found, {"Marker": _marker(position, scope)}
            found.append(records[position])
    return found, {}


def _marker(position: int, scope: str) -> str:
    import base64
    import hashlib

    digest = hashlib.blake2b(f"{scope}/{position}".encode(), digest_size=9).digest()
    return base64.urlsafe_b64encode(digest + str(position).encode()).decode()


def _position(marker: str | None, scope: str) -> int:
    if not marker:
        return 0
    import base64

    try:
        position = int(base64.urlsafe_b64decode(marker.encode())[9:])
    except ValueError:
        position = -1
    if _marker(position, scope) != marker:
        raise _failures.fault("InvalidParameterValue", f"Invalid value {marker} for Marker.")
    return position
