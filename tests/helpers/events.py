"""Events to test with: the end of one export task."""

from datetime import datetime, timezone
from types import SimpleNamespace

from pytest_rds_export._rds.events import event_for

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
ENDED = datetime(2026, 3, 1, 12, 0, 7, 218999, tzinfo=timezone.utc)
SNAPSHOT = "arn:aws:rds:eu-west-1:123456789012:snapshot:mydb-1"
AUTOMATED = "arn:aws:rds:eu-west-1:123456789012:snapshot:rds:mydb-2026-03-01-00-05"
CLUSTER_SNAPSHOT = "arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:shop-1"
CLUSTER = "arn:aws:rds:eu-west-1:123456789012:cluster:shop"


def make(status="COMPLETE", source_arn=SNAPSHOT, *, date=ENDED, task="nightly", region="eu-west-1"):
    return event_for(
        status,
        source_arn=source_arn,
        region=region,
        account_id="123456789012",
        date=date,
        task=SimpleNamespace(identifier=task),
    )
