"""Events of the ends of export tasks."""

from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

from freezegun import freeze_time

from pytest_rds_export import Stuck, fake_rds_export

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
ENDED = datetime(2026, 3, 1, 12, 0, 7, 218999, tzinfo=timezone.utc)
MYDB_1 = "arn:aws:rds:eu-west-1:123456789012:snapshot:mydb-1"
MYDB_AUTOMATED = "arn:aws:rds:eu-west-1:123456789012:snapshot:rds:mydb-2026-03-01-00-05"
SHOP_1 = "arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:shop-1"
SHOP = "arn:aws:rds:eu-west-1:123456789012:cluster:shop"


def make_event(
    status="COMPLETE", source_arn=MYDB_1, *, date=ENDED, task="nightly", region="eu-west-1", account_id="123456789012"
):
    """Return the event of the end of an export task."""
    with fake_rds_export(region=region, account_id=account_id) as tasks:
        source_arn = source_arn.replace("eu-west-1", region)
        tasks.seed(task, source_arn=source_arn, timeline=Stuck()).move_to(status, task_end_time=date)
        (event,) = tasks.events
        return event


@contextmanager
def account_at_noon(ends):
    """Freeze time at noon in a fake whose exports ended so many minutes later, by ARN; yields the registry."""
    with freeze_time(NOON), fake_rds_export(region="eu-west-1", timeline=Stuck()) as tasks:
        for number, (minute, source_arn) in enumerate(ends):
            task = tasks.seed(f"task-{number}", source_arn=source_arn)
            task.move_to("COMPLETE", task_end_time=NOON + timedelta(minutes=minute))
        yield tasks
