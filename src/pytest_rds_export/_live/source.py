"""ExportSource: a snapshot, a cluster or an instance, live."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, NoReturn

from .. import _clock, _model
from .._keywords import suggesting_keywords
from .._rds.account import Account
from .._rds.arns import split_arn
from .._rds.options import Options
from .._rds.region import Region
from .._rds.sources import SourceState, check_source
from .._rds.timeline import Stuck, Transition
from . import outgoing

__tracebackhide__ = True


@suggesting_keywords
class ExportSource:
    """A snapshot or cluster that StartExportTask can export, or an instance.

    ``seed_snapshot`` and ``seed_database`` return it, and ``registry.snapshots`` holds it. It is live: the members of
    the service model's DBSnapshot, DBClusterSnapshot, DBCluster or DBInstance are attributes in snake case, such as
    ``percent_progress``, and follow the clock. One that the source does not have is None. A copy, by ``copy`` or
    ``pickle``, belongs to no region and stays as it is.
    """

    __module__ = "pytest_rds_export.types"
    __slots__ = ("_account", "_region", "_state")
    _account: Account
    _region: Region
    _state: SourceState

    def __init__(self, _state: SourceState, _account: Account, /) -> None:
        object.__setattr__(self, "_state", _state)
        object.__setattr__(self, "_account", _account)
        object.__setattr__(self, "_region", _account.region(split_arn(_state.arn).region))

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
        status: str = self.to_response()[self._state.status_member]
        return status

    @property
    def tags(self) -> dict[str, str]:
        """The tags, by their keys."""
        return {tag.get("Key", ""): tag.get("Value", "") for tag in self.to_response().get("TagList", ())}

    def to_response(self) -> dict[str, Any]:
        """Return the members in the API's shape, as the operation that describes such a source does."""
        with self._region.lock:
            self._region.advance(self._state, _clock.now())
            fields = copy.deepcopy(self._state.fields)
        outgoing.deliver(self._region.outbox)
        return fields

    def move_to(self, status: str, /, **members: Any) -> None:
        """Move the source to another status now. It then stays there, until a client deletes it.

        A snapshot that becomes available or deleted so has the same event as one that does by its timeline. A deleted
        one is gone, and so are its copies that have not ended.

        Args:
            status: A status that AWS documents, as for ``seed_snapshot``.
            **members: Members to set besides what a real source has in that status.

        Raises:
            TypeError: For an unknown member.
            ValueError: For a value that is not allowed, and for a source that is gone. The source is then as it was.
        """
        if "status" in members or "db_instance_status" in members:
            raise TypeError("move_to cannot set status: it is the first argument")
        with self._region.lock:
            now = _clock.now()
            self._region.advance(self._state, now)
            checked = check_source(self.arn, status, members)
            if self._region.sources.get(self.arn) is not self._state:
                raise ValueError(f"{self!r} is gone and cannot become {status}")
            if status in ("deleting", "deleted"):
                self._account.cancel_copies(self.arn, now)
            self._region.move_source(self._state, Transition(status, now, checked))
        outgoing.deliver(self._region.outbox)

    def remove(self) -> None:
        """Have the source disappear now, without an event. Copies of it go on. If it is gone, nothing happens."""
        with self._region.lock:
            self._region.advance(self._state, _clock.now())  # what was due before has happened
            self._region.remove_source(self._state)
        outgoing.deliver(self._region.outbox)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or (member := _model.members(self._state.type.shape).get(name)) is None:
            raise AttributeError(f"'ExportSource' object has no attribute {name!r}")
        return self.to_response().get(member[0])

    def __setattr__(self, name: str, value: object) -> NoReturn:
        type_ = self._state.type
        member, _ = _model.members(type_.shape).get(name, ("", None))
        if name in ("identifier", "arn", "region") or member in (type_.identifier, type_.arn):
            how = "A source keeps its name: seed another one"
        elif name == "status" or member == type_.status:
            how = f"Use move_to({value!r})"
        elif member:
            how = f"Use move_to({self.status!r}, {name}={value!r})"
        else:
            raise AttributeError(f"'ExportSource' object has no attribute {name!r}")
        raise AttributeError(f"{name} of {self!r} cannot be assigned. {how}")

    def __reduce__(self) -> tuple[object, ...]:
        return _detached, (self.arn, self.to_response())

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_model.members(self._state.type.shape)})

    def __repr__(self) -> str:
        fields = self.to_response()
        percent = f" {fields['PercentProgress']}%" if "PercentProgress" in fields else ""
        return f"<ExportSource {split_arn(self.arn).resource} {self._state.status}{percent} in {self.region}>"


def _detached(arn: str, fields: Mapping[str, Any]) -> ExportSource:
    """Return a source that no registry knows: its region is its own."""
    parts = split_arn(arn)
    account = Account(Options(region=parts.region, account_id=parts.account_id))
    state = SourceState(arn, fields, Stuck(), _clock.now())
    account.region().add_source(state)
    return ExportSource(state, account)
