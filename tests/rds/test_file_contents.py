"""The keys and the contents of exported files, by status and progress of the task, compared whole."""

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.exported import CUSTOMERS_PART, END, KMS_KEY, ORDERS_PART, FileTask, MemoryTarget, files_below
from pytest_rds_export._rds.files import ExportFiles
from pytest_rds_export._rds.tables import ExportedTable


def written(tables=None, *, options=None, time_format="text", **fields):
    """What a task with these fields writes."""
    files = ExportFiles(Path("unused"), tables, time_format=time_format, **(options or {}))
    files.target = MemoryTarget()
    files.update(FileTask(**fields).fields)
    return files.target.objects


def test_mysql_keys():
    """A MySQL table has the folder database/database.table; export_info comes last."""
    assert list(written()) == [
        f"nightly/{CUSTOMERS_PART}",
        "nightly/shop/shop.customers/1/_SUCCESS",
        f"nightly/{ORDERS_PART}",
        "nightly/shop/shop.orders/1/_SUCCESS",
        "nightly/export_tables_info_nightly_from_1_to_2.json",
        "nightly/export_info_nightly.json",
    ]


def test_postgresql_keys():
    """A PostgreSQL table has the folder database/schema.table."""
    assert [key for key in written(["shop.public.orders"]) if "SUCCESS" in key] == [
        "nightly/shop/public.orders/1/_SUCCESS"
    ]


def test_parts():
    """Each part of a table is a file of its own, with one UUID; an empty table has only its marker."""
    objects = written([ExportedTable("shop.orders", parts=[b"one", b"two"]), ExportedTable("shop.empty", parts=[])])
    folder = "nightly/shop/shop.orders/1/"
    assert {key: body for key, body in objects.items() if "info" not in key} == {
        f"{folder}part-00000-e5c72528-e696-5a84-979c-e9fd0f5989ed-c000.gz.parquet": b"one",
        f"{folder}part-00001-e5c72528-e696-5a84-979c-e9fd0f5989ed-c000.gz.parquet": b"two",
        f"{folder}_SUCCESS": b"",
        "nightly/shop/shop.empty/1/_SUCCESS": b"",
    }


def parts_of(objects):
    """Return the keys of parts below the task's folder, and the parts."""
    return {key.removeprefix("nightly/"): body for key, body in objects.items() if "/part-" in key}


def test_batches():
    """Parts may be in several folders, each with its marker, and have gaps in their numbers."""
    table = ExportedTable("shop.orders", parts={(2, 7): b"c", (1, 0): b"a", (1, 3): b"b"})
    objects = written([table])
    uuid = "e5c72528-e696-5a84-979c-e9fd0f5989ed-c000.gz.parquet"

    assert parts_of(objects) == {
        f"shop/shop.orders/1/part-00000-{uuid}": b"a",
        f"shop/shop.orders/1/part-00003-{uuid}": b"b",
        f"shop/shop.orders/2/part-00007-{uuid}": b"c",
    }
    assert [key for key in objects if "SUCCESS" in key] == [
        f"nightly/shop/shop.orders/{batch}/_SUCCESS" for batch in (1, 2)
    ]


@pytest.mark.parametrize(("uuid_of", "expected"), [("export", [1, 1]), ("table", [1, 2]), ("part", [2, 4])])
def test_uuid(uuid_of, expected):
    """One UUID is that of an export, a table or a part."""
    tables = [ExportedTable(name, parts=[b"1", b"2"]) for name in ("shop.orders", "shop.items")]

    keys = list(parts_of(written(tables, options={"uuid_of": uuid_of})))

    assert keys == list(parts_of(written(tables, options={"uuid_of": uuid_of})))
    assert not set(keys) & set(parts_of(written(tables, options={"uuid_of": uuid_of}, SourceArn="other")))
    of_orders, of_all = ({key[-52:-16] for key in some} for some in (keys[:2], keys))
    assert [len(of_orders), len(of_all)] == expected


def test_no_batch_folders():
    """The older layout has no batch folder."""
    tables = ["shop.orders", ExportedTable("shop.empty", parts=[])]

    objects = written(tables, options={"batch_folders": False})

    assert [key for key in objects if "info" not in key] == [
        f"nightly/{ORDERS_PART.replace('/1/', '/')}",
        "nightly/shop/shop.orders/_SUCCESS",
        "nightly/shop/shop.empty/_SUCCESS",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"uuid_of": "file"}, "uuid_of must be 'export', 'table' or 'part', got 'file'"),
        ({"batch_folders": 1}, "batch_folders must be True or False, got 1"),
        ({"batch_folders": False}, "batch_folders=False has no place for the parts ((2, 0),) of 'shop.orders'"),
    ],
)
def test_bad_layout(options, message):
    """A layout that does not exist is refused."""
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        written([ExportedTable("shop.orders", parts={(2, 0): b""})], options=options)
    assert str(raised.value) == message


def test_mysql_name_with_a_dot():
    """A table of MySQL may have a dot in its name; ExportOnly selects it by its database or its whole name."""
    table = ExportedTable("shop.v1.orders", engine="aurora-mysql")
    objects = written([table])

    assert "nightly/shop/shop.v1.orders/1/_SUCCESS" in objects
    (status,) = json.loads(objects["nightly/export_tables_info_nightly_from_1_to_1.json"])["perTableStatus"]
    assert status["target"] == "shop.shop.v1.orders"
    assert list(status["schemaMetadata"]["originalTypeMappings"][0])[-1] == "expectedExportedType"
    assert parts_of(written([table], ExportOnly=["shop"]))
    assert parts_of(written([table], ExportOnly=["shop.v1.orders"]))
    assert not parts_of(written([table], ExportOnly=["shop.v1"]))


def test_prefix():
    """A prefix precedes every key."""
    objects = written(["shop.orders"], S3Prefix="backup/2024")
    assert list(objects) == [
        f"backup/2024/nightly/{ORDERS_PART}",
        "backup/2024/nightly/shop/shop.orders/1/_SUCCESS",
        "backup/2024/nightly/export_tables_info_nightly_from_1_to_1.json",
        "backup/2024/nightly/export_info_nightly.json",
    ]
    info = json.loads(objects["backup/2024/nightly/export_info_nightly.json"])
    assert (info["s3Prefix"], info["exportedFilesPath"]) == ("backup/2024", "backup/2024/nightly")


def test_replaced_characters():
    """Backslash, backtick, quotation mark and space become underscores in keys, not in names."""
    objects = written(['my shop.a\\b`c"d'], S3Prefix="my backup")
    assert "my_backup/nightly/my_shop/my_shop.a_b_c_d/1/_SUCCESS" in objects
    info = json.loads(objects["my_backup/nightly/export_info_nightly.json"])
    assert (info["s3Prefix"], info["exportedFilesPath"]) == ("my backup", "my_backup/nightly")
    (table,) = json.loads(objects["my_backup/nightly/export_tables_info_nightly_from_1_to_1.json"])["perTableStatus"]
    assert table["target"] == 'my shop.my shop.a\\b`c"d'


def test_chunks():
    """An export_tables_info lists at most 100 tables and says which."""
    objects = written([f"shop.t{number}" for number in range(201)])
    names = [key for key in objects if "tables_info" in key]
    assert names == [
        f"nightly/export_tables_info_nightly_from_{span}.json" for span in ("1_to_100", "101_to_200", "201_to_201")
    ]
    assert [len(json.loads(objects[name])["perTableStatus"]) for name in names] == [100, 100, 1]


def test_no_tables():
    """An export without tables writes export_info alone."""
    assert list(written([])) == ["nightly/export_info_nightly.json"]


def test_export_info():
    """export_info repeats the fields of DescribeExportTasks, in the captured order and form."""
    objects = written(["shop.orders"], ExportOnly=["shop"], S3Prefix="backup")
    assert objects["backup/nightly/export_info_nightly.json"].decode() == (
        '{"exportTaskIdentifier":"nightly","sourceArn":"arn:aws:rds:us-east-1:123456789012:snapshot:nightly",'
        '"exportOnly":["shop"],"snapshotTime":"Jun 26, 2024, 2:39:58 PM","taskStartTime":"Jun 26, 2024, 3:39:58 PM",'
        '"taskEndTime":"Jun 26, 2024, 3:43:58 PM","s3Bucket":"exports","s3Prefix":"backup",'
        '"exportedFilesPath":"backup/nightly","iamRoleArn":"arn:aws:iam::123456789012:role/rds-export",'
        f'"kmsKeyId":"{KMS_KEY}","status":"COMPLETE","percentProgress":100,"totalExportedDataInGB":3.5,"databaseOid":0}}'
    )


def test_export_info_of_a_cluster():
    """Without SnapshotTime and S3Prefix, snapshotTime is left out and s3Prefix is empty."""
    files, task = ExportFiles(Path("unused"), []), FileTask()
    files.target = MemoryTarget()
    del task.fields["SnapshotTime"], task.fields["S3Prefix"]
    files.update(task.fields)
    info = json.loads(files.target.objects["nightly/export_info_nightly.json"])
    assert list(info)[:5] == ["exportTaskIdentifier", "sourceArn", "exportOnly", "taskStartTime", "taskEndTime"]
    assert (info["s3Prefix"], info["exportedFilesPath"], info["exportOnly"]) == ("", "nightly", [])


def test_tables_info_of_mysql():
    """A MySQL table has its columns, its share of time and size, and a target that repeats the database."""
    objects = written()
    assert objects["nightly/export_tables_info_nightly_from_1_to_2.json"].decode() == (
        '{"perTableStatus":[{"tableStatistics":{"extractionStartTime":"Jun 26, 2024, 3:39:58 PM",'
        '"extractionEndTime":"Jun 26, 2024, 3:41:58 PM"},"schemaMetadata":{"originalTypeMappings":['
        '{"columnName":"id","originalType":"int","expectedExportedType":"int32"},'
        '{"columnName":"name","originalType":"char","expectedExportedType":"binary (UTF8)"}]},'
        '"status":"COMPLETE","sizeGB":1.75,"target":"shop.shop.customers"},'
        '{"tableStatistics":{"extractionStartTime":"Jun 26, 2024, 3:41:58 PM",'
        '"extractionEndTime":"Jun 26, 2024, 3:43:58 PM"},"schemaMetadata":{"originalTypeMappings":['
        '{"columnName":"id","originalType":"int","expectedExportedType":"int32"},'
        '{"columnName":"name","originalType":"char","expectedExportedType":"binary (UTF8)"}]},'
        '"status":"COMPLETE","sizeGB":1.75,"target":"shop.shop.orders"}]}'
    )


def test_tables_info_of_postgresql():
    """A PostgreSQL column also has its length and precisions."""
    columns = {
        "name": "character varying(40)",
        "price": "numeric(10,2)",
        "at": "timestamp(3) without time zone",
        "note": "character varying",
        "day": "date",
        "since": "timestamp with time zone",
        "opens": "time(0) without time zone",
        "tax": "decimal(8,2)",
    }
    objects = written([ExportedTable("shop.public.orders", columns=columns)])
    (table,) = json.loads(objects["nightly/export_tables_info_nightly_from_1_to_1.json"])["perTableStatus"]
    assert table["target"] == "shop.public.orders"
    assert [tuple(column.values()) for column in table["schemaMetadata"]["originalTypeMappings"]] == [
        ("name", "character varying", "binary (UTF8)", 40, 0, 0),
        ("price", "numeric", "binary (UTF8)", 0, 10, 0),
        ("at", "timestamp without time zone", "binary (UTF8)", 0, 0, 3),
        ("note", "character varying", "binary (UTF8)", 0, 0, 0),
        ("day", "date", "binary (UTF8)", 0, 0, 0),
        ("since", "timestamp with time zone", "binary (UTF8)", 0, 0, 6),
        ("opens", "time without time zone", "binary (UTF8)", 0, 0, 0),
        ("tax", "decimal", "binary (UTF8)", 0, 8, 0),
    ]
    assert list(table["schemaMetadata"]["originalTypeMappings"][0]) == [
        "columnName",
        "originalType",
        "expectedExportedType",
        "originalCharMaxLength",
        "originalNumPrecision",
        "originalDateTimePrecision",
    ]


def test_tables_info_of_several():
    """The tables share time and size; one that is skipped has neither, wherever it is."""
    objects = written(["shop.a", ExportedTable("shop.b", warning="TOO_LARGE"), "shop.c", "shop.d"])
    statuses = json.loads(objects["nightly/export_tables_info_nightly_from_1_to_4.json"])["perTableStatus"]
    assert [(status["target"], status.get("sizeGB")) for status in statuses] == [
        ("shop.shop.a", 1.166667),
        ("shop.shop.b", None),
        ("shop.shop.c", 1.166667),
        ("shop.shop.d", 1.166667),
    ]
    times = [status["tableStatistics"] for status in statuses if "sizeGB" in status]
    assert [time["extractionStartTime"] for time in times] == [
        "Jun 26, 2024, 3:39:58 PM",
        "Jun 26, 2024, 3:41:18 PM",
        "Jun 26, 2024, 3:42:38 PM",
    ]


def test_other_letters():
    """The JSON files have letters of any language as they are."""
    objects = written([ExportedTable("lager.größe")])
    assert '"target":"lager.lager.größe"' in objects["nightly/export_tables_info_nightly_from_1_to_1.json"].decode()


def test_no_start_time():
    """Without TaskStartTime the extraction takes no time."""
    objects = written(["shop.orders"], TaskStartTime=None)
    (table,) = json.loads(objects["nightly/export_tables_info_nightly_from_1_to_1.json"])["perTableStatus"]
    assert set(table["tableStatistics"].values()) == {"Jun 26, 2024, 3:43:58 PM"}
    assert "taskStartTime" not in json.loads(objects["nightly/export_info_nightly.json"])


@pytest.mark.usefixtures("kathmandu")
@pytest.mark.parametrize(
    ("time_format", "hour", "expected"),
    [
        ("text", 0, "Jun 26, 2024, 12:43:58 AM"),
        ("text", 11, "Jun 26, 2024, 11:43:58 AM"),
        ("text", 12, "Jun 26, 2024, 12:43:58 PM"),
        ("iso", 15, "2024-06-26T15:43:58.123Z"),
    ],
)
def test_time_format(time_format, hour, expected):
    """Times are in UTC, as captured or in ISO 8601."""
    zone = dt.timezone(dt.timedelta(hours=2))
    end = END.replace(hour=hour).astimezone(zone)
    objects = written([], time_format=time_format, TaskEndTime=end)
    assert json.loads(objects["nightly/export_info_nightly.json"])["taskEndTime"] == expected


@pytest.mark.parametrize(
    ("only", "names"),
    [
        (None, ["shop.orders", "shop.users", "old.orders", "app.public.users", "app.audit.log"]),
        ([], ["shop.orders", "shop.users", "old.orders", "app.public.users", "app.audit.log"]),
        (["shop"], ["shop.orders", "shop.users"]),
        (["shop.users"], ["shop.users"]),
        (["app"], ["app.public.users", "app.audit.log"]),
        (["app.public"], ["app.public.users"]),
        (["app.audit.log"], ["app.audit.log"]),
        (["old", "shop.orders"], ["shop.orders", "old.orders"]),
        (["sho", "shop.order", "app.pub"], []),
    ],
)
def test_export_only(only, names):
    """ExportOnly selects a database, a schema or a table, and nothing that merely begins alike."""
    tables = ["shop.orders", "shop.users", "old.orders", "app.public.users", "app.audit.log"]
    assert list(written(tables, ExportOnly=only)) == list(written(names))


@pytest.mark.parametrize(
    ("percent", "tables"), [(0, 0), (32, 0), (33, 0), (34, 1), (66, 1), (67, 2), (99, 2), (100, 3)]
)
def test_progress(percent, tables):
    """During IN_PROGRESS the tables appear one after the other; at 99 percent the last one has not."""
    objects = written(["shop.a", "shop.b", "shop.c"], Status="IN_PROGRESS", PercentProgress=percent)
    assert [key for key in objects if "SUCCESS" in key] == [
        f"nightly/shop/shop.{name}/1/_SUCCESS" for name in "abc"[:tables]
    ]
    assert not [key for key in objects if "info" in key]


def test_starting():
    """A task that is STARTING writes nothing, whatever its progress."""
    assert written(Status="STARTING", PercentProgress=100) == {}


def test_written_once():
    """What was written is not written again; the rest comes at COMPLETE."""
    files, task = ExportFiles(Path("unused")), FileTask()
    files.target = MemoryTarget()
    for status, percent in [("IN_PROGRESS", 50), ("IN_PROGRESS", 50), ("IN_PROGRESS", 99), ("COMPLETE", 100)] * 2:
        task.move(status, percent)
        files.update(task.fields)
    assert len(files.target.objects) == 6


def test_failing_target():
    """A target that raises keeps what it has, and the next update goes on with the same table."""
    files, task = ExportFiles(Path("unused")), FileTask()
    files.target = MemoryTarget(fails_at="shop.orders/1/part")
    with pytest.raises(OSError, match=r"^disk full$"):
        files.update(task.fields)
    assert list(files.target.objects)[-1] == "nightly/shop/shop.customers/1/_SUCCESS"
    files.target.fails_at = None
    files.update(task.fields)
    assert len(files.target.objects) == 6


def test_skipped():
    """A skipped table has no files, only its warning in export_tables_info."""
    tables = ["shop.orders", ExportedTable("shop.audit", warning="PERMISSIONS_DO_NOT_EXIST")]
    objects = written(tables)
    assert not [key for key in objects if "audit" in key]
    statuses = json.loads(objects["nightly/export_tables_info_nightly_from_1_to_2.json"])["perTableStatus"]
    assert [status["target"] for status in statuses] == ["shop.shop.orders", "shop.shop.audit"]
    assert statuses[1] == {"target": "shop.shop.audit", "warningMessage": "PERMISSIONS_DO_NOT_EXIST"}
    assert statuses[0]["sizeGB"] == 3.5


def test_warning_message():
    """WarningMessage names the skipped tables that ExportOnly selects."""
    files = ExportFiles(
        Path("unused"), [ExportedTable("shop.audit", warning="TOO_LARGE"), ExportedTable("old.log", warning="OLD")]
    )
    assert files.warning_message(FileTask(ExportOnly=["shop"]).fields) == (
        '{"skippedTables":[{"target":"shop.shop.audit","reason":"TOO_LARGE"}],"skippedObjectives":[],"general":[]}'
    )
    assert files.warning_message(FileTask(ExportOnly=["other"]).fields) is None


def test_folder(tmp_path):
    """A folder gets a folder for each bucket, created when it is needed."""
    files = ExportFiles(tmp_path / "new", ["shop.orders"])
    assert files.target.find_region("any") == ""
    files.update(FileTask().fields)
    assert files_below(tmp_path) == [
        "new/exports/nightly/export_info_nightly.json",
        "new/exports/nightly/export_tables_info_nightly_from_1_to_1.json",
        "new/exports/nightly/shop/shop.orders/1/_SUCCESS",
        f"new/exports/nightly/{ORDERS_PART}",
    ]
    assert (tmp_path / "new/exports/nightly" / ORDERS_PART).read_bytes()[:4] == b"PAR1"
    assert (tmp_path / "new/exports/nightly/shop/shop.orders/1/_SUCCESS").read_bytes() == b""


def test_imports():
    """Importing the module loads botocore's models, but no client, no pyarrow, no clock and no pytest."""
    program = (
        "import sys; import pytest_rds_export._rds.files; "
        "print(sorted({'boto3', 'pyarrow', 'freezegun', 'pytest'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
