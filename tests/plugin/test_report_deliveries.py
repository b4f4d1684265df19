"""The deliveries of events in the report of a failing test, and the test that a failing receiver fails."""

from freezegun import freeze_time

from helpers.inner import blocks, run
from helpers.reports import problem, report


def deliveries():
    """Return the report's lines about deliveries."""
    lines = report()
    return lines[lines.index("deliveries:") + 1 :]


def test_lines(tasks):
    """Each delivery has a line with its receiver, the event and what came of it."""

    def handler(event, context):
        return "loaded"

    tasks.deliver_events(handler)
    tasks.deliver_events(lambda event, context: None, pattern={"detail": {"SourceType": ["db-instance"]}})
    tasks.seed("nightly").move_to("COMPLETE")

    (event,) = tasks.events
    assert deliveries() == [
        f"  handler: {event!r} returned 'loaded'",
        (
            f"  <lambda>: {event!r} not delivered, because of pattern=: "
            "detail.SourceType must match 'db-instance', got 'SNAPSHOT'. In EventBridge, 'db-instance' is 'DB_INSTANCE'"
        ),
    ]


class Broken(Exception):
    """What cannot be shown."""

    def __repr__(self):
        raise OSError


def test_without_a_repr(tasks):
    """What a receiver returns or raises may have a repr that raises: its class is shown."""

    def failing(event, context):
        raise Broken

    tasks.deliver_events(lambda event, context: Broken())
    tasks.deliver_events(failing)
    tasks.seed("nightly").move_to("COMPLETE")

    returned, raised = deliveries()
    assert returned.endswith(" returned <Broken whose repr raised OSError>")
    assert " raised <Broken whose repr raised OSError> at test_report_deliveries.py:" in raised
    assert "failing raised <Broken whose repr raised OSError>" in problem()
    tasks.deliveries.clear()


def test_without_receivers(tasks):
    """Without receivers, the report has no deliveries."""
    tasks.seed("nightly").move_to("COMPLETE")
    assert "deliveries:" not in report()


def test_many(tasks):
    """Of many deliveries, the last ones have a line."""
    tasks.deliver_events(lambda event, context: None, times=31)
    tasks.seed("nightly").move_to("COMPLETE")
    lines = deliveries()
    assert (lines[0], len(lines)) == ("  ... 1 earlier ...", 31)


def test_reading_the_report(tasks):
    """The report delivers nothing."""
    seen = []
    tasks.deliver_events(lambda event, context: seen.append(event))
    with freeze_time("2026-03-01") as clock:
        tasks.seed("nightly")
        clock.tick(3600)
        assert "  'nightly' COMPLETE 100% in us-east-1, Timeline()" in report()
        assert seen == []
        assert len(tasks.events) == len(seen) == 1


def test_failing_receiver(pytester):
    """A test that passes although a receiver has raised has an error at its teardown, unless an option allows it."""
    result = run(
        pytester,
        """
def deliver(tasks):
    tasks.deliver_events(lambda event, context: event["Records"])
    tasks.seed("nightly").move_to("COMPLETE")

def test_passes(rds_export_tasks):
    deliver(rds_export_tasks)

@pytest.mark.rds_export_tasks(assert_all_delivered=False)
def test_allowed(rds_export_tasks):
    deliver(rds_export_tasks)

def test_fails(rds_export_tasks):
    deliver(rds_export_tasks)
    assert False

def test_without_a_fixture():
    with pytest.raises(AssertionError, match="raised KeyError"), fake_rds_export() as tasks:
        deliver(tasks)
""",
    )
    result.assert_outcomes(passed=3, failed=1, errors=1)
    found = blocks(result)
    assert sorted(found) == ["ERROR at teardown of test_passes", "test_fails"]
    line = found["ERROR at teardown of test_passes"][0]
    assert line.startswith("<lambda> raised KeyError('Records') at test_it.py:7, when it received <RdsEvent ")
