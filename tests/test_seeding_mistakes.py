"""Seeding mistakes: each names the value and what is allowed, and leaves the registry as it was."""

from datetime import datetime
from pathlib import Path

import pytest
from botocore import xform_name

from _aws import raises_exactly, service_model
from pytest_rds_export import ExportTask

API_MEMBERS = list(service_model().shape_for("ExportTask").members)
SNAKE_MEMBERS = [xform_name(name) for name in API_MEMBERS]
WRONG_IDENTIFIER = (
    "is no identifier of an export task: at most 60 ASCII letters, digits and single hyphens, a letter first, "
    "no hyphen last"
)
EXPECTED_FILE = "expected the JSON that 'aws rds describe-export-tasks' prints"


def closest_first(closest, names):
    return ", ".join([closest, *(name for name in names if name != closest)])


@pytest.fixture
def registry(rds_export_tasks):
    """A registry with one task, which a mistake must leave as it is."""
    task = rds_export_tasks.seed("nightly", percent_progress=42)
    yield rds_export_tasks
    assert {name: repr(found) for name, found in rds_export_tasks.items()} == {"nightly": repr(task)}
    assert not rds_export_tasks.in_region("eu-west-1")


def in_use(identifier, region="us-east-1"):
    return (
        f"export task {identifier!r} is already in {region}; seed each identifier once, and take a seeded one with "
        f"registry[{identifier!r}]"
    )


def refuses(call, error, text):
    with raises_exactly(error, text):
        call()


@pytest.mark.parametrize("identifier", ["", "1st", "late-", "a--b", "night_ly", "nächtlich", "a" * 61, 7, None])
def test_a_wrong_identifier(registry, identifier):
    refuses(lambda: registry.seed(identifier), ValueError, f"{identifier!r} {WRONG_IDENTIFIER}")


@pytest.mark.parametrize("path", ["tests/data/export-tasks.json", "tasks.json", r"data\tasks"])
def test_a_path_that_is_given_as_a_text(registry, path):
    refuses(
        lambda: registry.seed(path),
        ValueError,
        f"{path!r} {WRONG_IDENTIFIER}; a file is seeded with seed_all([Path({path!r})])",
    )


@pytest.mark.parametrize("seed", [Path("tasks.json"), ExportTask("late"), {"ExportTaskIdentifier": "late"}])
def test_a_seed_of_another_form_is_for_seed_all(registry, seed):
    refuses(
        lambda: registry.seed(seed),
        ValueError,
        f"{seed!r} {WRONG_IDENTIFIER}; seed_all([...]) takes a {type(seed).__name__}",
    )


def test_a_whole_response_is_not_its_list(registry):
    refuses(
        lambda: registry.seed_all({"ExportTasks": [{"ExportTaskIdentifier": "late"}]}),
        TypeError,
        "this is a whole response; seed its list: response['ExportTasks']",
    )


def test_a_file_that_is_not_there_is_named_with_its_folder(registry, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(FileNotFoundError) as caught:
        registry.seed_all([Path("tasks.json")])

    assert caught.value.filename == str(tmp_path / "tasks.json")


def test_the_longest_identifier_is_none(rds_export_tasks):
    assert rds_export_tasks.seed("a" * 60).identifier == "a" * 60


@pytest.mark.parametrize(
    ("status", "known"),
    [
        ("complete", "COMPLETE, STARTING, IN_PROGRESS, CANCELING, CANCELED, FAILED"),
        ("CANCELLED", "CANCELED, CANCELING, STARTING, IN_PROGRESS, COMPLETE, FAILED"),
        ("done", "STARTING, IN_PROGRESS, CANCELING, CANCELED, COMPLETE, FAILED"),
        (["FAILED"], "FAILED, STARTING, IN_PROGRESS, CANCELING, CANCELED, COMPLETE"),
        (None, "STARTING, IN_PROGRESS, CANCELING, CANCELED, COMPLETE, FAILED"),
    ],
)
def test_a_wrong_status(registry, status, known):
    refuses(lambda: registry.seed("late", status=status), ValueError, f"unknown status {status!r}; known: {known}")


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"percent_progress": 140}, "percent_progress goes from 0 to 100, got 140"),
        ({"percent_progress": -1}, "percent_progress goes from 0 to 100, got -1"),
        ({"percent_progress": "42"}, "percent_progress is of type integer, got '42'"),
        ({"percent_progress": True}, "percent_progress is of type integer, got True"),
        ({"total_extracted_data_in_gb": -3}, "total_extracted_data_in_gb is not negative, got -3"),
        ({"total_extracted_data_in_gb": 1.5}, "total_extracted_data_in_gb is of type integer, got 1.5"),
        ({"s3_bucket": 5}, "s3_bucket is of type string, got 5"),
        ({"export_only": "orders"}, "export_only is of type list, got 'orders'"),
        ({"export_only": ["orders", 2]}, "export_only[1] is of type string, got 2"),
        (
            {"task_end_time": "yesterday"},
            "task_end_time is no ISO 8601 time such as '2026-03-01T02:00:00Z': 'yesterday'",
        ),
        (
            {"task_end_time": "2026-03-01T02:00:00"},
            "task_end_time has no time zone: '2026-03-01T02:00:00'; give it one, such as tzinfo=timezone.utc or a 'Z'",
        ),
        (
            {"task_end_time": datetime(2026, 3, 1)},  # noqa: DTZ001
            (
                "task_end_time has no time zone: datetime.datetime(2026, 3, 1, 0, 0); give it one, such as "
                "tzinfo=timezone.utc or a 'Z'"
            ),
        ),
        ({"task_end_time": 1772330400}, "task_end_time is an aware datetime or an ISO 8601 text, got 1772330400"),
        (
            {"source_arn": "arn:aws:rds:us-east-1:123456789012:db:orders"},
            (
                "source_arn is no ARN of a snapshot, cluster-snapshot or cluster: "
                "'arn:aws:rds:us-east-1:123456789012:db:orders'; one reads "
                "'arn:aws:rds:us-east-1:123456789012:snapshot:nightly'"
            ),
        ),
        (
            {"source_arn": "nightly"},
            (
                "source_arn is no ARN of a snapshot, cluster-snapshot or cluster: 'nightly'; one reads "
                "'arn:aws:rds:us-east-1:123456789012:snapshot:nightly'"
            ),
        ),
        ({"timeline": "slow"}, "timeline is a Timeline, Polls or Stuck, got 'slow'"),
        ({"region": "Dublin"}, "a region has a name such as 'eu-west-1', got 'Dublin'"),
        ({"region": ["eu-west-1"]}, "a region has a name such as 'eu-west-1', got ['eu-west-1']"),
        (
            {"region": "eu-west-1", "source_arn": "arn:aws:rds:us-east-1:123456789012:snapshot:nightly"},
            "region 'eu-west-1' contradicts source_arn 'arn:aws:rds:us-east-1:123456789012:snapshot:nightly'",
        ),
    ],
)
def test_a_wrong_value(registry, members, text):
    refuses(lambda: registry.seed("late", **members), ValueError, text)
    refuses(lambda: ExportTask("late", **members), ValueError, text)


def test_an_unknown_member(registry):
    refuses(
        lambda: registry.seed("late", percent_progres=42),
        TypeError,
        f"unknown member of ExportTask 'percent_progres'; known: {closest_first('percent_progress', SNAKE_MEMBERS)}",
    )


def test_an_unknown_member_of_a_mapping(registry):
    refuses(
        lambda: registry.seed_all(["first", {"ExportTaskIdentifier": "late", "PercentProgres": 42}]),
        TypeError,
        f"unknown member of an export task 'PercentProgres'; known: {closest_first('PercentProgress', API_MEMBERS)}",
    )


def test_an_identifier_that_is_given_twice(registry):
    refuses(
        lambda: registry.seed("late", export_task_identifier="later"),
        TypeError,
        "export_task_identifier is the first argument; it was given twice",
    )


@pytest.mark.parametrize(("item", "members"), [({"Status": "COMPLETE"}, "Status"), ({}, "none")])
def test_a_mapping_without_an_identifier(registry, item, members):
    refuses(
        lambda: registry.seed_all(["first", item]),
        ValueError,
        f"an export task has an 'ExportTaskIdentifier'; this one has {members}",
    )


@pytest.mark.parametrize(
    ("seeds", "text"),
    [
        (["nightly"], in_use("nightly")),
        (["late", "nightly"], in_use("nightly")),
        (["late", "late"], in_use("late")),
        ([ExportTask("late", region="eu-west-1")] * 2, in_use("late", "eu-west-1")),
    ],
)
def test_an_identifier_in_use(registry, seeds, text):
    refuses(lambda: registry.seed_all(seeds), ValueError, text)


@pytest.mark.parametrize("item", [5, None, b"late", ["late"]])
def test_something_that_is_no_seed(registry, item):
    refuses(
        lambda: registry.seed_all(["late", item]),
        TypeError,
        f"a seed is an identifier, an ExportTask, a mapping in the API's shape or a path to a JSON file, got {item!r}",
    )


@pytest.mark.parametrize(
    "item", ["late", ExportTask("late"), {"ExportTaskIdentifier": "late"}, Path("export-tasks.json")]
)
def test_one_seed_instead_of_several(registry, item):
    refuses(
        lambda: registry.seed_all(item), TypeError, f"seed_all takes several items; put the one into a list: [{item!r}]"
    )


@pytest.mark.parametrize(
    ("content", "error", "text"),
    [
        ("", ValueError, f"PATH is not JSON (Expecting value: line 1 column 1 (char 0)); {EXPECTED_FILE}"),
        ("nightly", ValueError, f"PATH is not JSON (Expecting value: line 1 column 1 (char 0)); {EXPECTED_FILE}"),
        ('"nightly"', ValueError, f"PATH holds no list of export tasks; {EXPECTED_FILE}"),
        ("{}", ValueError, f"PATH holds no list of export tasks; {EXPECTED_FILE}"),
        ('{"DBSnapshots": []}', ValueError, f"PATH holds no list of export tasks; {EXPECTED_FILE}"),
        ('{"ExportTasks": ["nightly"]}', ValueError, f"PATH holds no list of export tasks; {EXPECTED_FILE}"),
        (
            '[{"ExportTaskIdentifier": "ok"}, {"Status": "FAILED"}]',
            ValueError,
            "PATH, export task 1: an export task has an 'ExportTaskIdentifier'; this one has Status",
        ),
        (
            '[{"ExportTaskIdentifier": "late", "PercentProgress": 140}]',
            ValueError,
            "PATH, export task 0: percent_progress goes from 0 to 100, got 140",
        ),
        (
            '[{"ExportTaskIdentifier": "late", "PercentProgres": 1}]',
            TypeError,
            "PATH, export task 0: unknown member of an export task 'PercentProgres'; known: "
            + closest_first("PercentProgress", API_MEMBERS),
        ),
        ('[{"ExportTaskIdentifier": "nightly"}]', ValueError, in_use("nightly")),
    ],
)
def test_a_file_that_the_aws_cli_did_not_print(registry, tmp_path, content, error, text):
    path = tmp_path / "export-tasks.json"
    path.write_text(content)

    refuses(lambda: registry.seed_all(["first", path]), error, text.replace("PATH", str(path)))


def test_a_file_that_is_no_text(registry, tmp_path):
    path = tmp_path / "export-tasks.json"
    path.write_bytes(b"\xff")
    reason = "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"

    refuses(lambda: registry.seed_all([path]), ValueError, f"{path} is not JSON ({reason}); {EXPECTED_FILE}")


def test_a_file_that_is_not_there(registry, tmp_path):
    with pytest.raises(FileNotFoundError, match="no-such-file"):
        registry.seed_all(["first", tmp_path / "no-such-file.json"])
