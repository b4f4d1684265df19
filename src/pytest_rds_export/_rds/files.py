"""What an export writes to S3, and when."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import accumulate, pairwise
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from .. import _times
from .._messages import check_choice, must_be
from .tables import ExportedTable, target_name, type_mappings
from .targets import open_target

__tracebackhide__ = True

DEFAULT_TABLES = ("shop.customers", "shop.orders")
# How many tables one export_tables_info lists. Amazon RDS's own number is unknown; "_from_1_to_96" was seen.
TABLES_PER_INFO = 100
_REPLACED = str.maketrans(dict.fromkeys('\\`" ', "_"))
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class ExportFiles:
    """Writes the files of an account's exports, each once, as the exports progress.

    ``ExportTaskRegistry.write_files`` describes the arguments and the exceptions.
    """

    def __init__(
        self,
        to: object,
        tables: Sequence[str | ExportedTable] | None = None,
        *,
        time_format: str = "text",
        uuid_of: str = "export",
        batch_folders: bool = True,
    ) -> None:
        self.target = open_target(to)
        self.tables = _checked_tables(DEFAULT_TABLES if tables is None else tables)
        check_choice("time_format", time_format, ("text", "iso"))
        check_choice("uuid_of", uuid_of, ("export", "table", "part"))
        if not isinstance(batch_folders, bool):
            raise ValueError(must_be("batch_folders", "True or False", batch_folders))
        for table in self.tables:
            if not batch_folders and any(batch != 1 for batch, _ in table.files):
                raise ValueError(
                    f"batch_folders=False has no place for the parts {tuple(table.files)} of {table.name!r}"
                )
        self._time_format = time_format
        self._uuid_of = uuid_of
        self._batch_folders = batch_folders
        self._steps: dict[tuple[str, str], int] = {}
        """How many steps of each export are done: one for each table, one for the JSON files."""
        self._errors: dict[tuple[str, str], Exception] = {}

    def __repr__(self) -> str:
        return f"<ExportFiles to={self.target!r} tables={len(self.tables)}>"

    def is_due(self, fields: Mapping[str, Any]) -> bool:
        due, key = self._count_due(fields), _key(fields)
        return key not in self._errors and self._steps.get(key, 0) < due

    def _count_due(self, fields: Mapping[str, Any]) -> int:
        """Return how many steps are due by status and progress, whether done or not.

        While STARTING none is. Afterwards table *i* of *n* is due from ``100 * i / n`` percent on (inferred), so at 99
        percent the last one is not. At COMPLETE the rest is, then the JSON files. CANCELING, CANCELED and FAILED keep
        the last progress, so nothing new is due.
        """
        if fields["Status"] == "STARTING":
            return 0
        count = len(self._select(fields)[1])
        return count + 1 if fields["Status"] == "COMPLETE" else count * int(fields["PercentProgress"]) // 100

    def update(self, fields: Mapping[str, Any]) -> None:
        """Write what is due and not yet written.

        An exception of the target is raised as it is. Everything before the table that raised counts as written.
        """
        tables, exported = self._select(fields)
        key = _key(fields)
        for step in range(self._steps.get(key, 0), self._count_due(fields)):
            if step < len(exported):
                self._write_table(fields, exported[step])
            else:
                self._write_info(fields, tables)
            self._steps[key] = step + 1

    def give_up(self, fields: Mapping[str, Any], error: Exception) -> None:
        """Write nothing more of an export, because of what the target raised."""
        self._errors[_key(fields)] = error

    def error_of(self, fields: Mapping[str, Any]) -> Exception | None:
        """Return what the target raised for an export that was given up."""
        return self._errors.get(_key(fields))

    def warning_message(self, fields: Mapping[str, Any]) -> str | None:
        """The WarningMessage of an export that skips tables, as JSON; None if it skips none.

        AWS documents the outer shape; that of a skipped table is inferred.
        """
        skipped = [
            {"target": target_name(table), "reason": table.warning}
            for table in self._select(fields)[0]
            if table.warning is not None
        ]
        return _json({"skippedTables": skipped, "skippedObjectives": [], "general": []}) if skipped else None

    def _select(self, fields: Mapping[str, Any]) -> tuple[list[ExportedTable], list[ExportedTable]]:
        """Return the tables that ExportOnly selects, and those of them that are not skipped."""
        only = fields.get("ExportOnly")
        tables = [table for table in self.tables if not _scopes(table).isdisjoint(only)] if only else self.tables
        return tables, [table for table in tables if table.warning is None]

    def _write_table(self, fields: Mapping[str, Any], table: ExportedTable) -> None:
        # AWS takes a random UUID, this one is the same in every run.
        names = {"export": "", "table": f"/{table.name}"}
        folder = target_name(table).replace(".", "/", 1)
        batches = {batch: f"{folder}/{batch}" if self._batch_folders else folder for batch, _ in table.files}
        for (batch, number), part in table.files.items():
            of = names.get(self._uuid_of, f"/{table.name}/{batch}/{number}")
            uuid = uuid5(NAMESPACE_URL, f"{fields['SourceArn']}/{fields['ExportTaskIdentifier']}{of}")
            self._put(fields, f"{batches[batch]}/part-{number:05}-{uuid}-c000.gz.parquet", part)
        for path in batches.values() or [f"{folder}/1" if self._batch_folders else folder]:
            self._put(fields, f"{path}/_SUCCESS", b"")

    def _write_info(self, fields: Mapping[str, Any], tables: Sequence[ExportedTable]) -> None:
        """Write the JSON files; export_info comes last, because programs wait for it."""
        identifier = fields["ExportTaskIdentifier"]
        statuses = self._table_statuses(fields, tables)
        for first in range(0, len(statuses), TABLES_PER_INFO):
            chunk = statuses[first : first + TABLES_PER_INFO]
            name = f"export_tables_info_{identifier}_from_{first + 1}_to_{first + len(chunk)}.json"
            self._put(fields, name, _json({"perTableStatus": chunk}).encode())
        self._put(fields, f"export_info_{identifier}.json", _json(self._export_info(fields)).encode())

    def _put(self, fields: Mapping[str, Any], name: str, body: bytes) -> None:
        key = f"{_files_path(fields)}/{name}".translate(_REPLACED)
        self.target.put(fields["S3Bucket"], key, body, fields["KmsKeyId"])

    def _export_info(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        info = {
            "exportTaskIdentifier": fields["ExportTaskIdentifier"],
            "sourceArn": fields["SourceArn"],
            "exportOnly": list(fields.get("ExportOnly") or ()),
            "snapshotTime": self._time(fields.get("SnapshotTime")),
            "taskStartTime": self._time(fields.get("TaskStartTime")),
            "taskEndTime": self._time(fields.get("TaskEndTime")),
            "s3Bucket": fields["S3Bucket"],
            "s3Prefix": fields["S3Prefix"],
            "exportedFilesPath": _files_path(fields).translate(_REPLACED),
            "iamRoleArn": fields["IamRoleArn"],
            "kmsKeyId": fields["KmsKeyId"],
            "status": fields["Status"],
            "percentProgress": fields["PercentProgress"],
            "totalExportedDataInGB": _size(fields),
            "databaseOid": 0,
        }
        # An export of a cluster has no SnapshotTime; that the file then has none either is inferred.
        return {name: value for name, value in info.items() if value is not None}

    def _table_statuses(self, fields: Mapping[str, Any], tables: Sequence[ExportedTable]) -> list[dict[str, Any]]:
        """The entries of export_tables_info: times spread evenly over the export, sizes alike (inferred)."""
        count = sum(table.warning is None for table in tables)
        start, end = fields["TaskStartTime"], fields["TaskEndTime"]
        times = pairwise(self._time(start + (end - start) * step / count) for step in range(count + 1) if count)
        statuses: list[dict[str, Any]] = []
        for table in tables:
            if table.warning is not None:
                statuses.append({"target": target_name(table), "warningMessage": table.warning})
                continue
            began, ended = next(times)
            statuses.append(
                {
                    "tableStatistics": {"extractionStartTime": began, "extractionEndTime": ended},
                    "schemaMetadata": {"originalTypeMappings": type_mappings(table)},
                    "status": "COMPLETE",
                    "sizeGB": round(_size(fields) / count, 6),
                    "target": target_name(table),
                }
            )
        return statuses

    def _time(self, when: datetime | None) -> str | None:
        if when is None:
            return None
        if self._time_format == "iso":
            return _times.format_time(when)
        hour = when.hour % 12 or 12
        return (
            f"{_MONTHS[when.month - 1]} {when.day}, {when.year}, {hour}:{when:%M:%S} {'AM' if when.hour < 12 else 'PM'}"
        )


def _scopes(table: ExportedTable) -> set[str]:
    """What ExportOnly may say to select a table: ``a``, ``a.b`` and ``a.b.c`` of ``a.b.c``."""
    return set(accumulate(table.name.split(".", 1 if table.mysql else 2), "{}.{}".format))


def _checked_tables(tables: Sequence[str | ExportedTable]) -> list[ExportedTable]:
    if not isinstance(tables, (list, tuple)):
        raise ValueError(must_be("tables", "a list of names and ExportedTables", tables))
    checked = {}
    for item in tables:
        table = item if isinstance(item, ExportedTable) else ExportedTable(item)
        if table.name in checked:
            raise ValueError(f"tables must be different, got {table.name!r} twice")
        checked[table.name] = table
    return list(checked.values())


def _key(fields: Mapping[str, Any]) -> tuple[str, str]:
    """Return what tells an export from those of other regions."""
    return fields["SourceArn"], fields["ExportTaskIdentifier"]


def _files_path(fields: Mapping[str, Any]) -> str:
    prefix, identifier = fields["S3Prefix"], fields["ExportTaskIdentifier"]
    return f"{prefix}/{identifier}" if prefix else str(identifier)


def _size(fields: Mapping[str, Any]) -> float:
    """The size of the export: the API's TotalExtractedDataInGB is its whole part. The half is made up."""
    total: int = fields["TotalExtractedDataInGB"]
    return total + 0.5


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
