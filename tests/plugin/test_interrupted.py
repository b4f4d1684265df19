"""What is shown of a test that is interrupted while its code sleeps for real, and the hint about the sleep."""

from datetime import timedelta

import boto3
import pytest

from helpers.inner import lines_after, run_again
from helpers.reports import hints, without_times
from pytest_rds_export import Polls, fake_rds_export, frozen_clock

TITLE = "--- rds export tasks ---"
TIMEOUT = ("-p", "pytest_timeout", "--timeout=60", "--timeout-method=signal")
REPORT = [
    "what happened:",
    "  DescribeExportTasks in us-east-1: ok (HTTP 200), 1 attempt: IN_PROGRESS",
    "tasks:",
    "  'nightly' IN_PROGRESS 0% in us-east-1, Timeline()",
    "hints:",
    (
        "  'nightly' was described 1 time and is still IN_PROGRESS. If the code sleeps between polls, it sleeps for "
        "real: use the fixture rds_export_clock"
    ),
]
POLL = """
    import signal
    from datetime import timedelta

    import boto3
    import pytest

    @pytest.fixture
    def polled(rds_export_tasks):
        rds_export_tasks.seed("nightly")
        boto3.client("rds").describe_export_tasks()
        rds_export_tasks.calls[0].time -= timedelta(seconds=30)  # as if it had slept

    @pytest.fixture
    def interrupted(polled):
        raise KeyboardInterrupt

    def test_it({fixture}):
        {interruption}

    def test_next():
        pass
"""


def run(pytester, interruption, *arguments, fixture="polled"):
    """Run a test that polls and is then interrupted."""
    pytester.makepyfile(POLL.format(fixture=fixture, interruption=interruption))
    return run_again(pytester, *arguments, no_reraise_ctrlc=True)


@pytest.mark.parametrize(
    ("interruption", "fixture", "code"),
    [
        ("raise KeyboardInterrupt", "polled", 2),
        ("pytest.exit('enough', returncode=7)", "polled", 7),
        ("...", "interrupted", 2),
    ],
    ids=["Ctrl-C", "exit", "set-up"],
)
def test_interruption(pytester, interruption, fixture, code):
    """The report is shown once, before pytest's own summary, and the interruption goes on, also that of a set-up."""
    result = run(pytester, interruption, fixture=fixture)

    assert result.ret == code
    shown = [line for line in without_times(lines_after(result, TITLE)) if line]
    assert shown[: len(REPORT)] == REPORT
    assert str(result.stdout).count(TITLE) == 1
    result.assert_outcomes()


def test_timeout(pytester):
    """A time-out of pytest-timeout by signal fails the test, with the report."""
    pytest.importorskip("pytest_timeout")

    result = run(pytester, "signal.raise_signal(signal.SIGALRM)", *TIMEOUT)

    result.assert_outcomes(failed=1, passed=1)
    assert without_times(lines_after(result, TITLE))[: len(REPORT)] == REPORT


@pytest.mark.parametrize(
    ("fixture", "arguments"),
    [("polled", ("-p", "no:terminal")), ("rds_export_tasks", ())],
    ids=["no terminal reporter", "no call"],
)
def test_nothing_to_show(pytester, fixture, arguments):
    """Nothing is shown without pytest's terminal reporter, and of a test that called nothing."""
    result = run(pytester, "raise KeyboardInterrupt", *arguments, fixture=fixture)

    assert result.ret == 2
    assert TITLE not in str(result.stdout)


REAL_SLEEP = "If the code sleeps between polls, it sleeps for real: use the fixture rds_export_clock"


def hints_after(gaps, **fields):
    """Poll a task, with so many seconds between the polls and since the last one, and return the hints."""
    with fake_rds_export() as tasks:
        tasks.seed("nightly", **fields)
        for _ in gaps:
            boto3.client("rds").describe_export_tasks()
        for index, gap in enumerate(gaps):
            for call in tasks.calls[: index + 1]:
                call.time -= timedelta(seconds=gap)
        return hints()


@pytest.mark.parametrize("gaps", [(0, 60, 0), (60, 60, 60)])
@pytest.mark.parametrize("timeline", [None, Polls(in_progress=9)])
def test_sleeps_for_real(gaps, timeline):
    """The hint comes after a sleep of a second or more, also with a timeline that counts polls."""
    assert hints_after(gaps, timeline=timeline) == [
        f"'nightly' was described 3 times and is still IN_PROGRESS. {REAL_SLEEP}"
    ]


@pytest.mark.parametrize(("gaps", "fields"), [((0.5, 0.5), {}), ((60, 60), {"status": "COMPLETE"}), ((60, 36000), {})])
def test_no_hint(gaps, fields):
    """There is no hint for short sleeps, for a finished task, or for calls on another clock than the real one."""
    assert hints_after(gaps, **fields) == []


def test_no_hint_on_a_frozen_clock():
    """There is no hint if the clock was frozen, even after it has ended."""
    with fake_rds_export() as tasks:
        with frozen_clock() as clock:
            tasks.seed("nightly")
            boto3.client("rds").describe_export_tasks()
            clock.tick(60)
            assert hints() == []
        assert hints() == []
