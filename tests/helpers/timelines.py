"""A timeline, the time at which tests of it begin, and how far a frozen clock has moved."""

from datetime import datetime, timedelta, timezone

from pytest_rds_export import Timeline

T0 = datetime(2026, 3, 1, 2, 0, tzinfo=timezone.utc)
HALF_AN_HOUR = Timeline(starting=timedelta(minutes=20), in_progress=timedelta(minutes=10), canceling=120)
START = datetime(2026, 1, 1, tzinfo=timezone.utc)
"""Where ``frozen_clock`` begins unless a test says something else."""


def minutes(number):
    """So many minutes."""
    return timedelta(minutes=number)


def passed(clock):
    """The seconds since a frozen clock began."""
    return (clock.now - START).total_seconds()
