"""What a delivery says of its outcome: where the receiver raised, and why a pattern did not let the event through."""

import re
from pathlib import Path

import pytest

from helpers.clients import shared_client


def handler(event, context):
    """Cancel an export that does not exist."""
    shared_client().cancel_export_task(ExportTaskIdentifier="unknown")


@pytest.mark.rds_export_tasks(assert_all_delivered=False)
def test_place(rds_export_tasks):
    """An error of a library, which botocore raises deep inside, is shown at the line that has called it."""
    rds_export_tasks.deliver_events(handler)
    rds_export_tasks.seed("nightly").move_to("COMPLETE")

    (delivery,) = rds_export_tasks.deliveries

    place = re.search(r" at (\S+):(\d+)$", delivery.outcome)
    assert place[1] == Path(__file__).name
    line = Path(__file__).read_text(encoding="utf-8").splitlines()[int(place[2]) - 1]
    assert "cancel_export_task" in line


def test_reasons(rds_export_tasks):
    """Each field that does not match is a reason of its own."""
    pattern = {"detail": {"SourceType": ["CLUSTER"], "EventID": ["RDS-EVENT-0159"]}}
    rds_export_tasks.deliver_events(handler, pattern=pattern)
    rds_export_tasks.seed("nightly").move_to("COMPLETE")

    (delivery,) = rds_export_tasks.deliveries

    reasons = delivery.outcome.removeprefix("not delivered, because of pattern=: ").split("; ")
    assert len(reasons) == 2
    assert reasons == delivery.event.explain(pattern)
