"""The deliveries of events in the report of a failing test."""

from freezegun import freeze_time

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
