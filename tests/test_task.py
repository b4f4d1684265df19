"""ExportTask: a value made by hand, and the live task that a registry gives."""

import copy
import json
from datetime import datetime, timedelta, timezone

import botocore.session
import pytest
from botocore import xform_name

from _asking import described
from _aws import CLUSTER, STATUSES, members_of, raises_exactly, service_model, start
from _rules import MOVES
from pytest_rds_export import ExportTask, Polls, Stuck, Timeline, fake_rds_export
from pytest_rds_export._rds.task import Field

MODEL = service_model()
MEMBERS = [xform_name(name) for name in MODEL.shape_for("ExportTask").members]
ALLOWED = [(old, new) for old in STATUSES for new in MOVES[old]]
REFUSED = [(old, new) for old in STATUSES for new in STATUSES if new not in MOVES[old]]


def test_the_members_are_the_models_in_its_order():
    known = [name for name, value in vars(ExportTask).items() if isinstance(value, Field)]
    assert known == [name for name in MEMBERS if name in known]
    assert MEMBERS[0] == "export_task_identifier"
    assert len(known) == 16


@pytest.mark.parametrize("name", MEMBERS)
def test_a_live_task_reads_what_an_answer_says(rds_export_tasks, rds_export_client, name):
    task = rds_export_tasks.seed("nightly", status="FAILED", export_only=["orders"], percent_progress=7)
    api_name = next(member for member in MODEL.shape_for("ExportTask").members if xform_name(member) == name)

    assert getattr(task, name) == described(rds_export_client).get(api_name)


def test_a_value_has_only_what_it_was_given():
    task = ExportTask("nightly", percent_progress=42)

    given = {name: getattr(task, name) for name in MEMBERS if getattr(task, name) is not None}
    assert given == {"export_task_identifier": "nightly", "status": "IN_PROGRESS", "percent_progress": 42}
    assert (task.identifier, task.region, task.timeline) == ("nightly", None, None)


def test_a_value_knows_the_region_of_its_source():
    assert ExportTask("nightly", source_arn=CLUSTER).region == "us-east-1"


def test_a_live_task_has_the_region_and_the_timeline_of_its_registry(rds_export_tasks):
    task = rds_export_tasks.seed("nightly")

    assert (task.region, task.timeline) == ("us-east-1", Timeline())


def test_a_live_task_has_a_timeline_of_its_own(rds_export_tasks):
    assert rds_export_tasks.seed("nightly", timeline=Polls(starting=3)).timeline == Polls(starting=3)


@pytest.mark.parametrize("name", ["percent", "_percent", "identifer"])
def test_an_unknown_attribute(rds_export_tasks, name):
    for task in (ExportTask("nightly"), rds_export_tasks.seed("nightly")):
        with raises_exactly(AttributeError, f"'ExportTask' object has no attribute {name!r}"):
            getattr(task, name)


def test_dir_lists_the_members_and_what_can_be_done():
    assert {*MEMBERS, "identifier", "region", "timeline", "move_to"} <= set(dir(ExportTask("nightly")))


@pytest.mark.parametrize(
    ("task", "text"),
    [
        (ExportTask("nightly"), "<ExportTask 'nightly' IN_PROGRESS>"),
        (ExportTask("nightly", percent_progress=42), "<ExportTask 'nightly' IN_PROGRESS 42%>"),
        (ExportTask("done", status="COMPLETE", region="eu-west-1"), "<ExportTask 'done' COMPLETE in eu-west-1>"),
    ],
)
def test_the_repr_of_a_value(task, text):
    assert repr(task) == text


def test_the_repr_of_a_live_task_follows_it(rds_export_tasks):
    task = rds_export_tasks.seed("nightly", percent_progress=42)
    assert repr(task) == "<ExportTask 'nightly' IN_PROGRESS 42% in us-east-1>"

    task.move_to("COMPLETE")
    assert repr(task) == "<ExportTask 'nightly' COMPLETE 100% in us-east-1>"


def test_values_are_equal_when_all_is_equal():
    task = ExportTask("nightly", percent_progress=42)

    assert task == ExportTask("nightly", percent_progress=42)
    assert task == copy.copy(task)
    assert task != ExportTask("nightly", percent_progress=43)
    assert task != ExportTask("nightly", percent_progress=42, timeline=Stuck())
    assert task != ExportTask("nightly", percent_progress=42, region="eu-west-1")
    assert task != "nightly"


def test_live_tasks_are_equal_when_they_stand_alike(rds_export_tasks, rds_export_clock):
    task = rds_export_tasks.seed("nightly")
    with fake_rds_export("nightly") as other:
        twin = other["nightly"]

    assert task == twin
    twin.move_to("COMPLETE")
    assert task != twin


def test_a_task_that_can_change_has_no_hash():
    with pytest.raises(TypeError, match="unhashable type: 'ExportTask'"):
        hash(ExportTask("nightly"))


@pytest.mark.parametrize(("old", "new"), ALLOWED)
def test_a_move_sets_what_a_real_task_has(rds_export_tasks, rds_export_client, old, new):
    task = rds_export_tasks.seed("nightly", status=old)

    task.move_to(new)

    shown = described(rds_export_client)
    assert (task.status, shown["Status"]) == (new, new)
    assert set(shown) == members_of(new, extracting=old == "IN_PROGRESS")
    assert shown["PercentProgress"] == (100 if new == "COMPLETE" else 0)


@pytest.mark.parametrize(("old", "new"), REFUSED)
def test_a_move_that_is_not_forward(rds_export_tasks, old, new):
    task = rds_export_tasks.seed("nightly", status=old)
    before = repr(task)
    rest = f"from there it can become {', '.join(MOVES[old])}" if MOVES[old] else "that is its end"

    with raises_exactly(
        ValueError,
        f"export task 'nightly' is {old} and cannot become {new}; {rest}",
    ):
        task.move_to(new)

    assert repr(task) == before


@pytest.mark.parametrize(
    ("member", "value", "way"),
    [("status", "COMPLETE", "move_to('COMPLETE')"), ("percent_progress", 43, "move_to(status, percent_progress=43)")],
)
def test_an_assignment_is_no_move(rds_export_tasks, member, value, way):
    task = rds_export_tasks.seed("nightly", percent_progress=42)

    with raises_exactly(
        AttributeError,
        f"{member} of <ExportTask 'nightly' IN_PROGRESS 42% in us-east-1> cannot be assigned; "
        f"move the task, as in {way}",
    ):
        setattr(task, member, value)

    assert (task.status, task.percent_progress) == ("IN_PROGRESS", 42)


def test_a_value_is_not_changed():
    task = ExportTask("nightly")

    with raises_exactly(
        AttributeError,
        "status of <ExportTask 'nightly' IN_PROGRESS> cannot be assigned; "
        "give it when the task is made, as ExportTask('nightly', status='FAILED')",
    ):
        task.status = "FAILED"

    assert task == ExportTask("nightly")


def test_a_task_keeps_its_identifier(rds_export_tasks):
    task = rds_export_tasks.seed("nightly")

    with raises_exactly(
        AttributeError,
        "export_task_identifier of <ExportTask 'nightly' IN_PROGRESS 0% in us-east-1> cannot be assigned; "
        "a task keeps its identifier",
    ):
        task.export_task_identifier = "weekly"
    with pytest.raises(AttributeError):
        task.identifier = "weekly"

    assert task.identifier == task.export_task_identifier == "nightly"


def test_a_kept_value_and_a_live_task_share_nothing_with_what_was_answered(rds_export_tasks, rds_export_client):
    kept = ExportTask("nightly", export_only=["orders"])
    rds_export_tasks.seed_all([kept])
    start(rds_export_client, "weekly", ExportOnly=["orders"])
    rds_export_client.describe_export_tasks()

    for call in rds_export_tasks.calls:
        for holder in (call.parameters, call.response, *call.response.get("ExportTasks", ())):
            if "ExportOnly" in holder:
                holder["ExportOnly"].append("customers")

    assert kept.export_only == rds_export_tasks["nightly"].export_only == ["orders"]
    assert rds_export_tasks["weekly"].export_only == ["orders"]


def test_a_member_of_the_class_says_what_it_is():
    assert repr(ExportTask.percent_progress) == "<field percent_progress of ExportTask>"


def test_a_move_takes_members_along(rds_export_tasks, rds_export_client):
    task = rds_export_tasks.seed("nightly", percent_progress=42)
    ended = datetime(2026, 3, 1, 2, 0, tzinfo=timezone.utc)

    task.move_to("FAILED", failure_cause="The bucket is gone.", percent_progress=43, task_end_time=ended)

    shown = described(rds_export_client)
    assert shown["FailureCause"] == "The bucket is gone."
    assert shown["PercentProgress"] == 43
    assert shown["TaskEndTime"] == ended


def test_a_move_sets_its_time_and_keeps_the_progress(rds_export_tasks, rds_export_clock):
    task = rds_export_tasks.seed("nightly", status="STARTING", timeline=Stuck())
    rds_export_clock.tick(minutes=3)
    task.move_to("IN_PROGRESS", percent_progress=42, total_extracted_data_in_gb=5)
    rds_export_clock.tick(minutes=4)
    task.move_to("CANCELED")

    began = rds_export_clock.now - timedelta(minutes=4)
    assert (task.task_start_time, task.task_end_time) == (began, rds_export_clock.now)
    assert (task.percent_progress, task.total_extracted_data_in_gb) == (42, 5)


def test_the_data_of_a_move_follows_its_progress_as_that_of_a_seed_does(rds_export_tasks):
    moved = rds_export_tasks.seed("moved", status="STARTING")
    seeded = rds_export_tasks.seed("seeded", percent_progress=50)

    moved.move_to("IN_PROGRESS", percent_progress=50)

    assert moved.total_extracted_data_in_gb == seeded.total_extracted_data_in_gb == 50


def test_a_move_that_says_how_much_is_extracted_says_how_large_the_whole_is(rds_export_tasks):
    task = rds_export_tasks.seed("nightly", status="STARTING")

    task.move_to("IN_PROGRESS", percent_progress=50, total_extracted_data_in_gb=6)
    assert task.total_extracted_data_in_gb == 6

    task.move_to("COMPLETE")
    assert task.total_extracted_data_in_gb == 12


def test_a_finished_task_has_extracted_all(rds_export_tasks):
    task = rds_export_tasks.seed("nightly", percent_progress=50, total_extracted_data_in_gb=6)

    task.move_to("COMPLETE")

    assert (task.percent_progress, task.total_extracted_data_in_gb) == (100, 12)


@pytest.mark.parametrize(
    ("status", "members", "error", "text"),
    [
        (
            "DONE",
            {},
            ValueError,
            "unknown status 'DONE'; known: STARTING, IN_PROGRESS, CANCELING, CANCELED, COMPLETE, FAILED",
        ),
        (
            ["FAILED"],
            {},
            ValueError,
            "unknown status ['FAILED']; known: FAILED, STARTING, IN_PROGRESS, CANCELING, CANCELED, COMPLETE",
        ),
        ("FAILED", {"percent_progress": 140}, ValueError, "percent_progress goes from 0 to 100, got 140"),
        ("FAILED", {"export_task_identifier": "later"}, TypeError, "move_to does not set export_task_identifier"),
        ("FAILED", {"status": "COMPLETE"}, TypeError, "move_to does not set status"),
    ],
)
def test_a_mistaken_move_leaves_the_task_as_it_was(rds_export_tasks, status, members, error, text):
    task = rds_export_tasks.seed("nightly", percent_progress=42)

    with raises_exactly(error, text):
        task.move_to(status, **members)

    assert repr(task) == "<ExportTask 'nightly' IN_PROGRESS 42% in us-east-1>"


def test_an_unknown_member_of_a_move(rds_export_tasks):
    task = rds_export_tasks.seed("nightly")
    known = ["failure_cause", *(name for name in MEMBERS if name != "failure_cause")]

    with raises_exactly(TypeError, f"unknown member of ExportTask 'failure_caus'; known: {', '.join(known)}"):
        task.move_to("FAILED", failure_caus="The bucket is gone.")

    assert task.status == "IN_PROGRESS"


def test_a_value_cannot_move():
    with raises_exactly(
        ValueError,
        "<ExportTask 'nightly' IN_PROGRESS> is a value that was never seeded; move what seed() or the registry gives",
    ):
        ExportTask("nightly").move_to("COMPLETE")


def test_a_started_task_is_read_and_moved_like_a_seeded_one(rds_export_tasks, rds_export_client):
    start(rds_export_client)

    rds_export_tasks["nightly"].move_to("IN_PROGRESS", percent_progress=42)

    assert described(rds_export_client)["PercentProgress"] == 42


def test_a_task_that_is_moved_follows_the_clock_from_there(rds_export_tasks, rds_export_clock):
    task = rds_export_tasks.seed("nightly", status="STARTING")

    task.move_to("IN_PROGRESS")
    rds_export_clock.tick(minutes=4)
    assert (task.status, task.percent_progress) == ("IN_PROGRESS", 80)

    rds_export_clock.tick(minutes=1)
    assert (task.status, task.task_end_time) == ("COMPLETE", rds_export_clock.now)


@pytest.fixture
def newer_model(tmp_path, monkeypatch):
    """A service model in which export tasks have a member more."""
    model = botocore.session.get_session().get_component("data_loader").load_service_model("rds", "service-2")
    model["shapes"]["ExportTask"]["members"]["EncryptionMode"] = {"shape": "String"}
    target = tmp_path / "models" / "rds" / MODEL.api_version
    target.mkdir(parents=True)
    (target / "service-2.json").write_text(json.dumps(model))
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path / "models"))


def test_a_member_that_only_a_newer_model_has(pytester, newer_model):
    pytester.makepyfile(
        """
        import boto3
        from pytest_rds_export import ExportTask

        KEPT = ExportTask("nightly", encryption_mode="KMS")

        def test_it_is_accepted_readable_and_answered(rds_export_tasks, rds_export_client):
            rds_export_tasks.seed_all([KEPT, {"ExportTaskIdentifier": "other", "EncryptionMode": "S3"}])

            assert KEPT.encryption_mode == "KMS"
            assert rds_export_tasks["other"].encryption_mode == "S3"
            for client in (rds_export_client, boto3.client("rds")):
                shown = client.describe_export_tasks()["ExportTasks"]
                assert [task["EncryptionMode"] for task in shown] == ["KMS", "S3"]
        """
    )

    pytester.runpytest_subprocess("-p", "no:randomly").assert_outcomes(passed=1)
