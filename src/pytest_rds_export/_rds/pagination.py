"""Pages and filters of a Describe operation."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from .. import _failures

__tracebackhide__ = True

_T = TypeVar("_T")

_MIN_RECORDS, _MAX_RECORDS = 20, 100


def matcher(
    parameters: Mapping[str, Any], names: Sequence[str], filters: Mapping[str, Callable[[Mapping[str, Any]], object]]
) -> Callable[[Mapping[str, Any]], bool] | None:
    """Return a function that tells whether a record matches the request; None if every record does.

    A record must have the value of each parameter in *names* that is given, and match all *Filters* of the request;
    *filters* says by name what each compares. Raises ``Fault`` for an unknown filter.
    """
    wanted = [(name, parameters[name]) for name in names if name in parameters]
    compared = []
    for given in parameters.get("Filters", ()):
        if given["Name"] not in filters:
            raise _failures.make_fault("InvalidParameterValue", f"Unrecognized filter name: {given['Name']}")
        compared.append((filters[given["Name"]], frozenset(given["Values"])))
    if not wanted and not compared:
        return None
    return lambda record: (
        all(record.get(name) == value for name, value in wanted)
        and all(value_of(record) in values for value_of, values in compared)
    )


def paginate(
    numbered_from: Callable[[int], Iterable[tuple[int, _T]]],
    parameters: Mapping[str, Any],
    *,
    page_size: int,
    scope: str,
    matches: Callable[[_T], bool] | None,
    first: int,
    version: Sequence[int],
) -> tuple[list[_T], dict[str, str]]:
    """Return the records of one page, and the ``Marker`` of the next page if there is one.

    *numbered_from* returns the records from a number on, each with its number, which stays the same while a list is
    paged. The first page begins at the number *first*, a later one at that of its Marker. *scope* ties a Marker to its
    list; it also holds the *version* of the list.

    Raises ``Fault`` for a Marker of another list, and for a MaxRecords that is out of range.
    """
    max_records = parameters.get("MaxRecords", _MAX_RECORDS)
    if not _MIN_RECORDS <= max_records <= _MAX_RECORDS:
        raise _failures.make_fault(
            "InvalidParameterValue",
            f"Invalid value {max_records} for MaxRecords. Must be between {_MIN_RECORDS} and {_MAX_RECORDS}",
        )
    page_size = min(page_size, max_records)
    page: list[_T] = []
    start, *_ = read_marker(parameters, scope) or [first]
    for number, record in numbered_from(start):
        if matches is None or matches(record):
            if len(page) == page_size:
                return page, {"Marker": _make_marker([number, *version], scope)}
            page.append(record)
    return page, {}


def _make_marker(numbers: Sequence[int], scope: str) -> str:
    text = ",".join(map(str, numbers))
    digest = hashlib.blake2b(f"{scope}/{text}".encode(), digest_size=9).digest()
    return base64.urlsafe_b64encode(digest + text.encode()).decode()


def read_marker(parameters: Mapping[str, Any], scope: str) -> list[int]:
    """Return the number and the version that the Marker of a request holds; an empty list if it has none.

    Raises ``Fault`` for a Marker of another list.
    """
    marker = parameters.get("Marker")
    if not marker:
        return []
    numbers = []
    with suppress(ValueError):
        numbers = [int(number) for number in base64.urlsafe_b64decode(marker.encode())[9:].split(b",")]
    if _make_marker(numbers, scope) != marker:
        raise _failures.make_fault("InvalidParameterValue", f"Invalid value {marker} for Marker.")
    return numbers
