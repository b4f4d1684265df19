"""Points in time, and lengths of time, as RDS has them and as users write them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

from ._messages import must_be, must_be_type

__tracebackhide__ = True

LATEST = datetime.max.replace(tzinfo=timezone.utc)
_LONGEST = timedelta(days=36525)  # so that no time which a test is likely to use overflows


def to_datetime(name: str, value: object) -> datetime:
    """Return a point in time in UTC, truncated to the milliseconds that RDS sends.

    *value* is an aware ``datetime`` or an ISO 8601 string with an offset, as both versions of the AWS CLI print it.
    """
    time = value
    if isinstance(value, str):
        try:
            time = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", value))
        except ValueError:
            raise ValueError(must_be(name, "an ISO 8601 time such as '2026-03-01T02:00:00Z'", value)) from None
    if not isinstance(time, datetime):
        raise ValueError(must_be_type(name, "an aware datetime or an ISO 8601 string", value))
    if time.tzinfo is None:
        raise ValueError(must_be(name, "a time with a time zone, such as tzinfo=timezone.utc or a 'Z'", value))
    try:
        return milliseconds(time.astimezone(timezone.utc))
    except OverflowError:
        raise ValueError(must_be(name, "a time of the years 1 to 9999 in UTC", value)) from None


def to_length(name: str, value: Any) -> timedelta:
    """Return a length of time. Raises ``ValueError`` for what is none."""
    length = value
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= _LONGEST.total_seconds():
        length = timedelta(seconds=value)
    if not isinstance(length, timedelta) or not timedelta(0) <= length <= _LONGEST:
        raise ValueError(must_be(name, "a timedelta or a number of seconds, from 0 to 100 years", value))
    return length


def milliseconds(value: datetime) -> datetime:
    """Return the time without the microseconds, which RDS does not send."""
    return value.replace(microsecond=value.microsecond // 1000 * 1000)


def earlier(time: datetime, length: timedelta) -> datetime:
    """Return the time that much earlier; *time* itself if the calendar does not go that far."""
    try:
        return time - length
    except OverflowError:
        return time


def format_time(time: datetime) -> str:
    """Return an aware time as RDS sends it: in UTC, with milliseconds and a ``Z``."""
    return f"{time.astimezone(timezone.utc).isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"
