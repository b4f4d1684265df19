"""Seeding mistakes: the message has the value and what is allowed, and the registry stays as it was."""

from datetime import datetime
from pathlib import Path

import pytest
from botocore import xform_name

from helpers.aws import service_model
from helpers.errors import raises_exactly
from pytest_rds_export import ExportTask, Stuck

SNAKE_FIELDS = [repr(xform_name(name)) for name in service_model().shape_for("ExportTask").members]
WRONG_IDENTIFIER = (
    "identifier must be at most 60 ASCII letters, digits and single hyphens, with a letter first and no hyphen last, "
    "got"
)
WRONG_ARN = (
    "source_arn must be the ARN of a snapshot, cluster-snapshot or cluster, such as "
    "'arn:aws:rds:us-east-1:123456789012:snapshot:nightly', got"
)
PATH = Path("tasks.json")
EXPECTED_FILE = "It must be the output of 'aws rds describe-export-tasks'"


@pytest.fixture
def registry(rds_export_tasks):
    """A registry with one task, which a mistake must not change."""
    task = rds_export_tasks.seed("nightly", percent_progress=42)
    yield rds_export_tasks
    assert {name: repr(found) for name, found in rds_export_tasks.items()} == {"nightly": repr(task)}
    assert not rds_export_tasks.in_region("eu-west-1")


def in_use(identifier, region="us-east-1"):
    """The message about an identifier that is in use."""
    return (
        f"export task {identifier!r} exists already in {region}. Seed each identifier once; "
        f"registry[{identifier!r}] is the task"
    )


@pytest.mark.parametrize(
    ("identifier", "got"),
    [
        *((identifier, repr(identifier)) for identifier in ("", "1st", "late-", "a--b", "night_ly", "größe", "a" * 61)),
        (7, "int 7"),
        (None, "None"),
        (str, "the class str"),
        *(
            (path, f"{path!r}. To seed a file, write seed_all([Path({path!r})])")
            for path in ("tests/data/export-tasks.json", "tasks.json", r"data\tasks")
        ),
        (PATH, f"{type(PATH).__name__} {PATH!r}. To seed a {type(PATH).__name__}, write seed_all([...])"),
        (
            {"ExportTaskIdentifier": "late"},
            "dict {'ExportTaskIdentifier': 'late'}. To seed a dict, write seed_all([...])",
        ),
    ],
)
def test_wrong_identifier(registry, identifier, got):
    """An identifier that AWS refuses cannot be seeded; of what only seed_all takes, the message has the call."""
    with raises_exactly(ValueError, f"{WRONG_IDENTIFIER} {got}"):
        registry.seed(identifier)


@pytest.mark.parametrize("options", [{"status": "FAILED"}, {"timeline": Stuck()}, {"region": "x"}, {"s3_bucket": "x"}])
def test_fields_alongside_a_value(registry, options):
    """A value is seeded as it is, so that fields alongside it are refused."""
    text = "<ExportTask 'late' FAILED> is seeded as it is. Pass status, timeline and fields to ExportTask(...)"
    with raises_exactly(TypeError, text):
        registry.seed(ExportTask("late", status="FAILED"), **options)


def test_longest_identifier(rds_export_tasks):
    """An identifier may have 60 characters."""
    assert rds_export_tasks.seed("a" * 60).identifier == "a" * 60


NO_TIME_ZONE = "task_end_time must be a time with a time zone, such as tzinfo=timezone.utc or a 'Z', got "
USE_A_STATUS = "Use one of 'STARTING', 'IN_PROGRESS', 'CANCELING', 'CANCELED', 'COMPLETE' or 'FAILED'"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        *(({"percent_progress": n}, f"percent_progress must be an int from 0 to 100, got {n}") for n in (140, 101, -1)),
        ({"percent_progress": "42"}, "percent_progress must be an int, got str '42'"),
        ({"percent_progress": True}, "percent_progress must be an int, got bool True"),
        ({"total_extracted_data_in_gb": -3}, "total_extracted_data_in_gb must be an int of at least 0, got -3"),
        ({"total_extracted_data_in_gb": 1.5}, "total_extracted_data_in_gb must be an int, got float 1.5"),
        ({"status": "COMPLETE", "percent_progress": 50}, "percent_progress of a COMPLETE task must be 100, got 50"),
        ({"s3_bucket": 5}, "s3_bucket must be a string, got int 5"),
        *(
            ({"s3_bucket": path}, f"s3_bucket must be the name of a bucket, without a prefix, got {path!r}")
            for path in ("backups/2026", "s3://backups", "")
        ),
        ({"export_only": "orders"}, "export_only must be a list of strings, got str 'orders'"),
        ({"export_only": ["orders", 2]}, "export_only[1] must be a string, got int 2"),
        (
            {"task_end_time": "yesterday"},
            "task_end_time must be an ISO 8601 time such as '2026-03-01T02:00:00Z', got 'yesterday'",
        ),
        ({"task_end_time": "2026-03-01T02:00:00"}, f"{NO_TIME_ZONE}'2026-03-01T02:00:00'"),
        ({"task_end_time": datetime(2026, 3, 1)}, f"{NO_TIME_ZONE}datetime.datetime(2026, 3, 1, 0, 0)"),  # noqa: DTZ001
        (
            {"task_end_time": 1772330400},
            "task_end_time must be an aware datetime or an ISO 8601 string, got int 1772330400",
        ),
        (
            {"source_arn": "arn:aws:rds:us-east-1:123456789012:db:orders"},
            f"{WRONG_ARN} 'arn:aws:rds:us-east-1:123456789012:db:orders'",
        ),
        ({"source_arn": "nightly"}, f"{WRONG_ARN} 'nightly'"),
        ({"source_type": "cluster"}, "source_type must be 'SNAPSHOT' or 'CLUSTER', got 'cluster'"),
        ({"timeline": "slow"}, "timeline must be a Timeline, Polls or Stuck, got str 'slow'"),
        ({"status": "complete"}, "unknown status 'complete'. Did you mean 'COMPLETE'?"),
        ({"status": "CANCELLED"}, "unknown status 'CANCELLED'. Did you mean 'CANCELED' or 'CANCELING'?"),
        ({"status": "progress"}, "unknown status 'progress'. Did you mean 'IN_PROGRESS'?"),
        ({"status": "done"}, f"unknown status 'done'. {USE_A_STATUS}"),
        ({"status": ["FAILED"]}, "unknown status ['FAILED']. Did you mean 'FAILED'?"),
        ({"status": ""}, f"unknown status ''. {USE_A_STATUS}"),
        ({"region": "Dublin"}, "region must be a name such as 'eu-west-1', got 'Dublin'"),
        ({"region": ["eu-west-1"]}, "region must be a name such as 'eu-west-1', got ['eu-west-1']"),
        (
            {"region": "eu-west-1", "source_arn": "arn:aws:rds:us-east-1:123456789012:snapshot:nightly"},
            "region must be that of source_arn, 'us-east-1', got 'eu-west-1'",
        ),
        (
            {"task_start_time": "2026-03-01T02:00:00Z", "task_end_time": "2026-03-01T02:59:59+01:00"},
            (
                "task_end_time must be at or after task_start_time, which is 2026-03-01T02:00:00+00:00, "
                "got 2026-03-01T01:59:59+00:00"
            ),
        ),
        (
            {"snapshot_time": "9999-12-31T23:59:59-01:00"},
            "snapshot_time must be a time of the years 1 to 9999 in UTC, got '9999-12-31T23:59:59-01:00'",
        ),
    ],
)
def test_wrong_value(registry, fields, text):
    """A wrong value of a field is refused with the type or the values that are allowed."""
    with raises_exactly(ValueError, text):
        registry.seed("late", **fields)
    with raises_exactly(ValueError, text):
        ExportTask("late", **fields)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("percent_progres", "Did you mean 'percent_progress'?"),
        ("bucket", "Did you mean 's3_bucket'?"),
        ("cause", "Did you mean 'failure_cause'?"),
        ("xyz", f"Use one of {', '.join(SNAKE_FIELDS)}, 'region' or 'timeline'"),
    ],
)
def test_unknown_field(registry, name, hint):
    """An unknown field is refused with the similar ones, by spelling or as a part, or with all of them."""
    with raises_exactly(TypeError, f"unknown field {name!r}. {hint}"):
        registry.seed("late", **{name: 42})


def test_identifier_given_twice(registry):
    """The identifier cannot be a keyword as well."""
    with raises_exactly(TypeError, "export_task_identifier is given twice: it is the first argument"):
        registry.seed("late", export_task_identifier="later")


NO_SEED = "a seed must be an identifier, an ExportTask, a mapping in the API's shape or a Path to a JSON file, got "
NO_IDENTIFIER = "an export task must have an 'ExportTaskIdentifier', got "
ONE_SEED = "seed_all takes a list of seeds, got one seed. Write "


@pytest.mark.parametrize(
    ("items", "error", "text"),
    [
        (5, TypeError, "items must be a list of seeds, got int 5"),
        (None, TypeError, "items must be a list of seeds, got None"),
        (["late", 5], TypeError, f"{NO_SEED}int 5"),
        (["late", None], TypeError, f"{NO_SEED}None"),
        (["late", b"late"], TypeError, f"{NO_SEED}bytes b'late'"),
        (["late", ["late"]], TypeError, f"{NO_SEED}list ['late']"),
        (["late", ExportTask], TypeError, f"{NO_SEED}the class ExportTask"),
        ("late", TypeError, f"{ONE_SEED}['late']"),
        (ExportTask("late"), TypeError, f"{ONE_SEED}[<ExportTask 'late' IN_PROGRESS>]"),
        ({"ExportTaskIdentifier": "late"}, TypeError, f"{ONE_SEED}[{{'ExportTaskIdentifier': 'late'}}]"),
        (PATH, TypeError, f"{ONE_SEED}[{PATH!r}]"),
        (
            {"ExportTasks": [{"ExportTaskIdentifier": "late"}]},
            TypeError,
            "seed_all takes the list in a response, got the whole response. Write response['ExportTasks']",
        ),
        (["late", "nightly"], ValueError, in_use("nightly")),
        (["late", "late"], ValueError, in_use("late")),
        ([ExportTask("late", region="eu-west-1")] * 2, ValueError, in_use("late", "eu-west-1")),
        *((["late", item], ValueError, f"{NO_IDENTIFIER}{item!r}") for item in ({"Status": "COMPLETE"}, {})),
        *(
            (
                ["late", {"ExportTaskIdentifier": "x", name: 42}],
                TypeError,
                f"unknown field {name!r}. Did you mean {known!r}?",
            )
            for name, known in (
                ("PercentProgres", "PercentProgress"),
                ("percent_progress", "PercentProgress"),
                ("bucket", "S3Bucket"),
            )
        ),
    ],
)
def test_wrong_seeds(registry, items, error, text):
    """seed_all refuses what is not a list of seeds, and what is wrong with any of them."""
    with raises_exactly(error, text):
        registry.seed_all(items)


@pytest.mark.parametrize(
    ("content", "error", "text"),
    [
        ("nightly", ValueError, f"PATH is not JSON (Expecting value: line 1 column 1 (char 0)). {EXPECTED_FILE}"),
        *(
            (content, ValueError, f"PATH has no list of export tasks. {EXPECTED_FILE}")
            for content in ('"nightly"', "{}", '{"DBSnapshots": []}', '{"ExportTasks": ["nightly"]}')
        ),
        (
            '[{"ExportTaskIdentifier": "ok"}, {"Status": "FAILED"}]',
            ValueError,
            f"PATH, export task 1: {NO_IDENTIFIER}{{'Status': 'FAILED'}}",
        ),
        (
            '[{"ExportTaskIdentifier": "late", "PercentProgress": 140}]',
            ValueError,
            "PATH, export task 0: percent_progress must be an int from 0 to 100, got 140",
        ),
        (
            '[{"ExportTaskIdentifier": "late", "PercentProgres": 1}]',
            TypeError,
            "PATH, export task 0: unknown field 'PercentProgres'. Did you mean 'PercentProgress'?",
        ),
        ('[{"ExportTaskIdentifier": "nightly"}]', ValueError, in_use("nightly")),
    ],
)
def test_wrong_file(registry, tmp_path, content, error, text):
    """A file that is not the output of the CLI is refused with its path and the index of the wrong task."""
    path = tmp_path / "export-tasks.json"
    path.write_text(content)

    with raises_exactly(error, text.replace("PATH", str(path))):
        registry.seed_all(["first", path])


def test_binary_file(registry, tmp_path):
    """A file that cannot be decoded is refused."""
    path = tmp_path / "export-tasks.json"
    path.write_bytes(b"\xff")
    reason = "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"

    with raises_exactly(ValueError, f"{path} is not JSON ({reason}). {EXPECTED_FILE}"):
        registry.seed_all([path])


def test_missing_file(registry, tmp_path, monkeypatch):
    """The error of a missing file has its absolute path, and nothing is seeded."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(FileNotFoundError) as caught:
        registry.seed_all(["first", PATH])

    assert caught.value.filename == str(tmp_path / PATH)


def test_deeply_nested_file(registry, tmp_path):
    """A file that is nested too deeply for Python is refused like one that is not JSON."""
    path = tmp_path / "export-tasks.json"
    path.write_text("[" * 200_000)

    with pytest.raises(ValueError, match=r"export-tasks\.json is not JSON \("):
        registry.seed_all([path])
