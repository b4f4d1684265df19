"""Snapshots: the user's view of the snapshots of one region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .. import _clock
from .._messages import missing_key, pluralize
from .._rds.arns import split_arn
from .._rds.region import Region
from .._rds.sources import SourceState
from . import outgoing
from .source import ExportSource
from .views import Views

__tracebackhide__ = True


class Snapshots(Mapping[str, ExportSource]):
    """The snapshots of a region that are there now, DB and cluster snapshots, in the order of their creation.

    The key is the name. Where a DB snapshot and a cluster snapshot share one, the later of them has its resource type
    in front, such as ``cluster-snapshot:nightly``. An ARN finds a snapshot, too.
    """

    __module__ = "pytest_rds_export.types"

    def __init__(self, _region: Region, _views: Views, /) -> None:
        self._region = _region
        self._views = _views

    def _by_key(self) -> dict[str, SourceState]:
        found: dict[str, SourceState] = {}
        with self._region.lock:
            self._region.advance_sources(_clock.now())
            for source in self._region.sources.values():
                if source.is_snapshot:
                    resource = split_arn(source.arn).resource
                    key = next((key for key in (source.name, resource) if key not in found), source.arn)
                    found[key] = source
        outgoing.deliver(self._region.outbox)
        return found

    def __getitem__(self, key: str) -> ExportSource:
        found = self._by_key()
        state = found.get(key) or next((source for source in found.values() if source.arn == key), None)
        if state is None:
            raise KeyError(missing_key("snapshot", key, found, self._region.name))
        return self._views.source(state)

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_key())

    def __len__(self) -> int:
        return len(self._by_key())

    def __repr__(self) -> str:
        return f"<Snapshots of {self._region.name}: {pluralize(len(self), 'snapshot')}>"
