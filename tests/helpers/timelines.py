"""A timeline, and the time at which tests of it begin."""

from datetime import datetime, timedelta, timezone

from pytest_rds_export import Timeline

T0 = datetime(2026, 3, 1, 2, 0, tzinfo=timezone.utc)
HALF_AN_HOUR = Timeline(starting=timedelta(minutes=20), in_progress=timedelta(minutes=10), canceling=120)


def minutes(number):
    """So many minutes."""
    return timedelta(minutes=number)
