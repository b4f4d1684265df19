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


@pytest.mark.parametrize("identifier", ["", "1st", "late-", "a--b", "night_ly", "nächtlich", "a" * 61])
def test_wrong_identifier(registry, identifier):
    """An identifier that AWS refuses cannot be seeded."""
    with raises_exactly(ValueError, f"{WRONG_IDENTIFIER} {identifier!r}"):
        registry.seed(identifier)


@pytest.mark.parametrize(("identifier", "got"), [(7, "int 7"), (None, "None"), (str, "the class str")])
def test_identifier_of_the_wrong_type(registry, identifier, got):
    """An identifier must be a string."""
    with raises_exactly(ValueError, f"{WRONG_IDENTIFIER} {got}"):
        registry.seed(identifier)


@pytest.mark.parametrize("path", ["tests/data/export-tasks.json", "tasks.json", r"data\tasks"])
def test_path_as_a_string(registry, path):
    """A path that is given as a string is refused with the way to seed a file."""
    with raises_exactly(ValueError, f"{WRONG_IDENTIFIER} {path!r}. To seed a file, write seed_all([Path({path!r})])"):
        registry.seed(path)


@pytest.mark.parametrize("seed", [Path("tasks.json"), {"ExportTaskIdentifier": "late"}])
def test_seed_for_seed_all(registry, seed):
    """A seed that only seed_all takes is refused with that hint."""
    name = type(seed).__name__
    with raises_exactly(ValueError, f"{WRONG_IDENTIFIER} {name} {seed!r}. To seed a {name}, write seed_all([...])"):
        registry.seed(seed)


@pytest.mark.parametrize("options", [{"status": "FAILED"}, {"timeline": Stuck()}, {"region": "x"}, {"s3_bucket": "x"}])
def test_fields_alongside_a_value(registry, options):
    """A value is seeded as it is, so that fields alongside it are refused."""
    text = "<ExportTask 'late' FAILED> is seeded as it is. Pass status, timeline and fields to ExportTask(...)"
    with raises_exactly(TypeError, text):
        registry.seed(ExportTask("late", status="FAILED"), **options)


@pytest.mark.parametrize(("items", "got"), [(5, "int 5"), (None, "None")])
def test_no_list(registry, items, got):
    """What is not a list of seeds is refused with the value."""
    with raises_exactly(TypeError, f"items must be a list of seeds, got {got}"):
        registry.seed_all(items)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
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
def test_impossible_time(registry, fields, text):
    """An export that ends before it starts, and a time out of range, are refused."""
    with raises_exactly(ValueError, text):
        registry.seed("late", **fields)


def test_whole_response(registry):
    """A whole response is refused with the list to take from it."""
    with raises_exactly(
        TypeError, "seed_all takes the list in a response, got the whole response. Write response['ExportTasks']"
    ):
        registry.seed_all({"ExportTasks": [{"ExportTaskIdentifier": "late"}]})


def test_path_of_a_missing_file(registry, tmp_path, monkeypatch):
    """The error of a missing file has its absolute path."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(FileNotFoundError) as caught:
        registry.seed_all([Path("tasks.json")])

    assert caught.value.filename == str(tmp_path / "tasks.json")


def test_longest_identifier(rds_export_tasks):
    """An identifier may have 60 characters."""
    assert rds_export_tasks.seed("a" * 60).identifier == "a" * 60


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        ("complete", "Did you mean 'COMPLETE'?"),
        ("CANCELLED", "Did you mean 'CANCELED' or 'CANCELING'?"),
        ("progress", "Did you mean 'IN_PROGRESS'?"),
        ("done", "Use one of 'STARTING', 'IN_PROGRESS', 'CANCELING', 'CANCELED', 'COMPLETE' or 'FAILED'"),
        (["FAILED"], "Did you mean 'FAILED'?"),
        ("", "Use one of 'STARTING', 'IN_PROGRESS', 'CANCELING', 'CANCELED', 'COMPLETE' or 'FAILED'"),
    ],
)
def test_wrong_status(registry, status, hint):
    """An unknown status is refused with the similar ones, or with all of them."""
    with raises_exactly(ValueError, f"unknown status {status!r}. {hint}"):
        registry.seed("late", status=status)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"percent_progress": 140}, "percent_progress must be an int from 0 to 100, got 140"),
        ({"percent_progress": 101}, "percent_progress must be an int from 0 to 100, got 101"),
        ({"percent_progress": -1}, "percent_progress must be an int from 0 to 100, got -1"),
        ({"percent_progress": "42"}, "percent_progress must be an int, got str '42'"),
        ({"percent_progress": True}, "percent_progress must be an int, got bool True"),
        ({"total_extracted_data_in_gb": -3}, "total_extracted_data_in_gb must be an int of at least 0, got -3"),
        ({"total_extracted_data_in_gb": 1.5}, "total_extracted_data_in_gb must be an int, got float 1.5"),
        ({"s3_bucket": 5}, "s3_bucket must be a string, got int 5"),
        ({"export_only": "orders"}, "export_only must be a list of strings, got str 'orders'"),
        ({"export_only": ["orders", 2]}, "export_only[1] must be a string, got int 2"),
        (
            {"task_end_time": "yesterday"},
            "task_end_time must be an ISO 8601 time such as '2026-03-01T02:00:00Z', got 'yesterday'",
        ),
        (
            {"task_end_time": "2026-03-01T02:00:00"},
            (
                "task_end_time must be a time with a time zone, such as tzinfo=timezone.utc or a 'Z', got "
                "'2026-03-01T02:00:00'"
            ),
        ),
        (
            {"task_end_time": datetime(2026, 3, 1)},  # noqa: DTZ001
            (
                "task_end_time must be a time with a time zone, such as tzinfo=timezone.utc or a 'Z', got "
                "datetime.datetime(2026, 3, 1, 0, 0)"
            ),
        ),
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
    ],
)
def test_wrong_value(registry, fields, text):
    """A wrong value of a field is refused with the type or the values that are allowed."""
    with raises_exactly(ValueError, text):
        registry.seed("late", **fields)
    with raises_exactly(ValueError, text):
        ExportTask("late", **fields)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"region": "Dublin"}, "region must be a name such as 'eu-west-1', got 'Dublin'"),
        ({"region": ["eu-west-1"]}, "region must be a name such as 'eu-west-1', got ['eu-west-1']"),
        (
            {"region": "eu-west-1", "source_arn": "arn:aws:rds:us-east-1:123456789012:snapshot:nightly"},
            "region must be that of source_arn, 'us-east-1', got 'eu-west-1'",
        ),
    ],
)
def test_wrong_region(options, text):
    """The region of a value must be the name of a region, and that of its source."""
    with raises_exactly(ValueError, text):
        ExportTask("late", **options)


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


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("PercentProgres", "Did you mean 'PercentProgress'?"),
        ("percent_progress", "Did you mean 'PercentProgress'?"),
        ("bucket", "Did you mean 'S3Bucket'?"),
    ],
)
def test_unknown_field_of_a_mapping(registry, name, hint):
    """A field of a mapping has the API's name."""
    with raises_exactly(TypeError, f"unknown field {name!r}. {hint}"):
        registry.seed_all(["first", {"ExportTaskIdentifier": "late", name: 42}])


def test_identifier_given_twice(registry):
    """The identifier cannot be a keyword as well."""
    with raises_exactly(TypeError, "export_task_identifier is given twice: it is the first argument"):
        registry.seed("late", export_task_identifier="later")


@pytest.mark.parametrize("item", [{"Status": "COMPLETE"}, {}])
def test_mapping_without_an_identifier(registry, item):
    """A mapping needs an ExportTaskIdentifier."""
    with raises_exactly(ValueError, f"an export task must have an 'ExportTaskIdentifier', got {item!r}"):
        registry.seed_all(["first", item])


@pytest.mark.parametrize(
    ("seeds", "text"),
    [
        (["nightly"], in_use("nightly")),
        (["late", "nightly"], in_use("nightly")),
        (["late", "late"], in_use("late")),
        ([ExportTask("late", region="eu-west-1")] * 2, in_use("late", "eu-west-1")),
    ],
)
def test_identifier_in_use(registry, seeds, text):
    """An identifier can be seeded once in a region."""
    with raises_exactly(ValueError, text):
        registry.seed_all(seeds)


@pytest.mark.parametrize(
    ("item", "got"),
    [
        (5, "int 5"),
        (None, "None"),
        (b"late", "bytes b'late'"),
        (["late"], "list ['late']"),
        (ExportTask, "the class ExportTask"),
    ],
)
def test_not_a_seed(registry, item, got):
    """What is not a seed is refused with what is one."""
    with raises_exactly(
        TypeError,
        "a seed must be an identifier, an ExportTask, a mapping in the API's shape or a Path to a JSON file, "
        f"got {got}",
    ):
        registry.seed_all(["late", item])


@pytest.mark.parametrize(
    "item", ["late", ExportTask("late"), {"ExportTaskIdentifier": "late"}, Path("export-tasks.json")]
)
def test_one_seed_instead_of_several(registry, item):
    """seed_all refuses a single seed with the list to write."""
    with raises_exactly(TypeError, f"seed_all takes a list of seeds, got one seed. Write [{item!r}]"):
        registry.seed_all(item)


@pytest.mark.parametrize(
    ("content", "error", "text"),
    [
        ("", ValueError, f"PATH is not JSON (Expecting value: line 1 column 1 (char 0)). {EXPECTED_FILE}"),
        ("nightly", ValueError, f"PATH is not JSON (Expecting value: line 1 column 1 (char 0)). {EXPECTED_FILE}"),
        ('"nightly"', ValueError, f"PATH has no list of export tasks. {EXPECTED_FILE}"),
        ("{}", ValueError, f"PATH has no list of export tasks. {EXPECTED_FILE}"),
        ('{"DBSnapshots": []}', ValueError, f"PATH has no list of export tasks. {EXPECTED_FILE}"),
        ('{"ExportTasks": ["nightly"]}', ValueError, f"PATH has no list of export tasks. {EXPECTED_FILE}"),
        (
            '[{"ExportTaskIdentifier": "ok"}, {"Status": "FAILED"}]',
            ValueError,
            "PATH, export task 1: an export task must have an 'ExportTaskIdentifier', got {'Status': 'FAILED'}",
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


def test_missing_file(registry, tmp_path):
    """A missing file is a FileNotFoundError, and nothing is seeded."""
    with pytest.raises(FileNotFoundError, match="no-such-file"):
        registry.seed_all(["first", tmp_path / "no-such-file.json"])


def test_deeply_nested_file(registry, tmp_path):
    """A file that is nested too deeply for Python is refused like one that is not JSON."""
    path = tmp_path / "export-tasks.json"
    path.write_text("[" * 200_000)

    with pytest.raises(ValueError, match=r"export-tasks\.json is not JSON \("):
        registry.seed_all([path])
