"""The options of an account. pytest's start-up reads their names, so this module imports little and makes little."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .timeline import AnySnapshotTimeline, AnyTimeline

__tracebackhide__ = True


# What an ini file can spell, too: the default, and what the option is for.
INI_OPTIONS: dict[str, tuple[str | int, str]] = {
    "region": ("", "the default region (default: AWS_DEFAULT_REGION, AWS_REGION or us-east-1)"),
    "account_id": ("123456789012", "the AWS account, a string of 12 digits (default: 123456789012)"),
    "describe_unknown": (
        "error",
        "what DescribeExportTasks returns for an unknown identifier: error or empty (default: error)",
    ),
    "concurrent_limit": (5, "how many exports may run at once, at least 1 (default: 5)"),
    "concurrent_limit_scope": (
        "region",
        "which exports count against concurrent_limit: those of the region or of the account (default: region)",
    ),
    "one_export_per_source": (
        True,
        "whether a snapshot or cluster has at most one running export (default: true)",
    ),
    "unsupported_regions": ("", "regions without export tasks, separated by spaces (default: none)"),
    "page_size": (100, "the most records in one response, from 1 to 100 (default: 100)"),
    "trailing_slash": (
        "accept",
        "an S3Prefix that ends with a slash: accept it, or fail the export, as in early 2025 (default: accept)",
    ),
    "snapshot_source_type": (
        True,
        "whether the responses have SourceType for exports of snapshots (default: true)",
    ),
    "snapshots": (
        "auto",
        "who handles the operations of snapshots: auto (moto while it is on), fake or moto (default: auto)",
    ),
    "assert_all_injected": (True, "fail a test whose injected failures were not used (default: true)"),
    "assert_all_handled": (True, "fail a test whose operations had no handler (default: true)"),
    "assert_all_delivered": (True, "fail a test if a receiver of an event raised an exception (default: true)"),
    "credentials": (
        "fake",
        "the AWS credentials that clients of all services find: fake, or keep those of the environment (default: fake)",
    ),
}
NAMES = (*INI_OPTIONS, "timeline", "snapshot_timeline")


class Options:
    """How the fake behaves. Each option is a keyword of the marker ``rds_export_tasks`` and of ``fake_rds_export``.

    ``timeline`` says how tasks advance that have no timeline of their own, by default ``Timeline()``;
    ``snapshot_timeline`` the same of snapshots, by default ``SnapshotTimeline()``. Raises ``TypeError`` for an unknown
    option and ``ValueError`` for a value that is not allowed.
    """

    region: str
    account_id: str
    describe_unknown: str
    concurrent_limit: int
    concurrent_limit_scope: str
    one_export_per_source: bool
    unsupported_regions: str
    page_size: int
    trailing_slash: str
    snapshot_source_type: bool
    snapshots: str
    assert_all_injected: bool
    assert_all_handled: bool
    assert_all_delivered: bool
    credentials: str
    timeline: AnyTimeline
    snapshot_timeline: AnySnapshotTimeline

    def __init__(self, **given: Any) -> None:
        from .._messages import unknown_name
        from . import timeline

        for name in given:
            if name not in NAMES:
                raise TypeError(unknown_name("option", name, NAMES))
        for name, (default, _) in INI_OPTIONS.items():
            setattr(self, name, given.get(name, default))
        self.timeline = given.get("timeline", timeline.DEFAULT)
        self.snapshot_timeline = given.get("snapshot_timeline", timeline.SNAPSHOT_DEFAULT)
        self._check()
        timeline.check_timeline(self.timeline)
        timeline.check_snapshot_timeline("snapshot_timeline", self.snapshot_timeline)

    def _check(self) -> None:
        from .._messages import check_choice, must_be, must_be_type
        from .._model import plain

        self._check_regions()
        if not isinstance(self.account_id, str) or not re.fullmatch("[0-9]{12}", self.account_id):
            how = f". Put it in quotes: account_id='{self.account_id}'" if isinstance(self.account_id, int) else ""
            raise ValueError(must_be_type("account_id", "a string of 12 digits", self.account_id) + how)
        self.account_id = plain(self.account_id)
        for name, choices in (
            ("describe_unknown", ("error", "empty")),
            ("concurrent_limit_scope", ("region", "account")),
            ("trailing_slash", ("accept", "fail")),
            ("snapshots", ("auto", "fake", "moto")),
            ("credentials", ("fake", "keep")),
        ):
            check_choice(name, getattr(self, name), choices)
        for name, most in (("concurrent_limit", None), ("page_size", 100)):
            value = getattr(self, name)
            allowed = f"an int from 1 to {most}" if most else "an int of at least 1"
            if not isinstance(value, int) or isinstance(value, bool):
                raise ValueError(must_be_type(name, allowed, value))
            if value < 1 or (most and value > most):
                raise ValueError(must_be(name, allowed, value))
        for name, (default, _) in INI_OPTIONS.items():
            if isinstance(default, bool) and not isinstance(getattr(self, name), bool):
                raise ValueError(must_be(name, "True or False", getattr(self, name)))

    def _check_regions(self) -> None:
        from .._messages import must_be_type
        from .._model import check_region

        if self.region:
            self.region = check_region(self.region)
        else:
            self.region = os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION") or "us-east-1"
        if not isinstance(self.unsupported_regions, str):
            allowed = "a string such as 'eu-south-2 me-south-1'"
            raise ValueError(must_be_type("unsupported_regions", allowed, self.unsupported_regions))
        for region in self.unsupported_regions.split():
            check_region(region)

    def __repr__(self) -> str:
        return f"Options({', '.join(f'{name}={getattr(self, name)!r}' for name in NAMES)})"


def from_ini(name: str, value: Any) -> Any:
    """Return the value of an option that an ini file spells as a string. Raises ``ValueError`` if it does not."""
    if isinstance(value, str) and isinstance(INI_OPTIONS[name][0], int):
        try:
            return int(value)
        except ValueError:
            from .._messages import must_be

            raise ValueError(must_be(name, "an int", value)) from None
    return value
