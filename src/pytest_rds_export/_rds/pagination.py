"""Pages and filters of a Describe operation."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice
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
    records: Collection[_T],
    parameters: Mapping[str, Any],
    *,
    page_size: int,
    scope: str,
    matches: Callable[[_T], bool] | None,
    positions: range | None = None,
    number_of: Callable[[_T], int] | None = None,
) -> tuple[list[_T], dict[str, str]]:
    """Return the records of one page, and the ``Marker`` of the next page if there is one.

    *positions* are where the first page may start and the last one must end, by default those of all records. A later
    page starts at its Marker, even if *positions* has changed. *scope* ties a Marker to its list. Records that may
    disappear have ascending numbers, by *number_of*: a page then begins with the first one that is not passed yet.

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
    positions = range(len(records)) if positions is None else positions
    marker = parameters.get("Marker")
    start = _read_marker(marker, scope) if marker else positions.start
    if marker and number_of is not None:
        start = sum(number_of(record) < start for record in records)
    found = records[start : positions.stop] if isinstance(records, list) else islice(records, start, positions.stop)
    for position, record in enumerate(found, start):
        if matches is None or matches(record):
            if len(page) == page_size:
                return page, {"Marker": _make_marker(number_of(record) if number_of else position, scope)}
            page.append(record)
    return page, {}


def _make_marker(position: int, scope: str) -> str:
    digest = hashlib.blake2b(f"{scope}/{position}".encode(), digest_size=9).digest()
    return base64.urlsafe_b64encode(digest + str(position).encode()).decode()


def _read_marker(marker: str, scope: str) -> int:
    try:
        position = int(base64.urlsafe_b64decode(marker.encode())[9:])
    except ValueError:
        position = -1
    if _make_marker(position, scope) != marker:
        raise _failures.make_fault("InvalidParameterValue", f"Invalid value {marker} for Marker.")
    return position
