"""ExportTask: the 16 fields of an export task, as a value or live."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar, overload

from .. import _clock, _model
from .._keywords import suggesting_keywords
from .._messages import must_be, must_be_type, unknown_name
from .._rds.arns import parse_arn, split_arn
from .._rds.region import Region
from .._rds.state import LONGEST_IDENTIFIER, TRANSITIONS, TaskState, copy_fields, is_identifier
from .._rds.timeline import AnyTimeline, Transition, check_timeline
from . import outgoing

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

__tracebackhide__ = True

_T = TypeVar("_T")

IDENTIFIER_RULE = "ASCII letters, digits and single hyphens, with a letter first and no hyphen last"
_BUCKET = re.compile("[A-Za-z0-9._-]+")


class TaskFields(TypedDict, total=False):
    """The fields that ``seed``, ``ExportTask`` and ``move_to`` take as keywords."""

    source_arn: str
    export_only: list[str] | None
    snapshot_time: datetime | str | None
    task_start_time: datetime | str | None
    task_end_time: datetime | str | None
    s3_bucket: str
    s3_prefix: str
    iam_role_arn: str
    kms_key_id: str
    percent_progress: int
    total_extracted_data_in_gb: int
    failure_cause: str | None
    warning_message: str | None
    source_type: str


class Field(Generic[_T]):
    """A field of the response as an attribute. It is read only: a timeline, a client or ``move_to`` changes it."""

    def __init__(self, doc: str) -> None:
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, task: None, owner: type) -> Self: ...
    @overload
    def __get__(self, task: ExportTask, owner: type) -> _T: ...
    def __get__(self, task: ExportTask | None, owner: type) -> Any:
        return self if task is None else task.__getattr__(self._name)

    def __set__(self, task: ExportTask, value: object) -> None:
        raise AttributeError(f"{self._name} of {task!r} cannot be assigned. {_how_to_set(task, self._name, value)}")

    def __repr__(self) -> str:
        return f"<field {self._name} of ExportTask>"


@suggesting_keywords
class ExportTask:
    """An export task of Amazon RDS.

    ``ExportTask(...)`` is a value that can be kept in a conftest and seeded into any number of tests, because seeding
    copies it. ``seed`` and ``registry[identifier]`` return the live task, whose fields follow its timeline and which
    ``move_to`` moves. A copy of a live task, by ``copy`` or ``pickle``, is a value.

    Times are aware ``datetime`` objects in UTC, truncated to milliseconds; they may be given as ISO 8601 strings with
    an offset. A field that only a newer botocore knows can be given and read as well.

    Args:
        identifier: At most 60 ASCII letters, digits and single hyphens, with a letter first and no hyphen last. Its
            case is kept.
        status: STARTING, IN_PROGRESS (the default), CANCELING, CANCELED, COMPLETE or FAILED.
        region: Where it is seeded; by default where the ARN of its source says, otherwise in the default region.
        timeline: How it advances; by default as the option ``timeline`` of the registry says.
        **fields: The fields of the response in botocore's snake case. One that is not given gets, when the task is
            seeded, what a real task in that status has.

    Raises:
        TypeError: For an unknown field.
        ValueError: For a value that is not allowed.
    """

    __module__ = "pytest_rds_export"

    __slots__ = ("_fields", "_region", "_timeline")

    export_task_identifier = Field[str]("The identifier, which keeps its case.")
    source_arn = Field[str]("The ARN of the snapshot or cluster that is exported.")
    export_only = Field[list[str] | None]("The databases, schemas or tables that are exported; None for all.")
    snapshot_time = Field[datetime | None]("When the snapshot was created; None for a cluster.")
    task_start_time = Field[datetime | None]("When the extraction began; None before.")
    task_end_time = Field[datetime | None]("When the task ended; None before.")
    s3_bucket = Field[str]("The bucket that is exported to.")
    s3_prefix = Field[str]("The prefix of the files in the bucket, or an empty string.")
    iam_role_arn = Field[str]("The role that writes to the bucket.")
    kms_key_id = Field[str]("The key that encrypts the files.")
    status = Field[str]("STARTING, IN_PROGRESS, CANCELING, CANCELED, COMPLETE or FAILED.")
    percent_progress = Field[int]("How far the export is, from 0 to 100.")
    total_extracted_data_in_gb = Field[int]("How much is extracted, in whole gigabytes.")
    failure_cause = Field[str | None]("Why the export failed; None unless it is FAILED.")
    warning_message = Field[str | None]("What was skipped, a JSON string; None unless something was.")
    source_type = Field[str]("SNAPSHOT or CLUSTER.")

    def __init__(
        self,
        identifier: str,
        /,
        *,
        status: str = "IN_PROGRESS",
        region: str | None = None,
        timeline: AnyTimeline | None = None,
        **fields: Unpack[TaskFields],
    ) -> None:
        if "export_task_identifier" in fields:
            raise TypeError("export_task_identifier is given twice: it is the first argument")
        given = {
            "ExportTaskIdentifier": _check_identifier(identifier),
            **_check_fields(status, fields),
        }
        if timeline is not None:
            check_timeline(timeline)
        if "SourceArn" in given:
            arn_region = split_arn(given["SourceArn"]).region
            if region is not None and region != arn_region:
                raise ValueError(f"region must be that of source_arn, {arn_region!r}, got {region!r}")
            region = arn_region
        if region is not None:
            region = _model.check_region(region)
        self._fields = given
        self._region = region
        self._timeline = timeline

    @classmethod
    def from_response(cls, item: Mapping[str, Any]) -> ExportTask:
        """Return the task that a mapping in the API's shape describes, such as one in DescribeExportTasks' response.

        Raises:
            TypeError: For an unknown field.
            ValueError: For a value that is not allowed.
        """
        snake_case = {api_name: name for name, (api_name, _) in _model.members("ExportTask").items()}
        for name in item:
            if name not in snake_case:
                raise TypeError(unknown_name("field", name, snake_case))
        given = {snake_case[name]: value for name, value in item.items() if value is not None}
        if "export_task_identifier" not in given:
            raise ValueError(f"an export task must have an 'ExportTaskIdentifier', got {dict(item)!r}")
        return cls(given.pop("export_task_identifier"), **given)

    def to_response(self) -> dict[str, Any]:
        """Return the fields in the API's shape, as DescribeExportTasks does; for a value those that were given."""
        return copy_fields(self._fields)

    @property
    def identifier(self) -> str:
        """The identifier, which is unique in its region."""
        return str(self._fields["ExportTaskIdentifier"])

    @property
    def region(self) -> str | None:
        """The region; None for a value that was given none."""
        return self._region

    @property
    def timeline(self) -> AnyTimeline | None:
        """How the task advances; None for a value that was given none."""
        return self._timeline

    def move_to(self, status: str, /, **fields: Unpack[TaskFields]) -> None:  # noqa: ARG002 - the live task's
        """Move a live task to another status now.

        From STARTING it can move to any other status, from IN_PROGRESS to any but STARTING, from CANCELING to CANCELED,
        COMPLETE or FAILED.

        Args:
            status: The new status.
            **fields: Fields to set besides what a real task has in that status.

        Raises:
            TypeError: For an unknown field.
            ValueError: For any other move, for a value that is not allowed, and if this is not a live task. The task is
                then as it was.
        """
        raise ValueError(f"{self!r} is a value. Move the task that seed() returned, or registry[{self.identifier!r}]")

    def __getattr__(self, name: str) -> Any:
        # Also for a field that only a newer botocore knows.
        if (member := _model.members("ExportTask").get(name)) is None:
            raise AttributeError(f"'ExportTask' object has no attribute {name!r}")
        return self.to_response().get(member[0])

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_model.members("ExportTask")})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ExportTask):
            return NotImplemented
        return self is other or (
            (self.to_response(), self.region, self.timeline) == (other.to_response(), other.region, other.timeline)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = self.to_response()
        percent = f" {fields['PercentProgress']}%" if "PercentProgress" in fields else ""
        where = f" in {self.region}" if self.region else ""
        return f"<ExportTask {self.identifier!r} {fields['Status']}{percent}{where}>"


@suggesting_keywords
class LiveExportTask(ExportTask):
    """A task of a registry: a view of its state, which is brought up to date whenever it is read."""

    __slots__ = ("_state", "_where")

    def __init__(self, state: TaskState, where: Region) -> None:
        self._state = state
        self._where = where

    def to_response(self) -> dict[str, Any]:
        """Return the fields in the API's shape, as DescribeExportTasks would."""
        self._where.update(self._state, _clock.now())
        with self._where.lock:
            fields = copy_fields(self._state.fields)
        outgoing.deliver(self._where.outbox)
        return fields

    @property
    def identifier(self) -> str:
        return self._state.identifier

    @property
    def region(self) -> str:
        return self._where.name

    @property
    def timeline(self) -> AnyTimeline:
        timeline: AnyTimeline = self._state.timeline
        return timeline

    def move_to(self, status: str, /, **fields: Unpack[TaskFields]) -> None:
        for name in ("export_task_identifier", "status"):
            if name in fields:
                raise TypeError(f"move_to cannot set {name}")
        checked, now = _check_fields(status, fields), _clock.now()
        self._where.update(self._state, now)
        transition = Transition(checked.pop("Status"), now, checked)
        if "TaskStartTime" in checked:
            _check_order(self._state.fields_after(transition))
        try:
            self._where.move(self._state, transition)
        finally:
            outgoing.deliver(self._where.outbox)

    def __reduce__(self) -> tuple[object, ...]:
        # A live task belongs to its registry. What copy and pickle make is a value with its fields now.
        return _to_value, (self.to_response(), self.region, self.timeline)


def _how_to_set(task: ExportTask, name: str, value: object) -> str:
    if name == "export_task_identifier":
        return "A task keeps its identifier"
    if not isinstance(task, LiveExportTask):
        return f"Pass it to ExportTask: ExportTask({task.identifier!r}, {name}={value!r})"
    return f"Use move_to({value!r})" if name == "status" else f"Use move_to(status, {name}={value!r})"


def _check_identifier(identifier: object) -> str:
    if isinstance(identifier, str) and is_identifier(identifier) and len(identifier) <= LONGEST_IDENTIFIER:
        return _model.plain(identifier)
    way = ""
    if isinstance(identifier, str) and re.search(r"[./\\]", identifier):
        way = f". To seed a file, write seed_all([Path({identifier!r})])"
    elif isinstance(identifier, (os.PathLike, Mapping)):
        way = f". To seed a {type(identifier).__name__}, write seed_all([...])"
    allowed = f"at most {LONGEST_IDENTIFIER} {IDENTIFIER_RULE}"
    message = must_be if isinstance(identifier, str) else must_be_type
    raise ValueError(message("identifier", allowed, identifier) + way)


def _check_order(fields: Mapping[str, Any]) -> None:
    start, end = fields.get("TaskStartTime"), fields.get("TaskEndTime")
    if start is not None and end is not None and end < start:
        allowed = f"at or after task_start_time, which is {start.isoformat()}"
        raise ValueError(f"task_end_time must be {allowed}, got {end.isoformat()}")


def _check_fields(status: object, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields by the API's names. Raises ``TypeError`` and ``ValueError`` for what is not allowed."""
    if not isinstance(status, str) or status not in TRANSITIONS:
        raise ValueError(unknown_name("status", status, TRANSITIONS))
    checked = _model.check_members("ExportTask", fields, "region", "timeline")
    percent = checked.get("PercentProgress", 100)
    if not 0 <= percent <= 100:
        raise ValueError(must_be("percent_progress", "an int from 0 to 100", percent))
    if status == "COMPLETE" and percent != 100:
        raise ValueError(must_be("percent_progress of a COMPLETE task", "100", percent))
    total = checked.get("TotalExtractedDataInGB", 0)
    if total < 0:
        raise ValueError(must_be("total_extracted_data_in_gb", "an int of at least 0", total))
    if "SourceArn" in checked and parse_arn(checked["SourceArn"]) is None:
        allowed = (
            "the ARN of a snapshot, cluster-snapshot or cluster, such as "
            "'arn:aws:rds:us-east-1:123456789012:snapshot:nightly'"
        )
        raise ValueError(must_be("source_arn", allowed, checked["SourceArn"]))
    if not _BUCKET.fullmatch(checked.get("S3Bucket", "a")):
        raise ValueError(must_be("s3_bucket", "the name of a bucket, without a prefix", checked["S3Bucket"]))
    _check_order(checked)
    if not checked.get("ExportOnly", True):
        del checked["ExportOnly"]
    return {"Status": _model.plain(status), **checked}


def _to_value(fields: dict[str, Any], region: str, timeline: AnyTimeline) -> ExportTask:
    value = ExportTask(fields["ExportTaskIdentifier"], region=region, timeline=timeline)
    value._fields = fields
    return value
