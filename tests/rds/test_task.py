"""ExportTask: a value, and the live task of a registry."""

import copy
import json
from datetime import datetime, timedelta, timezone

import botocore.session
import pytest
from botocore import xform_name

from helpers.aws import CLUSTER, STATUSES, fields_of, service_model
from helpers.calls import described, start
from helpers.errors import raises_exactly
from helpers.rules import MOVES, refused_move
from pytest_rds_export import ExportTask, Stuck, Timeline, fake_rds_export

MODEL = service_model()
API_NAMES = list(MODEL.shape_for("ExportTask").members)
FIELDS = [xform_name(name) for name in API_NAMES]
ALLOWED = [(old, new) for old in STATUSES for new in MOVES[old]]
REFUSED = [(old, new) for old in STATUSES for new in STATUSES if new not in MOVES[old]]


def test_fields():
    """The 16 declared fields are those of the service model, in its order."""
    known = [name for name, value in vars(ExportTask).items() if repr(value) == f"<field {name} of ExportTask>"]
    assert known == [name for name in FIELDS if name in known]
    assert FIELDS[0] == "export_task_identifier"
    assert len(known) == 16


def test_fields_of_a_live_task(rds_export_tasks, client):
    """A live task has the values that a response shows, its region and, by default, its registry's timeline."""
    task = rds_export_tasks.seed("nightly", status="FAILED", export_only=["orders"], percent_progress=7)
    shown = described(client)

    assert [getattr(task, name) for name in FIELDS] == [shown.get(name) for name in API_NAMES]
    assert (task.region, task.timeline) == ("us-east-1", Timeline())


def test_fields_of_a_value():
    """A value has only the fields that it was given, and the region of its source."""
    task = ExportTask("nightly", percent_progress=42)

    given = {name: getattr(task, name) for name in FIELDS if getattr(task, name) is not None}
    assert given == {"export_task_identifier": "nightly", "status": "IN_PROGRESS", "percent_progress": 42}
    assert (task.identifier, task.region, task.timeline) == ("nightly", None, None)
    assert ExportTask("nightly", source_arn=CLUSTER).region == "us-east-1"


@pytest.mark.parametrize("name", ["percent", "_percent", "identifer"])
def test_unknown_attribute(rds_export_tasks, name):
    """An unknown attribute is an AttributeError."""
    for task in (ExportTask("nightly"), rds_export_tasks.seed("nightly")):
        with raises_exactly(AttributeError, f"'ExportTask' object has no attribute {name!r}"):
            getattr(task, name)


def test_dir():
    """dir() lists fields, properties and methods."""
    assert {*FIELDS, "identifier", "region", "timeline", "move_to"} <= set(dir(ExportTask("nightly")))


@pytest.mark.parametrize(
    ("task", "text"),
    [
        (ExportTask("nightly"), "<ExportTask 'nightly' IN_PROGRESS>"),
        (ExportTask("nightly", percent_progress=42), "<ExportTask 'nightly' IN_PROGRESS 42%>"),
        (ExportTask("done", status="COMPLETE", region="eu-west-1"), "<ExportTask 'done' COMPLETE in eu-west-1>"),
    ],
)
def test_repr_of_a_value(task, text):
    """The repr of a value shows what it was given."""
    assert repr(task) == text


def test_equality_of_values():
    """Values are equal if fields, region and timeline are."""
    task = ExportTask("nightly", percent_progress=42)

    assert task == ExportTask("nightly", percent_progress=42)
    assert task == copy.copy(task)
    assert task != ExportTask("nightly", percent_progress=43)
    assert task != ExportTask("nightly", percent_progress=42, timeline=Stuck())
    assert task != ExportTask("nightly", percent_progress=42, region="eu-west-1")
    assert task != "nightly"


def test_equality_of_live_tasks(rds_export_tasks, rds_export_clock):
    """Live tasks are equal if their state is."""
    task = rds_export_tasks.seed("nightly")
    with fake_rds_export("nightly") as other:
        twin = other["nightly"]

    assert task == twin
    twin.move_to("COMPLETE")
    assert task != twin


def test_no_hash():
    """A task has no hash, because it can change."""
    with pytest.raises(TypeError, match="unhashable type: 'ExportTask'"):
        hash(ExportTask("nightly"))


@pytest.mark.parametrize(("old", "new"), ALLOWED)
def test_move_to(rds_export_tasks, client, old, new):
    """A move sets the fields that a real task has in that status."""
    task = rds_export_tasks.seed("nightly", status=old)

    task.move_to(new)

    shown = described(client)
    assert (task.status, shown["Status"]) == (new, new)
    assert set(shown) == fields_of(new, extracting=old == "IN_PROGRESS")
    assert shown["PercentProgress"] == (100 if new == "COMPLETE" else 0)


@pytest.mark.parametrize(("old", "new"), REFUSED)
def test_refused_move(rds_export_tasks, old, new):
    """A move backwards, to the same status or from an end is refused with those that are allowed."""
    task = rds_export_tasks.seed("nightly", status=old)
    before = repr(task)

    with raises_exactly(ValueError, refused_move("nightly", old, new)):
        task.move_to(new)

    assert repr(task) == before


@pytest.mark.parametrize(
    ("field", "value", "way"),
    [
        ("status", "COMPLETE", "Use move_to('COMPLETE')"),
        ("percent_progress", 43, "Use move_to(status, percent_progress=43)"),
        ("export_task_identifier", "weekly", "A task keeps its identifier"),
    ],
)
def test_assignment_to_a_live_task(rds_export_tasks, field, value, way):
    """A field of a live task cannot be assigned; the message has the move to write."""
    task = rds_export_tasks.seed("nightly", percent_progress=42)
    shown = "<ExportTask 'nightly' IN_PROGRESS 42% in us-east-1>"

    with raises_exactly(AttributeError, f"{field} of {shown} cannot be assigned. {way}"):
        setattr(task, field, value)
    with pytest.raises(AttributeError):
        task.identifier = "weekly"

    assert repr(task) == shown


def test_assignment_to_a_value():
    """A field of a value cannot be assigned; the message has the call to write."""
    task = ExportTask("nightly")

    with raises_exactly(
        AttributeError,
        "status of <ExportTask 'nightly' IN_PROGRESS> cannot be assigned. "
        "Pass it to ExportTask: ExportTask('nightly', status='FAILED')",
    ):
        task.status = "FAILED"

    assert task == ExportTask("nightly")


def test_own_lists(rds_export_tasks, client):
    """Values and live tasks share no list with what they were given, what was read, parameters and responses."""
    given = ["orders"]
    kept = ExportTask("nightly", export_only=given)
    rds_export_tasks.seed_all([kept])
    rds_export_tasks.seed("seeded", export_only=given)
    start(client, "weekly", ExportOnly=["orders"])
    client.describe_export_tasks()

    given.append("customers")
    kept.export_only.append("customers")
    for task in rds_export_tasks.values():
        task.export_only.append("customers")
    for call in rds_export_tasks.calls:
        for holder in (call.parameters, call.response, *call.response.get("ExportTasks", ())):
            if "ExportOnly" in holder:
                holder["ExportOnly"].append("customers")

    assert [task.export_only for task in (kept, *rds_export_tasks.values())] == [["orders"]] * 4


def test_field():
    """A field of the class has a repr and a documentation of its own, for ``help()``."""
    assert repr(ExportTask.percent_progress) == "<field percent_progress of ExportTask>"
    assert ExportTask.percent_progress.__doc__ == "How far the export is, from 0 to 100."


def test_move_with_fields(rds_export_tasks, client):
    """A move sets the fields that it is given."""
    task = rds_export_tasks.seed("nightly", percent_progress=42)
    ended = datetime(2026, 3, 1, 2, 0, tzinfo=timezone.utc)

    task.move_to("FAILED", failure_cause="The bucket is gone.", percent_progress=43, task_end_time=ended)

    shown = described(client)
    assert shown["FailureCause"] == "The bucket is gone."
    assert shown["PercentProgress"] == 43
    assert shown["TaskEndTime"] == ended


def test_times_and_progress_of_a_move(rds_export_tasks, rds_export_clock):
    """A move sets the time of its status and keeps the progress."""
    task = rds_export_tasks.seed("nightly", status="STARTING", timeline=Stuck())
    rds_export_clock.tick(minutes=3)
    task.move_to("IN_PROGRESS", percent_progress=42, total_extracted_data_in_gb=5)
    rds_export_clock.tick(minutes=4)
    task.move_to("CANCELED")

    began = rds_export_clock.now - timedelta(minutes=4)
    assert (task.task_start_time, task.task_end_time) == (began, rds_export_clock.now)
    assert (task.percent_progress, task.total_extracted_data_in_gb) == (42, 5)


@pytest.mark.parametrize(("given", "extracted", "size"), [({}, 50, 100), ({"total_extracted_data_in_gb": 6}, 6, 12)])
def test_size_of_a_move(rds_export_tasks, given, extracted, size):
    """The extracted data follows the progress; both together determine the size of the whole."""
    task = rds_export_tasks.seed("nightly", status="STARTING")

    task.move_to("IN_PROGRESS", percent_progress=50, **given)
    assert task.total_extracted_data_in_gb == extracted

    task.move_to("COMPLETE")
    assert task.total_extracted_data_in_gb == size


@pytest.mark.parametrize(
    ("status", "fields", "error", "text"),
    [
        ("DONE", {}, ValueError, "unknown status 'DONE'"),
        (["FAILED"], {}, ValueError, "Did you mean 'FAILED'"),
        ("FAILED", {"percent_progress": 140}, ValueError, "percent_progress must be an int from 0 to 100"),
        ("COMPLETE", {"percent_progress": 50}, ValueError, "percent_progress of a COMPLETE task must be 100"),
        ("FAILED", {"export_task_identifier": "later"}, TypeError, "^move_to cannot set export_task_identifier$"),
        ("FAILED", {"status": "COMPLETE"}, TypeError, "^move_to cannot set status$"),
        ("FAILED", {"failure_caus": "full"}, TypeError, "unknown field 'failure_caus'. Did you mean 'failure_cause'"),
    ],
)
def test_wrong_move(rds_export_tasks, status, fields, error, text):
    """A wrong move is refused, and the task stays as it was."""
    task = rds_export_tasks.seed("nightly", percent_progress=42)

    with pytest.raises(error, match=text):
        task.move_to(status, **fields)

    assert repr(task) == "<ExportTask 'nightly' IN_PROGRESS 42% in us-east-1>"


def test_move_of_a_value():
    """A value cannot be moved; the message says what can."""
    with raises_exactly(
        ValueError,
        "<ExportTask 'nightly' IN_PROGRESS> is a value. Move the task that seed() returned, or registry['nightly']",
    ):
        ExportTask("nightly").move_to("COMPLETE")


def test_timeline_after_a_move(rds_export_tasks, rds_export_clock):
    """A moved task advances by the clock from there."""
    task = rds_export_tasks.seed("nightly", status="STARTING")

    task.move_to("IN_PROGRESS")
    rds_export_clock.tick(minutes=4)
    assert (task.status, task.percent_progress) == ("IN_PROGRESS", 80)

    rds_export_clock.tick(minutes=1)
    assert (task.status, task.task_end_time) == ("COMPLETE", rds_export_clock.now)


@pytest.fixture
def newer_model(tmp_path, monkeypatch):
    """For new processes, a service model in which export tasks have one more field."""
    model = botocore.session.get_session().get_component("data_loader").load_service_model("rds", "service-2")
    model["shapes"]["ExportTask"]["members"]["EncryptionMode"] = {"shape": "String"}
    target = tmp_path / "models" / "rds" / MODEL.api_version
    target.mkdir(parents=True)
    (target / "service-2.json").write_text(json.dumps(model))
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path / "models"))


def test_field_of_a_newer_model(newer_model, pytester, monkeypatch):
    """A field that only a newer botocore knows can be given, read and described."""
    pytester.makepyfile("""
        import boto3
        import pytest
        from pytest_rds_export import ExportTask

        KEPT = ExportTask("nightly", encryption_mode="KMS")

        @pytest.mark.rds_export_tasks(KEPT, {"ExportTaskIdentifier": "other", "EncryptionMode": "S3"})
        def test_it(rds_export_tasks, rds_export_client):
            for client in (rds_export_client, boto3.client("rds")):
                shown = client.describe_export_tasks()["ExportTasks"]
                assert [task["EncryptionMode"] for task in shown] == ["KMS", "S3"]
            assert (KEPT.encryption_mode, rds_export_tasks["other"].encryption_mode) == ("KMS", "S3")
        """)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    pytester.runpytest_subprocess("-p", "pytest_rds_export.plugin", "--assert=plain").assert_outcomes(passed=1)
