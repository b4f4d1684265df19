"""What can be seeded: identifiers, ExportTask values, mappings, and the files that the AWS CLI prints."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .._messages import must_be_type
from .task import ExportTask

__tracebackhide__ = True

Seed = str | ExportTask | Mapping[str, Any] | os.PathLike[str]


def to_tasks(items: Iterable[Seed]) -> list[ExportTask]:
    """Return the export tasks that the seeds describe. Raises ``TypeError`` and ``ValueError`` for other things."""
    if isinstance(items, Mapping) and "ExportTasks" in items:
        raise TypeError("seed_all takes the list in a response, got the whole response. Write response['ExportTasks']")
    if isinstance(items, (str, os.PathLike, Mapping, ExportTask)):
        raise TypeError(f"seed_all takes a list of seeds, got one seed. Write [{items!r}]")
    if not isinstance(items, Iterable):
        raise TypeError(must_be_type("items", "a list of seeds", items))
    return [task for item in items for task in _to_tasks(item)]


def _to_tasks(item: Seed) -> list[ExportTask]:
    if isinstance(item, ExportTask):
        return [item]
    if isinstance(item, str):
        return [ExportTask(item)]
    if isinstance(item, Mapping):
        return [ExportTask.from_response(item)]
    if isinstance(item, os.PathLike):
        return _read_file(Path(item).absolute())
    allowed = "an identifier, an ExportTask, a mapping in the API's shape or a Path to a JSON file"
    raise TypeError(must_be_type("a seed", allowed, item))


def _read_file(path: Path) -> list[ExportTask]:
    expected = "It must be the output of 'aws rds describe-export-tasks'"
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise error.with_traceback(None) from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON ({error}). {expected}") from None
    records = content.get("ExportTasks") if isinstance(content, dict) else content
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise ValueError(f"{path} has no list of export tasks. {expected}")
    tasks = []
    for index, record in enumerate(records):
        try:
            tasks.append(ExportTask.from_response(record))
        except (TypeError, ValueError) as error:
            raise type(error)(f"{path}, export task {index}: {error}") from None
    return tasks
