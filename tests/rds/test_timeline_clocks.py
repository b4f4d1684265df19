"""Whose clock tasks follow: the real one, freezegun in all its forms, pytest-freezer, time-machine."""

from datetime import datetime, timezone

import pytest
from freezegun import freeze_time

from helpers.calls import described, start
from helpers.timelines import HALF_AN_HOUR, T0, minutes
from pytest_rds_export import ExportTask, Stuck, Timeline


def test_real_clock(rds_export_tasks, client):
    """On the real clock, nothing advances during a test."""
    rds_export_tasks.seed_all([ExportTask("nightly", percent_progress=42), ExportTask("weekly", status="STARTING")])
    assert described(client)["PercentProgress"] == 42
    assert described(client, "weekly")["Status"] == "STARTING"


def test_freezegun_as_a_decorator(rds_export_tasks):
    """Tasks follow freezegun as a decorator."""

    @freeze_time(T0, as_kwarg="frozen")
    def body(frozen):
        task = rds_export_tasks.seed("nightly", timeline=HALF_AN_HOUR)
        frozen.tick(minutes(5))
        return task.percent_progress

    assert body() == 50


def test_pytest_freezer(request, rds_export_tasks):
    """Tasks follow the fixture of pytest-freezer."""
    pytest.importorskip("pytest_freezer")
    freezer = request.getfixturevalue("freezer")
    task = rds_export_tasks.seed("nightly", timeline=HALF_AN_HOUR)
    freezer.tick(minutes(5))
    assert task.percent_progress == 50


def test_time_machine(rds_export_tasks, client):
    """Tasks follow time-machine."""
    time_machine = pytest.importorskip("time_machine")
    with time_machine.travel(T0, tick=False) as traveller:
        rds_export_tasks.seed("nightly", timeline=HALF_AN_HOUR)
        traveller.shift(minutes(10))
        assert described(client)["TaskEndTime"] == T0 + minutes(10)


class TestSeededOnTheRealClock:
    """A seed of a conftest or a marker starts at the first access on the frozen clock of the test function."""

    @pytest.fixture
    def rds_export_seed(self):
        """A task that is running, one that has ended, and one that has a time."""
        given = ExportTask("given", task_start_time="2001-01-01T00:00:00Z", timeline=Stuck())
        return [ExportTask("nightly", percent_progress=50), ExportTask("done", status="COMPLETE"), given]

    @pytest.mark.rds_export_tasks(ExportTask("marked", status="STARTING"))
    @pytest.mark.parametrize(
        "now", [datetime(2001, 2, 3, tzinfo=timezone.utc), datetime(2101, 2, 3, tzinfo=timezone.utc)]
    )
    def test_frozen(self, rds_export_tasks, client, now):
        """A seed follows a clock that is frozen in the past or in the future; a time that is given is kept."""
        with freeze_time(now):
            shown = {name: described(client, name) for name in ("nightly", "done", "marked", "given")}
        with freeze_time(now + minutes(21)):
            later = {name: described(client, name) for name in ("nightly", "marked")}

        assert (shown["nightly"]["Status"], shown["nightly"]["PercentProgress"]) == ("IN_PROGRESS", 50)
        assert shown["nightly"]["TaskStartTime"] == now - minutes(2.5)  # half of the default of 5 minutes
        assert (shown["done"]["Status"], shown["done"]["TaskEndTime"]) == ("COMPLETE", now)
        assert shown["marked"]["Status"] == "STARTING"
        assert shown["given"]["TaskStartTime"] == datetime(2001, 1, 1, tzinfo=timezone.utc)
        assert later["nightly"]["TaskEndTime"] == now + minutes(2.5)
        assert later["marked"]["TaskStartTime"] == now + minutes(20)

    @pytest.mark.parametrize("call", ["describe_export_tasks", "describe_events", "start"])
    def test_call_in_another_region(self, rds_export_tasks, client, call):
        """A call in another region does not use it: it begins with a clock that is frozen later."""
        task = rds_export_tasks.in_region("eu-west-1").seed("weekly", timeline=Timeline(in_progress=60))
        start(client, "another") if call == "start" else getattr(client, call)()
        with freeze_time(T0) as frozen:
            assert task.status == "IN_PROGRESS"
            frozen.tick(60)
            assert task.status == "COMPLETE"
