"""ExportTask: the 16 members, given by hand or followed live."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from . import _model
from ._record import MOVES, RUNNING, Record
from ._timeline import Polls, Stuck, Timeline
from ._wording import listed, unknown

if TYPE_CHECKING:
    from ._record import Home

__tracebackhide__ = True

_IDENTIFIER = re.compile("[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*")
LONGEST_IDENTIFIER = 60
_SOURCE_TYPES = ("snapshot", "cluster-snapshot", "cluster")


def is_identifier(identifier: str) -> bool:
    """Whether Amazon RDS takes *identifier* for a name, its length apart."""
    return _IDENTIFIER.fullmatch(identifier) is not None


def source_arn_parts(arn: str) -> Mapping[str, str] | None:
    """The parts of the ARN of something that can be exported; None if it is no such ARN."""
    parts = _model.parse_arn(arn)
    return parts if parts and parts["type"] in _SOURCE_TYPES else None


class ExportTask:
    """An export task of Amazon RDS.

    Made by hand it is a value that can be kept in a conftest and seeded into any number of tests: seeding copies it.
    ``ExportTaskRegistry.seed`` and ``registry[identifier]`` give the live task, whose attributes follow the clock and
    which ``move_to`` moves by hand.

    ``identifier`` keeps its case; letters, digits and single hyphens, a letter first, at most 60 characters.
    ``status`` is ``STARTING``, ``IN_PROGRESS`` (the default), ``CANCELING``, ``CANCELED``, ``COMPLETE`` or ``FAILED``.
    ``region`` is where it is seeded; by default where the ARN of its source says, else the registry's own region.
    ``timeline`` is how it moves by itself; by default as its registry says. ``members`` are the members of the
    response in botocore's snake case, also one that only a newer botocore knows. One that is not given gets, when the
    task is seeded, what a real task in that status has.

    Times are aware ``datetime`` objects in UTC, cut to milliseconds; they may be given as ISO 8601 texts with an
    offset. ``percent_progress`` goes from 0 to 100, ``total_extracted_data_in_gb`` is a whole number of gigabytes.

    Raises ``TypeError`` for an unknown member and ``ValueError`` for a value that is not allowed.
    """

    export_task_identifier: str
    source_arn: str
    export_only: list[str] | None
    snapshot_time: datetime | None
    task_start_time: datetime | None
    task_end_time: datetime | None
    s3_bucket: str
    s3_prefix: str
    iam_role_arn: str
    kms_key_id: str
    status: str
    percent_progress: int
    total_extracted_data_in_gb: int
    failure_cause: str | None
    warning_message: str | None
    source_type: str

    __slots__ = (
        "_given",
        "_home",
        "_identifier",
        "_record",
        "_region",
        "_timeline",
        "_times_stand",
    )

    def __init__(
        self,
        identifier: str,
        /,
        *,
        status: str = "IN_PROGRESS",
        region: str | None = None,
        timeline: Timeline | Polls | Stuck | None = None,
        **members: Any,
    ) -> None:
        given = _checked_state(identifier, status)
        if members:
            if "export_task_identifier" in members:
                raise TypeError("export_task_identifier is the first argument; it was given twice")
            given.update(_checked_members(members))
        if timeline is not None and not isinstance(timeline, (Timeline, Polls, Stuck)):
            raise ValueError(f"timeline is a Timeline, Polls or Stuck, got {timeline!r}")
        named = given.get("SourceArn")
        if named is not None:
            arn_region = _model.parse_arn(named)["region"]  # type: ignore[index]
            if region is not None and region != arn_region:
                raise ValueError(f"region {region!r} contradicts source_arn {named!r}")
            region = arn_region
        if region is not None:
            _model.checked_region(region)
        self._identifier = identifier
        self._given = given
        self._region = region
        self._timeline = timeline
        self._home: Home | None = None
        self._record: Record | None = None
        self._times_stand = False

    @classmethod
    def from_response(cls, item: Mapping[str, Any]) -> ExportTask:
        """The task that a mapping in the API's shape describes, such as one of DescribeExportTasks.

        Raises ``TypeError`` for an unknown member and ``ValueError`` for a value that is not allowed.
        """
        snake_case = {api_name: name for name, (api_name, _) in _model.members("ExportTask").items()}
        for name in item:
            if name not in snake_case:
                raise TypeError(unknown("member of an export task", name, snake_case))
        given = {snake_case[name]: value for name, value in item.items()}
        if "export_task_identifier" not in given:
            raise ValueError(f"an export task has an 'ExportTaskIdentifier'; this one has {listed(item)}")
        if given.get("status") is None:
            given.pop("status", None)
        return cls(given.pop("export_task_identifier"), **given)

    @property
    def identifier(self) -> str:
        """What names the task in its region."""
        return self._identifier

    @property
    def region(self) -> str | None:
        """The region of a live task; of a value the one it was given, or None."""
        return self._home.region if self._home is not None else self._region

    @property
    def timeline(self) -> Timeline | Polls | Stuck | None:
        """How the task moves by itself; of a value that was given none, None."""
        return self._timeline

    def move_to(self, status: str, /, **members: Any) -> None:
        """Move a live task by hand, now: forward only.

        From STARTING to any other status; from IN_PROGRESS to any but STARTING; from CANCELING to CANCELED, COMPLETE
        or FAILED. What a real task has in the new status is set; *members* replace that.

        Raises ``ValueError`` for any other move, for a value that was never seeded, and for members that are not
        allowed (an unknown one: ``TypeError``); the task is then as it was.
        """
        home = self._home
        if home is None:
            raise ValueError(f"{self!r} is a value that was never seeded; move what seed() or the registry gives")
        _check_status(status)
        for name in ("export_task_identifier", "status"):
            if name in members:
                raise TypeError(f"move_to does not set {name}")
        overrides = _checked_members(members)
        with home._lock:
            now = home._now()
            record = self._look(now)
            allowed = MOVES[record.status]
            if status not in allowed:
                rest = f"from there it can become {listed(allowed)}" if allowed else "that is its end"
                raise ValueError(
                    f"export task {self.identifier!r} is {record.status} and cannot become {status}; {rest}"
                )
            record.enter(status, now, **overrides)

    def _copied(self) -> ExportTask:
        """The same task as a value of its own, to be seeded."""
        task = object.__new__(ExportTask)
        task._identifier = self._identifier
        task._given = self._value()[0]
        task._region = self.region
        task._timeline = self._timeline
        task._home = None
        task._record = None
        task._times_stand = False
        return task

    def _go_live(self, home: Home, now: datetime, *, steered: bool) -> None:
        """Become a live task of *home*, seeded at *now* on a clock that is *steered* or real."""
        self._home = home
        self._timeline = timeline = self._timeline or home.timeline
        self._record = Record(self._given, home, timeline, now)
        self._times_stand = steered

    @classmethod
    def _started(
        cls, given: dict[str, Any], home: Home, timeline: Timeline | Polls | Stuck, now: datetime, size: int | None
    ) -> tuple[ExportTask, Record]:
        """A live task that a client starts now, and its record. *given* is checked already."""
        task = cls.__new__(cls)
        task._identifier = given["ExportTaskIdentifier"]
        task._given = given
        task._region = None
        task._timeline = timeline
        task._home = home
        task._record = record = Record(given, home, timeline, now)
        task._times_stand = True
        record.size = size or record.size
        return task, record

    @property
    def _was_running(self) -> bool:
        """Whether the task was running when it was seeded or started."""
        return self._given["Status"] in RUNNING

    def _look(self, now: datetime, *, describing: bool = False) -> Record:
        """The live record, brought to where it stands now. The home's lock is held."""
        timeline: Any = self._timeline
        record: Record = self._record  # type: ignore[assignment]
        if not self._times_stand:
            self._times_stand = True
            home: Any = self._home
            if home._clock_is_steered():
                record = self._record = Record(self._given, home, timeline, now)
        timeline._advance(record, now, describing=describing)
        return record

    def _show(self, now: datetime) -> Record:
        """The live record as an answer of DescribeExportTasks shows it, and counts that. The home's lock is held."""
        record = self._look(now, describing=True)
        record.times_shown += 1
        return record

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or (member := _model.members("ExportTask").get(name)) is None:
            raise AttributeError(f"'ExportTask' object has no attribute {name!r}")
        if self._home is None:
            value = self._given.get(member[0])
        else:
            with self._home._lock:
                value = self._look(self._home._now()).members.get(member[0])
        return list(value) if isinstance(value, list) else value

    def __dir__(self) -> list[str]:
        return sorted([*super().__dir__(), *_model.members("ExportTask")])

    def _value(self) -> Any:
        if self._home is None:
            return (self._given, self._region, self._timeline)
        with self._home._lock:
            return (dict(self._look(self._home._now()).members), self._home.region, self._timeline)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ExportTask):
            return NotImplemented
        return self is other or bool(self._value() == other._value())

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        members, region, _ = self._value()
        percent = f" {members['PercentProgress']}%" if "PercentProgress" in members else ""
        where = f" in {region}" if region else ""
        return f"<ExportTask {self.identifier!r} {members['Status']}{percent}{where}>"


class _Member:
    """A member of the response as an attribute: it is read, and set by a move."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, task: ExportTask | None, _owner: object = None) -> Any:
        return self if task is None else task.__getattr__(self._name)

    def __repr__(self) -> str:
        return f"<member {self._name} of ExportTask>"

    def __set__(self, task: ExportTask, value: object) -> None:
        name = self._name
        if name == "export_task_identifier":
            way = "a task keeps its identifier"
        elif task._home is None:
            way = f"give it when the task is made, as ExportTask({task.identifier!r}, {name}={value!r})"
        else:
            way = f"move the task, as in move_to({'' if name == 'status' else 'status, ' + name + '='}{value!r})"
        raise AttributeError(f"{name} of {task!r} cannot be assigned; {way}")


for _name in ExportTask.__annotations__:
    setattr(ExportTask, _name, _Member(_name))


def _checked_state(identifier: str, status: str) -> dict[str, Any]:
    if not isinstance(identifier, str) or not is_identifier(identifier) or len(identifier) > LONGEST_IDENTIFIER:
        way = ""
        if isinstance(identifier, str) and re.search(r"[./\\]", identifier):
            way = f"; a file is seeded with seed_all([Path({identifier!r})])"
        elif isinstance(identifier, (os.PathLike, Mapping, ExportTask)):
            way = f"; seed_all([...]) takes a {type(identifier).__name__}"
        raise ValueError(
            f"{identifier!r} is no identifier of an export task: at most {LONGEST_IDENTIFIER} ASCII letters, digits "
            f"and single hyphens, a letter first, no hyphen last{way}"
        )
    _check_status(status)
    return {"ExportTaskIdentifier": identifier, "Status": status}


def _check_status(status: object) -> None:
    if not isinstance(status, str) or status not in MOVES:
        raise ValueError(unknown("status", status, MOVES))


def _checked_members(members: Mapping[str, Any]) -> dict[str, Any]:
    checked = _model.checked_members("ExportTask", members)
    percent = checked.get("PercentProgress", 0)
    if not 0 <= percent <= 100:
        raise ValueError(f"percent_progress goes from 0 to 100, got {percent}")
    total = checked.get("TotalExtractedDataInGB", 0)
    if total < 0:
        raise ValueError(f"total_extracted_data_in_gb is not negative, got {total}")
    arn = checked.get("SourceArn")
    if arn is not None and source_arn_parts(arn) is None:
        raise ValueError(
            f"source_arn is no ARN of a snapshot, cluster-snapshot or cluster: {arn!r}; one reads "
            "'arn:aws:rds:us-east-1:123456789012:snapshot:nightly'"
        )
    if not checked.get("ExportOnly", True):
        del checked["ExportOnly"]
    return checked
