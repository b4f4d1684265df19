"""ExportedTable: its arguments, its types, and the Parquet files of its rows."""

import builtins
import dataclasses
import datetime as dt
import io
from decimal import Decimal
from uuid import UUID

import pytest

from helpers.errors import raises_exactly
from helpers.exported import table_statuses, written
from pytest_rds_export import ExportedTable

COLUMNS = "columns must be a dict such as {'id': 'int', 'name': 'char'}, got "
ROWS = "rows must be a list of dicts such as {'id': 1, 'name': 'Ada'}, got "
NAME = "name must be 'database.table' or, of PostgreSQL, 'database.schema.table', got "
PLACES = "parts must be a dict by batch folder, from 1, and number, from 0, such as {(1, 0): b'...'}, got "
ENGINE = "engine must be the name of an engine such as 'mysql' or 'aurora-postgresql', got "
SLASH = "name must have no slash, or a warning, because AWS skips such a table; got "
WARNING = "warning must be a string such as 'PERMISSIONS_DO_NOT_EXIST', got "


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("orders", {}, f"{NAME}'orders'"),
        ("a.b.c.d", {}, f"{NAME}'a.b.c.d'"),
        ("shop..orders", {}, f"{NAME}'shop..orders'"),
        ("shop.or\nders", {}, f"{NAME}'shop.or\\nders'"),
        (None, {}, f"{NAME}None"),
        ("shop.a/b", {}, f"{SLASH}'shop.a/b'"),
        ("a.b", {"parts": b"PAR1"}, "parts must be a list of bytes, got b'PAR1'"),
        ("a.b", {"parts": ["PAR1"]}, "parts must be a list of bytes, got ['PAR1']"),
        ("a.b", {"parts": b""}, "parts must be a list of bytes, got b''"),
        ("a.b", {"parts": {(1, 0): "PAR1"}}, "parts must be a list of bytes, got {(1, 0): 'PAR1'}"),
        ("a.b", {"parts": {(0, 0): b""}}, f"{PLACES}{{(0, 0): b''}}"),
        ("a.b", {"parts": {(1, -1): b""}}, f"{PLACES}{{(1, -1): b''}}"),
        ("a.b", {"parts": {1: b""}}, f"{PLACES}{{1: b''}}"),
        ("a.b", {"engine": "oracle"}, f"{ENGINE}'oracle'"),
        ("a.b", {"engine": 8}, f"{ENGINE}8"),
        ("a.b", {"engine": "postgres"}, f"{NAME}'a.b'"),
        ("a.b", {"rows": {"id": 1}}, f"{ROWS}{{'id': 1}}"),
        ("a.b", {"rows": {}}, f"{ROWS}{{}}"),
        ("a.b", {"rows": [{}]}, f"{ROWS}[{{}}]"),
        ("a.b", {"rows": [{1: 1}]}, f"{ROWS}[{{1: 1}}]"),
        ("a.b", {"columns": ["id"]}, f"{COLUMNS}['id']"),
        ("a.b", {"columns": {"id": int}}, f"{COLUMNS}{{'id': <class 'int'>}}"),
        ("a.b", {"warning": ""}, f"{WARNING}''"),
        ("a.b", {"warning": 3}, f"{WARNING}3"),
        (
            "a.b",
            {"parts": [], "warning": "OLD"},
            "'a.b' must have one of parts, rows and warning; a skipped table has no files",
        ),
    ],
)
def test_bad_table(name, arguments, message):
    """A bad argument of ExportedTable is refused with the value."""
    with raises_exactly(ValueError, message):
        ExportedTable(name, **arguments)


def test_value():
    """ExportedTable is a value that shows the package that users import it from."""
    table = ExportedTable("shop.orders")
    assert table == ExportedTable("shop.orders", columns={"id": "int", "name": "char"})
    assert table != ExportedTable("shop.orders", parts=[])
    assert ExportedTable("shop.a/b", warning="OLD") == ExportedTable("shop.a/b", warning="OLD")
    assert ExportedTable("shop.a/b", warning="OLD").parts == ()
    assert ExportedTable.__module__ == "pytest_rds_export"
    with pytest.raises(dataclasses.FrozenInstanceError):
        table.name = "shop.users"


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (ExportedTable("shop.orders"), "<ExportedTable 'shop.orders' 1 part>"),
        (ExportedTable("a.b.c", parts=[b"1", b"2"]), "<ExportedTable 'a.b.c' 2 parts>"),
        (ExportedTable("shop.a/b", warning="SLASH"), "<ExportedTable 'shop.a/b' skipped: SLASH>"),
    ],
)
def test_repr(table, expected):
    """What a user may print says what it is in one line."""
    assert repr(table) == expected


def read(body):
    """Read a Parquet file with pyarrow."""
    return pytest.importorskip("pyarrow.parquet").read_table(io.BytesIO(body))


def test_default_part_in_pyarrow():
    """The default part has the properties of a captured one."""
    pq = pytest.importorskip("pyarrow.parquet")
    file = pq.ParquetFile(io.BytesIO(ExportedTable("shop.orders").parts[0]))
    assert file.read().to_pylist() == [{"id": 1, "name": "example"}]
    columns = [file.schema.column(index) for index in range(2)]
    assert [(c.name, c.physical_type, c.converted_type, c.max_definition_level) for c in columns] == [
        ("id", "INT32", "NONE", 1),
        ("name", "BYTE_ARRAY", "UTF8", 1),
    ]
    assert {file.metadata.row_group(0).column(index).compression for index in range(2)} == {"GZIP"}


NOON = dt.datetime(2024, 6, 26, 12, 30)  # noqa: DTZ001
VALUES = {
    "flag": True,
    "small": -1,
    "big": 2**31,
    "ratio": 0.5,
    "price": Decimal("-12.50"),
    "name": "Ada",
    "data": b"\x00\xff",
    "at": NOON,
    "day": NOON.date(),
    "time": NOON.time(),
    "more": {"a": [1]},
    "uuid": UUID(int=1),
    "none": None,
}


# Of each column: the source type of MySQL, Parquet's types for it, the source type of PostgreSQL, Arrow's type for it.
TYPES = {
    "flag": ("tinyint", "INT32", "NONE", "boolean", "bool"),
    "small": ("int", "INT32", "NONE", "integer", "int32"),
    "big": ("bigint", "INT64", "NONE", "bigint", "int64"),
    "ratio": ("double", "DOUBLE", "NONE", "double precision", "double"),
    "price": ("decimal(4,2)", "INT32", "DECIMAL", "numeric", "string"),
    "name": ("varchar", "BYTE_ARRAY", "UTF8", "character varying", "string"),
    "data": ("blob", "BYTE_ARRAY", "NONE", "bytea", "binary"),
    "at": ("datetime", "INT64", "TIMESTAMP_MICROS", "timestamp without time zone", "string"),
    "day": ("date", "BYTE_ARRAY", "UTF8", "date", "string"),
    "time": ("time", "BYTE_ARRAY", "UTF8", "time without time zone", "string"),
    "more": ("json", "BYTE_ARRAY", "UTF8", "jsonb", "string"),
    "uuid": ("char", "BYTE_ARRAY", "UTF8", "uuid", "string"),
    "none": ("varchar", "BYTE_ARRAY", "UTF8", "character varying", "string"),
}
STRINGS = {
    "day": "2024-06-26",
    "time": "12:30:00",
    "more": '{"a": [1]}',
    "uuid": "00000000-0000-0000-0000-000000000001",
}


def test_rows_of_mysql():
    """Rows of a MySQL table have the types that AWS documents, inferred from the values."""
    pq = pytest.importorskip("pyarrow.parquet")
    table = ExportedTable("shop.orders", rows=[VALUES, dict.fromkeys(VALUES)])
    file = pq.ParquetFile(io.BytesIO(table.parts[0]))
    columns = [file.schema.column(index) for index in range(len(VALUES))]

    assert table.columns == {name: types[0] for name, types in TYPES.items()}
    assert {c.name: (c.physical_type, c.converted_type) for c in columns} == {
        name: types[1:3] for name, types in TYPES.items()
    }
    assert {c.max_definition_level for c in columns} == {1}
    assert {file.metadata.row_group(0).column(index).compression for index in range(len(VALUES))} == {"GZIP"}
    assert file.metadata.metadata is None  # not pyarrow's own schema
    assert file.read().to_pylist() == [
        {**VALUES, **STRINGS, "flag": 1, "at": NOON.replace(tzinfo=dt.timezone.utc)},
        dict.fromkeys(VALUES),
    ]


def test_rows_of_postgresql():
    """Rows of a PostgreSQL table have numbers, booleans, bytes, and strings for the rest."""
    pytest.importorskip("pyarrow")
    table = ExportedTable("shop.public.orders", rows=[VALUES])
    result = read(table.parts[0])

    assert table.columns == {name: types[3] for name, types in TYPES.items()}
    assert {field.name: str(field.type) for field in result.schema} == {name: types[4] for name, types in TYPES.items()}
    assert result.to_pylist() == [{**VALUES, **STRINGS, "price": "-12.50", "at": "2024-06-26 12:30:00"}]


@pytest.mark.parametrize(
    ("name", "declared", "value", "arrow", "result"),
    [
        ("a.b", "bigint", 1, "int64", 1),
        ("a.b", "INT(10) unsigned", 2**32 - 1, "int64", 2**32 - 1),
        ("a.b", "bigint unsigned", 2**64 - 1, "decimal128(20, 0)", Decimal(2**64 - 1)),
        ("a.b", "tinyint unsigned", 255, "int16", 255),
        ("a.b", "decimal(20,2)", Decimal("1.5"), "decimal128(20, 2)", Decimal("1.50")),
        ("a.b", "decimal", Decimal(7), "decimal128(10, 0)", Decimal(7)),
        ("a.b", "decimal(65,30)", Decimal("1E+2"), "string", "100"),
        ("a.b", "float", 1, "double", 1.0),
        ("a.b", "enum('x','y(1)')", "x", "string", "x"),
        ("a.b.c", "smallint", 1, "int16", 1),
        ("a.b.c", "real", 0.5, "float", 0.5),
        ("a.b.c", "integer", True, "int32", 1),
        ("a.b.c", "text", 1.5, "string", "1.5"),
        ("a.b.c", "numeric", Decimal("NaN"), "string", "NaN"),
    ],
)
def test_declared_type(name, declared, value, arrow, result):
    """A declared type decides; None and a missing key are null."""
    pytest.importorskip("pyarrow")
    table = ExportedTable(name, rows=[{"a": value, "x": 1}, {"x": 1}], columns={"a": declared, "x": "int"})
    written = read(table.parts[0])
    assert str(written.schema.field("a").type) == arrow
    assert written.column("a").to_pylist() == [result, None]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2**31 - 1, -(2**31)], "int"),
        ([1, 2**31], "bigint"),
        ([-(2**31) - 1], "bigint"),
        ([1, 0.5], "double"),
        ([Decimal("0.05"), 100], "decimal(5,2)"),
        ([Decimal("1E+3")], "decimal(4,0)"),
        ([Decimal("0.05")], "decimal(3,2)"),
        ([NOON, NOON.date()], "date"),
        ([None, None], "varchar"),
    ],
)
def test_inferred_type(values, expected):
    """A column's source type fits all its values."""
    pytest.importorskip("pyarrow")
    assert ExportedTable("a.b", rows=[{"x": value} for value in values]).columns == {"x": expected}


def test_exported_type():
    """An exported type with an annotation is spelled as the captured ones."""
    expected = {
        "decimal(9,0)": "int32 (DECIMAL(9,0))",
        "numeric(18)": "int64 (DECIMAL(18,0))",
        "decimal(19,0)": "fixed_len_byte_array(9) (DECIMAL(19,0))",
        "decimal(38,10)": "fixed_len_byte_array(16) (DECIMAL(38,10))",
        "decimal(39,0)": "binary (UTF8)",
        "timestamp(6)": "int64 (TIMESTAMP_MICROS)",
        "DECIMAL(5,2) UNSIGNED": "int32 (DECIMAL(5,2))",
        "double unsigned": "double",
        "numeric unsigned": "int64 (DECIMAL(10,0))",
    }

    columns = {f"column_{number}": declared for number, declared in enumerate(expected)}

    (table,) = table_statuses(written([ExportedTable("shop.orders", columns=columns)]))

    mappings = table["schemaMetadata"]["originalTypeMappings"]
    assert [column["expectedExportedType"] for column in mappings] == list(expected.values())


INT, BIGINT = ({"columns": {"id": name}} for name in ("int", "bigint"))
OF_TYPE = "column 'id' must have values of type "
NO_INTEGER = "object cannot be interpreted as an integer"


@pytest.mark.parametrize(
    ("value", "arguments", "message"),
    [
        ("x", INT, f"{OF_TYPE}'int': 'str' {NO_INTEGER}"),
        (1.5, INT, f"{OF_TYPE}'int': 'float' {NO_INTEGER}"),
        (1.5, BIGINT, f"{OF_TYPE}'bigint': 'float' {NO_INTEGER}"),
        (2**31, INT, f"{OF_TYPE}'int': Value 2147483648 too large to fit in C integer type"),
        (2**64, BIGINT, f"{OF_TYPE}'bigint': Python int too large to convert to C long"),
        (1, {"columns": {"nr": "int", "name": "char"}}, "rows must have only the names of columns, nr, name; got 'id'"),
        (b"x", {}, "column 'id' must have values of one type that a database has, got [1, b'x']"),
        (Decimal("NaN"), {}, "column 'id' must have finite values, got [1, Decimal('NaN')]"),
    ],
)
def test_bad_rows(value, arguments, message):
    """A row that does not fit is refused with its column and value."""
    pytest.importorskip("pyarrow")
    with raises_exactly(ValueError, message):
        ExportedTable("shop.orders", rows=[{"id": 1}, {"id": value}], **arguments)


@pytest.mark.parametrize(("columns", "names"), [({"day": "date"}, ["day"]), (None, ["id", "name"])])
def test_no_rows(columns, names):
    """A table without rows has a part without rows on MySQL, and no part on PostgreSQL."""
    pytest.importorskip("pyarrow")

    (part,) = ExportedTable("shop.orders", rows=[], columns=columns).parts

    table = read(part)
    assert (table.num_rows, table.column_names) == (0, names)
    assert ExportedTable("shop.public.orders", rows=[], columns=columns).parts == ()


@pytest.mark.parametrize("character", " ,;{}()\n\t=")
@pytest.mark.parametrize("given", ["columns", "rows"])
def test_unsupported_column_name(character, given):
    """A table with such a character in the name of a column is skipped."""
    column = f"a{character}b"
    table = ExportedTable("shop.orders", **{given: {column: "int"} if given == "columns" else [{column: 1}]})

    assert (table.parts, table.warning) == ((), f"UNSUPPORTED_COLUMN_NAME: {column}")
    assert ExportedTable("shop.orders", columns={column: "int"}, warning="OTHER").warning == "OTHER"


def test_pandas_and_duckdb(rds_export_tasks, tmp_path):
    """Pandas and DuckDB read the default part, and rows, from a folder."""
    pytest.importorskip("pyarrow")
    pandas, duckdb = pytest.importorskip("pandas"), pytest.importorskip("duckdb")
    rows = {"customers": {"id": 1, "name": "example"}, "orders": {"id": 1, "price": Decimal("1.50")}}
    tables = ["shop.customers", ExportedTable("shop.orders", rows=[rows["orders"]])]
    rds_export_tasks.write_files(tmp_path, tables=tables)
    rds_export_tasks.seed("nightly", status="COMPLETE")

    for name, row in rows.items():
        path = f"{tmp_path}/rds-exports/nightly/shop/shop.{name}/1"
        assert pandas.read_parquet(path).to_dict("records") == [row]
        assert duckdb.sql(f"SELECT * FROM '{path}/*.parquet'").fetchall() == [tuple(row.values())]


def test_without_pyarrow(monkeypatch):
    """Rows without pyarrow are an error that says how to install it."""
    real_import = builtins.__import__

    def refuse(name, *arguments, **keywords):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real_import(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with raises_exactly(ImportError, "rows need pyarrow; install it with: pip install 'pytest-rds-export[parquet]'"):
        ExportedTable("shop.orders", rows=[{"id": 1}])
