"""The tables of an export: names, types of their columns, and their Parquet files."""

from __future__ import annotations

import base64
import io
import json
import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from .. import _model
from .._keywords import suggesting_keywords
from .._messages import must_be, pluralize

__tracebackhide__ = True

# One row, {"id": 1, "name": "example"}, written by pyarrow 26 with the properties of a captured part: GZIP, all
# columns optional, INT32 and BYTE_ARRAY/UTF8. Embedded, so that the default needs no further package.
_DEFAULT_PART = base64.b64decode(
    "UEFSMRUAFRQVOCwVAhUAFQYVBhwAAAAfiwgAAAAAAAIDY2JgYGBiZASSAJVXay8KAAAAFQAVIhVGLBUCFQAVBhUGHAAAAB+LCAAAAAAAAgNjYmBg"
    "YGJkB5KpFYm5BTmpADzJkTwRAAAAFQQZPDUAGAZzY2hlbWEVBAAVAiUCGAJpZAAVDCUCGARuYW1lJQBMHAAAABYCGRwZLCYAHBUCGSUGABkYAmlk"
    "FQQWAhY6Fl4mCEkcFQAVABUCADwpBhkmAAIAAAAmABwVDBklBgAZGARuYW1lFQQWAhZIFmwmZkkcFQAVABUCADwWDhkGGSYAAgAAABaCARYCJggW"
    "ygEAKCBwYXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW9uIDI2LjAuMRksHAAAHAAAAMEAAABQQVIx"
)
_DEFAULT_COLUMNS = {True: {"id": "int", "name": "char"}, False: {"id": "integer", "name": "character"}}

# What AWS documents as the Parquet type of each source type, by whether the source is MySQL. The spelling of an
# exported type with an annotation follows the captured "binary (UTF8)"; the rest of the types are strings.
_STRING, _TIMESTAMP, _SMALL = "binary (UTF8)", "int64 (TIMESTAMP_MICROS)", "int32 (INT_16)"
_EXPORTED_TYPES = {
    True: {
        **dict.fromkeys(("tinyint", "smallint", "smallint unsigned", "mediumint", "int", "integer", "year"), "int32"),
        **dict.fromkeys(("bool", "boolean"), "int32"),
        **dict.fromkeys(("mediumint unsigned", "int unsigned", "integer unsigned", "bigint"), "int64"),
        **dict.fromkeys(("float", "double", "double precision", "real"), "double"),
        **dict.fromkeys(("bit", "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"), "binary"),
        **dict.fromkeys(("geometry", "geometrycollection", "point", "linestring", "polygon"), "binary"),
        **dict.fromkeys(("multipoint", "multilinestring", "multipolygon"), "binary"),
        **dict.fromkeys(("datetime", "timestamp"), _TIMESTAMP),
        "tinyint unsigned": _SMALL,
        "bigint unsigned": "fixed_len_byte_array(9) (DECIMAL(20,0))",
    },
    False: {
        **dict.fromkeys(("smallint", "smallserial", "int2"), _SMALL),
        **dict.fromkeys(("integer", "int", "int4", "serial"), "int32"),
        **dict.fromkeys(("bigint", "int8", "bigserial"), "int64"),
        **dict.fromkeys(("real", "float4"), "float"),
        **dict.fromkeys(("double precision", "float8"), "double"),
        **dict.fromkeys(("boolean", "bool"), "boolean"),
        "bytea": "binary",
    },
}
# A table with such a character in the name of a column is skipped.
_UNSUPPORTED = re.compile(r"[ ,;{}()\n\t=]")
_DEFAULT_PRECISION = 6  # of a time of PostgreSQL, whose column was declared without one
# The source types, MySQL's and PostgreSQL's, of a column whose values are all of these Python types.
_SOURCE_TYPES: tuple[tuple[tuple[type, ...], str, str], ...] = (
    ((bool,), "tinyint", "boolean"),
    ((int,), "int", "integer"),
    ((int, float), "double", "double precision"),
    ((int, Decimal), "decimal", "numeric"),
    ((str,), "varchar", "character varying"),
    ((bytes,), "blob", "bytea"),
    ((datetime,), "datetime", "timestamp without time zone"),
    ((date,), "date", "date"),
    ((time,), "time", "time without time zone"),
    ((dict, list), "json", "jsonb"),
    ((UUID,), "char", "uuid"),
)


@suggesting_keywords
@dataclass(frozen=True, init=False, repr=False, slots=True)
class ExportedTable:
    """A table that an export writes to S3.

    Args:
        name: ``"database.table"`` of MySQL or MariaDB, ``"database.schema.table"`` of PostgreSQL.
        engine: The API's name of the engine, such as ``"mysql"``, for a table of MySQL with a dot in its name; by
            default the name decides.
        parts: The bytes of each Parquet file, none for an empty table. A dict has them by batch folder and number: the
            keys of ``{(1, 0): a, (1, 2): b, (2, 0): c}`` end in ``1/part-00000``, ``1/part-00002`` and
            ``2/part-00000``. By default one small valid file with the columns ``id`` and ``name``.
        rows: A list of dicts to write as one Parquet file instead, with the types that AWS documents for the engine.
            Needs pyarrow: ``pip install 'pytest-rds-export[parquet]'``. Without rows, MySQL has a part that has none,
            PostgreSQL no part.
        columns: The source type of each column for ``export_tables_info``, such as ``{"id": "int", "name": "char"}``.
            By default those of the default part or, inferred from the values, of *rows*; unknown for *parts*. AWS
            skips a table that has a column with a space, a tab, a line feed or one of ``,;{}()=`` in its name.
        warning: Why Amazon RDS skips this table, such as ``"PERMISSIONS_DO_NOT_EXIST"``: nothing of it is written,
            and the warning appears in ``export_tables_info`` and in ``WarningMessage``.

    Raises:
        ValueError: A value is not allowed.
        ImportError: *rows* are given and pyarrow is not installed.

    """

    __module__ = "pytest_rds_export"

    name: str
    mysql: bool
    files: Mapping[tuple[int, int], bytes]
    columns: Mapping[str, str]
    warning: str | None

    def __init__(
        self,
        name: str,
        /,
        *,
        engine: str | None = None,
        parts: Sequence[bytes] | Mapping[tuple[int, int], bytes] | None = None,
        rows: Sequence[Mapping[str, Any]] | None = None,
        columns: Mapping[str, str] | None = None,
        warning: str | None = None,
    ) -> None:
        mysql = _is_mysql(name, engine)
        _check_name(name, mysql=mysql, skipped=warning is not None)
        if warning is not None and (not isinstance(warning, str) or not warning):
            raise ValueError(must_be("warning", "a string such as 'PERMISSIONS_DO_NOT_EXIST'", warning))
        if sum(value is not None for value in (parts, rows, warning)) > 1:
            raise ValueError(f"{name!r} must have one of parts, rows and warning; a skipped table has no files")
        types = {} if columns is None else _checked_columns(columns)
        given = None if parts is None else _checked_parts(parts)
        if rows is not None:
            _check_rows(rows)
            types = types or _inferred_columns(rows, mysql=mysql)
        if not types and given is None and warning is None and (rows is None or mysql):
            types = _DEFAULT_COLUMNS[mysql]
        unsupported = next((column for column in types if _UNSUPPORTED.search(column)), None)
        if unsupported is not None and warning is None:
            warning = f"UNSUPPORTED_COLUMN_NAME: {unsupported}"
        files: Mapping[tuple[int, int], bytes] = {}
        if warning is None and given is not None:
            files = given
        elif warning is None and (rows is None or rows or mysql):
            files = {(1, 0): _DEFAULT_PART if rows is None else _parquet(rows, types, mysql=mysql)}
        values = (_model.plain(name), mysql, files, types, warning)
        for attribute, value in zip(("name", "mysql", "files", "columns", "warning"), values, strict=True):
            object.__setattr__(self, attribute, value)

    @property
    def parts(self) -> tuple[bytes, ...]:
        """The bytes of each Parquet file."""
        return tuple(self.files.values())

    def __repr__(self) -> str:
        state = f"skipped: {self.warning}" if self.warning else pluralize(len(self.files), "part")
        return f"<ExportedTable {self.name!r} {state}>"


def _is_mysql(name: object, engine: object) -> bool:
    """Whether a table is one of MySQL or MariaDB, otherwise of PostgreSQL."""
    if engine is None:
        return isinstance(name, str) and name.count(".") == 1
    if not isinstance(engine, str) or not re.search("postgres|mysql|mariadb", engine):
        raise ValueError(must_be("engine", "the name of an engine such as 'mysql' or 'aurora-postgresql'", engine))
    return "postgres" not in engine


def target_name(table: ExportedTable) -> str:
    """The name in ``export_tables_info``: always three parts, where MySQL repeats the database."""
    return f"{table.name.split('.')[0]}.{table.name}" if table.mysql else table.name


def type_mappings(table: ExportedTable) -> list[dict[str, Any]]:
    """The columns as ``export_tables_info`` lists them."""
    mappings: list[dict[str, Any]] = []
    for column, declared in table.columns.items():
        base, numbers = _parsed_type(declared)
        number = numbers[0] if numbers else 0
        mapping: dict[str, Any] = {
            "columnName": column,
            "originalType": base,
            "expectedExportedType": exported_type(declared, mysql=table.mysql),
        }
        if not table.mysql:
            # A program that reads exports of PostgreSQL needs the three numbers; 0 where there is none is inferred.
            mapping["originalCharMaxLength"] = number if "char" in base else 0
            mapping["originalNumPrecision"] = number if base in ("numeric", "decimal") else 0
            precision = number if numbers else _DEFAULT_PRECISION
            mapping["originalDateTimePrecision"] = precision if base.startswith("time") else 0
        mappings.append(mapping)
    return mappings


def exported_type(declared: str, *, mysql: bool) -> str:
    """The Parquet type of a column, spelled as in ``export_tables_info``."""
    base, numbers = _parsed_type(declared.lower())
    signed = base.removesuffix(" unsigned")
    if mysql and signed in ("decimal", "numeric"):
        precision, scale = [*numbers[:2], *(10, 0)[len(numbers) :]]
        if precision > 38:
            return _STRING
        # By precision, as the bytes of Parquet's DECIMAL; AWS documents the width by value.
        length = ((10**precision).bit_length() + 8) // 8
        physical = "int32" if precision <= 9 else "int64" if precision <= 18 else f"fixed_len_byte_array({length})"
        return f"{physical} (DECIMAL({precision},{scale}))"
    types = _EXPORTED_TYPES[mysql]
    return types.get(base) or types.get(signed, _STRING)


def _parsed_type(declared: str) -> tuple[str, list[int]]:
    """The name of a source type without what is in parentheses, and the numbers there."""
    inside = re.search(r"\(([\d\s,]*)\)", declared)
    base = " ".join(re.sub(r"\(.*?\)", " ", declared).split())
    return base, [int(number) for number in re.findall(r"\d+", inside[1])] if inside else []


def _check_name(name: object, *, mysql: bool, skipped: bool) -> None:
    dots = "{1,}" if mysql else "{2}"
    if not isinstance(name, str) or not re.fullmatch(rf"[^.\x00-\x1f]+(\.[^.\x00-\x1f]+){dots}", name):
        raise ValueError(must_be("name", "'database.table' or, of PostgreSQL, 'database.schema.table'", name))
    if "/" in name and not skipped:
        raise ValueError(f"name must have no slash, or a warning, because AWS skips such a table; got {name!r}")


def _checked_columns(columns: object) -> dict[str, str]:
    if not isinstance(columns, Mapping) or not all(
        isinstance(text, str) and text for column in columns.items() for text in column
    ):
        raise ValueError(must_be("columns", "a dict such as {'id': 'int', 'name': 'char'}", columns))
    return dict(columns)


def _checked_parts(parts: object) -> dict[tuple[int, int], bytes]:
    """Return the bytes of each part by batch folder and number, in order."""
    files: Any = {(1, 0): None}
    if isinstance(parts, Mapping):
        files = parts
        if not all(_is_place(place) for place in files):
            allowed = "a dict by batch folder, from 1, and number, from 0, such as {(1, 0): b'...'}"
            raise ValueError(must_be("parts", allowed, parts))
    elif isinstance(parts, (list, tuple)):
        files = {(1, number): part for number, part in enumerate(parts)}
    if not all(isinstance(part, bytes) for part in files.values()):
        raise ValueError(must_be("parts", "a list of bytes", parts))
    return dict(sorted(files.items()))


def _is_place(place: object) -> bool:
    numbers = list(place) if isinstance(place, tuple) else []
    return [type(number) for number in numbers] == [int, int] and numbers[0] >= 1 and numbers[1] >= 0


def _check_rows(rows: object) -> None:
    if not isinstance(rows, (list, tuple)) or not all(
        isinstance(row, Mapping) and row and all(isinstance(name, str) for name in row) for row in rows
    ):
        raise ValueError(must_be("rows", "a list of dicts such as {'id': 1, 'name': 'Ada'}", rows))


def _inferred_columns(rows: Sequence[Mapping[str, Any]], *, mysql: bool) -> dict[str, str]:
    """The source types that fit the values of each column, in order of appearance."""
    return {
        name: _inferred_type(name, [row[name] for row in rows if row.get(name) is not None], mysql=mysql)
        for name in dict.fromkeys(name for row in rows for name in row)
    }


def _inferred_type(name: str, values: Sequence[Any], *, mysql: bool) -> str:
    if not values:
        return "varchar" if mysql else "character varying"
    fitting = (names for types, *names in _SOURCE_TYPES if all(isinstance(value, types) for value in values))
    source_type = next(fitting, ("", ""))[not mysql]
    if not source_type:
        raise ValueError(f"column {name!r} must have values of one type that a database has, got {values!r}")
    if source_type in ("int", "integer") and not all(-(2**31) <= value < 2**31 for value in values):
        return "bigint"
    if source_type == "decimal":
        decimals = [Decimal(value) for value in values]
        if not all(value.is_finite() for value in decimals):
            raise ValueError(f"column {name!r} must have finite values, got {values!r}")
        scale = max(0, *(-int(value.as_tuple().exponent) for value in decimals))
        whole = max(1, *(value.adjusted() + 1 for value in decimals))
        return f"decimal({whole + scale},{scale})"
    return source_type


def _parquet(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, mysql: bool) -> bytes:
    """The rows as one Parquet file: GZIP, all columns optional, the types that AWS documents."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ImportError("rows need pyarrow; install it with: pip install 'pytest-rds-export[parquet]'") from None
    for name in dict.fromkeys(name for row in rows for name in row):
        if name not in columns:
            raise ValueError(f"rows must have only the names of columns, {', '.join(columns)}; got {name!r}")
    arrays = {}
    for name, declared in columns.items():
        exported = exported_type(declared, mysql=mysql)
        try:
            cells = [None if row.get(name) is None else _cell(row[name], exported) for row in rows]
            arrays[name] = pa.array(cells, _arrow_type(pa, exported))
        except (ValueError, TypeError, OverflowError) as error:
            raise ValueError(f"column {name!r} must have values of type {declared!r}: {error}") from None
    file = io.BytesIO()
    pq.write_table(pa.table(arrays), file, compression="gzip", store_schema=False, store_decimal_as_integer=True)
    return file.getvalue()


def _arrow_type(pa: Any, exported: str) -> Any:
    """What pyarrow calls an exported type."""
    decimal = re.search(r"DECIMAL\((\d+),(\d+)\)", exported)
    if decimal:
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    if exported == _TIMESTAMP:
        return pa.timestamp("us", tz="UTC")
    names = {_STRING: "string", _SMALL: "int16", "boolean": "bool_", "float": "float32", "double": "float64"}
    return getattr(pa, names.get(exported, exported))()


def _cell(value: Any, exported: str) -> Any:
    """A value as pyarrow takes it; what Parquet has no type for becomes a string."""
    if exported in ("int32", "int64", _SMALL):
        return int(operator.index(value))  # pyarrow itself would truncate 1.5 and refuse True
    if exported != _STRING or isinstance(value, (str, bytes)):
        return value
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return format(value, "f") if isinstance(value, Decimal) else str(value)
