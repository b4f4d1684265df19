"""The deliveries of events in the report of a failing test."""

from freezegun import freeze_time

from helpers.reports import report


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
