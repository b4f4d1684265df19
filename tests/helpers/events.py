"""Events of the ends of export tasks, made without an account."""

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

from pytest_rds_export._rds.events import add_event, event_for

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
ENDED = datetime(2026, 3, 1, 12, 0, 7, 218999, tzinfo=timezone.utc)
MYDB_1 = "arn:aws:rds:eu-west-1:123456789012:snapshot:mydb-1"
MYDB_AUTOMATED = "arn:aws:rds:eu-west-1:123456789012:snapshot:rds:mydb-2026-03-01-00-05"
SHOP_1 = "arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:shop-1"
SHOP = "arn:aws:rds:eu-west-1:123456789012:cluster:shop"


def make_event(status="COMPLETE", source_arn=MYDB_1, *, date=ENDED, task="nightly", region="eu-west-1"):
    """Return the event of the end of an export task."""
    return event_for(
        status,
        source_arn=source_arn,
        region=region,
        account_id="123456789012",
        date=date,
        task=SimpleNamespace(identifier=task),
    )


def event_at(minutes, **options):
    """The event of an export that ended so many minutes after noon."""
    return make_event(date=NOON + timedelta(minutes=minutes), **options)


def in_order(*added):
    """The events in their order, added one after the other."""
    events = []
    for event in added:
        add_event(events, event)
    return events
