"""The keys and the contents of exported files, compared whole."""

import datetime as dt
import json
import subprocess
import sys

import pytest

from helpers.aws import CLUSTER
from helpers.exported import END, ORDERS_PART, table_statuses, written
from pytest_rds_export import ExportedTable

UUID = "e5c72528-e696-5a84-979c-e9fd0f5989ed-c000.gz.parquet"


def export_info(objects):
    """Return the content of export_info, the last file."""
    return json.loads(list(objects.values())[-1])


def test_mysql_keys():
    """A MySQL table has the folder database/database.table; export_info comes last."""
    assert list(written()) == [
        f"nightly/shop/shop.customers/1/part-00000-{UUID}",
        "nightly/shop/shop.customers/1/_SUCCESS",
        f"nightly/{ORDERS_PART}",
        "nightly/shop/shop.orders/1/_SUCCESS",
        "nightly/export_tables_info_nightly_from_1_to_2.json",
        "nightly/export_info_nightly.json",
    ]


def parts_of(objects):
    """Return the keys of parts below the task's folder, and the parts."""
    return {key.removeprefix("nightly/"): body for key, body in objects.items() if "/part-" in key}


def test_parts():
    """Parts are files in order, also in several folders, each with its marker; an empty table has only a marker."""
    parts = {(2, 7): b"c", (1, 0): b"a", (1, 3): b"b"}
    objects = written([ExportedTable("shop.orders", parts=parts), ExportedTable("shop.empty", parts=[])])

    assert [(key, body) for key, body in objects.items() if "info" not in key] == [
        (f"nightly/shop/shop.orders/1/part-00000-{UUID}", b"a"),
        (f"nightly/shop/shop.orders/1/part-00003-{UUID}", b"b"),
        (f"nightly/shop/shop.orders/2/part-00007-{UUID}", b"c"),
        ("nightly/shop/shop.orders/1/_SUCCESS", b""),
        ("nightly/shop/shop.orders/2/_SUCCESS", b""),
        ("nightly/shop/shop.empty/1/_SUCCESS", b""),
    ]
    assert list(parts_of(written([ExportedTable("shop.orders", parts=[b"1", b"2"])]))) == [
        f"shop/shop.orders/1/part-0000{number}-{UUID}" for number in (0, 1)
    ]


@pytest.mark.parametrize(("uuid_of", "expected"), [("export", [1, 1]), ("table", [1, 2]), ("part", [2, 4])])
def test_uuid(uuid_of, expected):
    """One UUID is that of an export, a table or a part."""
    tables = [ExportedTable(name, parts=[b"1", b"2"]) for name in ("shop.orders", "shop.items")]

    keys, again, others = (
        list(parts_of(written(tables, layout={"uuid_of": uuid_of}, **fields)))
        for fields in ({}, {}, {"source_arn": CLUSTER})
    )

    assert keys == again
    assert not set(keys) & set(others)
    of_orders, of_all = ({key[-52:-16] for key in some} for some in (keys[:2], keys))
    assert [len(of_orders), len(of_all)] == expected


def test_no_batch_folders():
    """The older layout has no batch folder."""
    tables = ["shop.orders", ExportedTable("shop.empty", parts=[])]

    objects = written(tables, layout={"batch_folders": False})

    assert [key for key in objects if "info" not in key] == [
        f"nightly/{ORDERS_PART.replace('/1/', '/')}",
        "nightly/shop/shop.orders/_SUCCESS",
        "nightly/shop/shop.empty/_SUCCESS",
    ]


def test_mysql_name_with_a_dot():
    """A table of MySQL may have a dot in its name; ExportOnly selects it by its database or its whole name."""
    table = ExportedTable("shop.v1.orders", engine="aurora-mysql")
    objects = written([table])

    assert "nightly/shop/shop.v1.orders/1/_SUCCESS" in objects
    (status,) = table_statuses(objects)
    assert status["target"] == "shop.shop.v1.orders"
    assert list(status["schemaMetadata"]["originalTypeMappings"][0])[-1] == "expectedExportedType"
    assert parts_of(written([table], export_only=["shop"]))
    assert parts_of(written([table], export_only=["shop.v1.orders"]))
    assert not parts_of(written([table], export_only=["shop.v1"]))


def test_prefix():
    """A prefix precedes every key. Some characters become underscores in keys, not in names; letters stay."""
    objects = written(['my shop.a\\b`c"größe'], s3_prefix="my backup/2024")

    folder = "my_backup/2024/nightly"
    assert list(objects) == [
        f"{folder}/my_shop/my_shop.a_b_c_größe/1/part-00000-{UUID}",
        f"{folder}/my_shop/my_shop.a_b_c_größe/1/_SUCCESS",
        f"{folder}/export_tables_info_nightly_from_1_to_1.json",
        f"{folder}/export_info_nightly.json",
    ]
    info = export_info(objects)
    assert (info["s3Prefix"], info["exportedFilesPath"]) == ("my backup/2024", folder)
    (table,) = table_statuses(objects)
    assert table["target"] == 'my shop.my shop.a\\b`c"größe'
    assert "größe" in objects[f"{folder}/export_tables_info_nightly_from_1_to_1.json"].decode()


def test_chunks():
    """An export_tables_info lists at most 100 tables and says which; without tables there is none."""
    objects = written([f"shop.t{number}" for number in range(201)])
    names = [key for key in objects if "tables_info" in key]
    assert names == [
        f"nightly/export_tables_info_nightly_from_{span}.json" for span in ("1_to_100", "101_to_200", "201_to_201")
    ]
    assert [len(json.loads(objects[name])["perTableStatus"]) for name in names] == [100, 100, 1]
    assert list(written([])) == ["nightly/export_info_nightly.json"]


def test_export_info():
    """export_info repeats the fields of DescribeExportTasks, in the captured order and form."""
    objects = written(["shop.orders"], export_only=["shop"], s3_prefix="backup")
    assert objects["backup/nightly/export_info_nightly.json"].decode() == (
        '{"exportTaskIdentifier":"nightly","sourceArn":"arn:aws:rds:us-east-1:123456789012:snapshot:nightly",'
        '"exportOnly":["shop"],"snapshotTime":"Jun 26, 2024, 2:39:58 PM","taskStartTime":"Jun 26, 2024, 3:39:58 PM",'
        '"taskEndTime":"Jun 26, 2024, 3:43:58 PM","s3Bucket":"rds-exports","s3Prefix":"backup",'
        '"exportedFilesPath":"backup/nightly","iamRoleArn":"arn:aws:iam::123456789012:role/rds-export",'
        '"kmsKeyId":"arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab","status":"COMPLETE","percentProgress":100,"totalExportedDataInGB":3.5,"databaseOid":0}'
    )


def test_export_info_of_a_cluster():
    """Without SnapshotTime and S3Prefix, snapshotTime is left out and s3Prefix is empty."""
    info = export_info(written([], source_arn=CLUSTER))

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
    """A PostgreSQL table has the folder database/schema.table, and its columns have lengths and precisions."""
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
    assert "nightly/shop/public.orders/1/_SUCCESS" in objects
    (table,) = table_statuses(objects)
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
    """The tables share time and size; one that is skipped has neither, nor files, wherever it is."""
    objects = written(["shop.a", ExportedTable("shop.b", warning="TOO_LARGE"), "shop.c", "shop.d"])

    statuses = table_statuses(objects)
    assert [(status["target"], status.get("sizeGB")) for status in statuses] == [
        ("shop.shop.a", 1.166667),
        ("shop.shop.b", None),
        ("shop.shop.c", 1.166667),
        ("shop.shop.d", 1.166667),
    ]
    assert statuses.pop(1) == {"target": "shop.shop.b", "warningMessage": "TOO_LARGE"}
    assert not [key for key in objects if "shop.b" in key]
    assert [status["tableStatistics"]["extractionStartTime"] for status in statuses] == [
        "Jun 26, 2024, 3:39:58 PM",
        "Jun 26, 2024, 3:41:18 PM",
        "Jun 26, 2024, 3:42:38 PM",
    ]


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
    end = END.replace(hour=hour).astimezone(dt.timezone(dt.timedelta(hours=2)))
    start = end - dt.timedelta(minutes=4)

    info = export_info(written([], layout={"time_format": time_format}, task_start_time=start, task_end_time=end))

    assert info["taskEndTime"] == expected


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
    assert list(written(tables, export_only=only)) == list(written(names))


def test_imports():
    """Importing the fake and its tables loads no client, no pyarrow, no clock and no pytest."""
    program = (
        "import sys; from pytest_rds_export import ExportedTable, fake_rds_export; "
        "print(sorted({'boto3', 'pyarrow', 'freezegun', 'pytest'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
