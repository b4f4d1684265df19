"""Files that are due at a call: the clock is that of a user's own freezegun, which does not say that it moves."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from helpers.calls import cancel, described, start
from helpers.exported import MemoryS3, all_keys, keys_below, table_keys
from helpers.timelines import T0
from pytest_rds_export import Timeline

CUSTOMERS, ORDERS = "shop.customers", "shop.orders"
ENDED, RUNNING = all_keys(CUSTOMERS, ORDERS), table_keys(CUSTOMERS)


@pytest.mark.parametrize(("seconds", "stored"), [(150, RUNNING), (3600, ENDED)], ids=["running", "ended"])
@pytest.mark.parametrize(
    "call",
    [lambda client: start(client, "weekly"), described, lambda client: client.describe_events(Duration=120)],
    ids=["start", "describe", "events"],
)
def test_due_at_a_call(rds_export_tasks, client, clock, tmp_path, call, seconds, stored):
    """Files that are due are stored before the response of a call that brings the export up to date."""
    rds_export_tasks.write_files(tmp_path)
    rds_export_tasks.seed("nightly")
    clock.tick(seconds)

    call(client)

    assert keys_below(tmp_path) == stored


@pytest.mark.parametrize("is_overridden", [False, True], ids=["plain", "overridden"])
def test_due_at_a_cancel(rds_export_tasks, client, clock, tmp_path, is_overridden):
    """A cancel stores what the progress stands for, then cancels, also if a function of the user has it handled."""
    if is_overridden:
        rds_export_tasks.override("CancelExportTask", lambda parameters, default: default())
    rds_export_tasks.write_files(tmp_path)
    rds_export_tasks.seed("nightly")
    clock.tick(150)

    assert cancel(client)["Status"] == "CANCELING"
    assert keys_below(tmp_path) == RUNNING


@pytest.mark.parametrize("outcome", ["COMPLETE", "FAILED"])
def test_ended_before_a_lost_race(rds_export_tasks, client, clock, tmp_path, outcome):
    """An injected refusal of a cancel leaves an export that has ended meanwhile as the clock has ended it."""
    rds_export_tasks.write_files(tmp_path)
    task = rds_export_tasks.seed("nightly", timeline=Timeline(in_progress=60, outcome=outcome))
    rds_export_tasks.inject("InvalidExportTaskStateFault")
    clock.tick(3600)

    with pytest.raises(client.exceptions.InvalidExportTaskStateFault):
        cancel(client)
    assert (task.status, task.task_end_time) == (outcome, T0 + timedelta(minutes=1))


def test_bucket_comes_last(rds_export_tasks, client, monkeypatch):
    """A start that is refused for another reason does not ask for its bucket; one that is accepted asks once."""
    asked, s3 = [], MemoryS3("rds-exports")
    monkeypatch.setattr(s3, "head_bucket", lambda Bucket: asked.append(Bucket))  # noqa: N803, PLW0108
    rds_export_tasks.write_files(s3)

    with pytest.raises(ClientError, match="two consecutive hyphens"):
        start(client, "two--hyphens")
    assert asked == []
    start(client)
    assert asked == ["rds-exports"]
