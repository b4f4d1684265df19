"""ExportSource: a snapshot or cluster, live."""

from __future__ import annotations

import copy
from typing import Any, NoReturn

from .. import _clock, _model
from .._rds.account import Region
from .._rds.arns import split_arn
from .._rds.sources import SourceState
from .._rds.timeline import Transition
from . import outgoing

__tracebackhide__ = True


class ExportSource:
    """A snapshot or cluster that StartExportTask can export. ``seed_snapshot`` returns it.

    It is live: the members of the service model's DBSnapshot, DBClusterSnapshot or DBCluster are attributes in snake
    case, such as ``percent_progress``, and follow the clock. One that the source does not have is None.
    """

    __module__ = "pytest_rds_export"
    __slots__ = ("_region", "_state")
    _region: Region
    _state: SourceState

    def __init__(self, _state: SourceState, _region: Region, /) -> None:
        object.__setattr__(self, "_state", _state)
        object.__setattr__(self, "_region", _region)

    @property
    def identifier(self) -> str:
        """The name."""
        return self._state.name

    @property
    def arn(self) -> str:
        """The ARN."""
        return self._state.arn

    @property
    def region(self) -> str:
        """The region that the ARN names."""
        return self._region.name

    @property
    def status(self) -> str:
        """The status, such as ``creating`` or ``available``."""
        status: str = self.to_response()["Status"]
        return status

    def to_response(self) -> dict[str, Any]:
        """Return the members in the API's shape, as DescribeDBSnapshots does."""
        with self._region.lock:
            self._region.advance(self._state, _clock.now())
            fields = copy.deepcopy(self._state.fields)
        outgoing.deliver(self._region.outbox)
        return fields

    def move_to(self, status: str, /, **members: Any) -> None:
        """Move the source to another status now. It then stays there: ``available_after`` has no effect any more.

        Args:
            status: A status that AWS documents, as for ``seed_snapshot``.
            **members: Members to set besides what a real source has in that status.

        Raises:
            TypeError: For an unknown member.
            ValueError: For a value that is not allowed. The source is then as it was.

        """
        if "status" in members:
            raise TypeError("move_to cannot set status: it is the first argument")
        with self._region.lock:
            now = _clock.now()
            self._region.advance(self._state, now)
            self._state.move_to(Transition(status, now, self._state.check(status, members)))
        outgoing.deliver(self._region.outbox)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or (member := _model.members(self._state.type.shape).get(name)) is None:
            raise AttributeError(f"'ExportSource' object has no attribute {name!r}")
        return self.to_response().get(member[0])

    def __setattr__(self, name: str, value: object) -> NoReturn:
        member, _ = _model.members(self._state.type.shape).get(name, ("", None))
        if name in ("identifier", "arn", "region") or member in (self._state.type.identifier, self._state.type.arn):
            how = "A source keeps its name: seed another one"
        elif member:
            how = f"Use move_to({'' if member == 'Status' else f'{self.status!r}, {name}='}{value!r})"
        else:
            raise AttributeError(f"'ExportSource' object has no attribute {name!r}")
        raise AttributeError(f"{name} of {self!r} cannot be assigned. {how}")

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{self!r} is live and cannot be copied. Use to_response()")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_model.members(self._state.type.shape)})

    def __repr__(self) -> str:
        fields = self.to_response()
        percent = f" {fields['PercentProgress']}%" if "PercentProgress" in fields else ""
        return f"<ExportSource {split_arn(self.arn).resource} {fields['Status']}{percent} in {self.region}>"
