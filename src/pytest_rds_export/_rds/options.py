"""The options of an account. pytest's start-up reads their names, so this module imports little and makes little."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from .timeline import AnySnapshotTimeline, AnyTimeline

__tracebackhide__ = True


class IniOption(NamedTuple):
    """An option that an ini file can spell, too."""

    default: str | int
    help: str
    allowed: tuple[str, ...] | tuple[int, int | None] = ()
    """The strings that are allowed, or the least and the most."""


INI_OPTIONS = {
    "region": IniOption("", "the default region (default: AWS_DEFAULT_REGION, AWS_REGION or us-east-1)"),
    "account_id": IniOption("123456789012", "the AWS account, a string of 12 digits (default: 123456789012)"),
    "describe_unknown": IniOption(
        "error",
        "what DescribeExportTasks returns for an unknown identifier: error or empty (default: error)",
        ("error", "empty"),
    ),
    "concurrent_limit": IniOption(5, "how many exports may run at once, at least 1 (default: 5)", (1, None)),
    "concurrent_limit_scope": IniOption(
        "region",
        "which exports count against concurrent_limit: those of the region or of the account (default: region)",
        ("region", "account"),
    ),
    "one_export_per_source": IniOption(
        default=True, help="whether a snapshot or cluster has at most one running export (default: true)"
    ),
    "unsupported_regions": IniOption("", "regions without export tasks, separated by spaces (default: none)"),
    "page_size": IniOption(100, "the most records in one response, from 1 to 100 (default: 100)", (1, 100)),
    "trailing_slash": IniOption(
        "accept",
        "an S3Prefix that ends with a slash: accept it, or fail the export, as in early 2025 (default: accept)",
        ("accept", "fail"),
    ),
    "snapshot_source_type": IniOption(
        default=True, help="whether the responses have SourceType for exports of snapshots (default: true)"
    ),
    "snapshots": IniOption(
        "auto",
        "who handles the operations of snapshots: auto (moto while it is on), fake or moto (default: auto)",
        ("auto", "fake", "moto"),
    ),
    "assert_all_injected": IniOption(
        default=True, help="fail a test whose injected failures were not used (default: true)"
    ),
    "assert_all_handled": IniOption(default=True, help="fail a test whose operations had no handler (default: true)"),
    "assert_all_delivered": IniOption(
        default=True, help="fail a test if a receiver of an event raised an exception (default: true)"
    ),
    "credentials": IniOption(
        "fake",
        "the AWS credentials that clients of all services find: fake, or keep those of the environment (default: fake)",
        ("fake", "keep"),
    ),
}
NAMES = (*INI_OPTIONS, "timeline", "snapshot_timeline")
_DEFAULTS = {name: option.default for name, option in INI_OPTIONS.items()}


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
        from .._model import plain
        from .timeline import DEFAULT, SNAPSHOT_DEFAULT

        # The defaults are allowed: checking them took a quarter of a fixture's time.
        for name, value in given.items():
            _CHECKS.get(name, _check)(name, value)
        values = {**_DEFAULTS, "timeline": DEFAULT, "snapshot_timeline": SNAPSHOT_DEFAULT, **given}
        for name, value in values.items():
            setattr(self, name, plain(value) if isinstance(value, str) else value)
        if not self.region:
            self.region = os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION") or "us-east-1"

    def __repr__(self) -> str:
        return f"Options({', '.join(f'{name}={getattr(self, name)!r}' for name in NAMES)})"


def _check(name: str, value: object) -> None:
    """Check an option as its default and what is allowed say; raise ``TypeError`` if there is no such option."""
    from .._messages import check_choice, must_be, unknown_name

    if name not in INI_OPTIONS:
        raise TypeError(unknown_name("option", name, NAMES))
    default, _, allowed = INI_OPTIONS[name]
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise ValueError(must_be(name, "True or False", value))
    elif isinstance(default, int):
        _check_number(name, value, *allowed)
    else:
        check_choice(name, value, allowed)


def _check_number(name: str, value: object, least: Any, most: Any) -> None:
    from .._messages import must_be, must_be_type

    allowed = f"an int from {least} to {most}" if most else f"an int of at least {least}"
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(must_be_type(name, allowed, value))
    if value < least or (most and value > most):
        raise ValueError(must_be(name, allowed, value))


def _check_region(_name: str, value: object) -> None:
    from .._model import check_region

    if value:
        check_region(value)


def _check_regions(name: str, value: object) -> None:
    from .._messages import must_be_type

    if not isinstance(value, str):
        raise ValueError(must_be_type(name, "a string such as 'eu-south-2 me-south-1'", value))
    for region in value.split():
        _check_region(name, region)


def _check_account_id(name: str, value: object) -> None:
    from .._messages import must_be_type

    if not isinstance(value, str) or not re.fullmatch("[0-9]{12}", value):
        how = f". Put it in quotes: account_id='{value}'" if isinstance(value, int) else ""
        raise ValueError(must_be_type(name, "a string of 12 digits", value) + how)


def _check_timeline(_name: str, value: object) -> None:
    from .timeline import check_timeline

    check_timeline(value)


def _check_snapshot_timeline(name: str, value: object) -> None:
    from .timeline import check_snapshot_timeline

    check_snapshot_timeline(name, value)


_CHECKS: dict[str, Callable[[str, Any], None]] = {
    "region": _check_region,
    "account_id": _check_account_id,
    "unsupported_regions": _check_regions,
    "timeline": _check_timeline,
    "snapshot_timeline": _check_snapshot_timeline,
}


def from_ini(name: str, value: Any) -> Any:
    """Return the value of an option that an ini file spells as a string; what is not a number as it is."""
    if isinstance(value, str) and isinstance(INI_OPTIONS[name].default, int):
        with suppress(ValueError):
            return int(value)
    return value
