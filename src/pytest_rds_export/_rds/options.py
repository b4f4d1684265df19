"""The options of an account. pytest's start-up reads their names, so this module imports little and makes little."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from .._messages import format_choices, must_be, must_be_type, unknown_name

if TYPE_CHECKING:
    from .timeline import AnySnapshotTimeline, AnyTimeline

__tracebackhide__ = True


class IniOption(NamedTuple):
    """An option that an ini file can spell, too."""

    default: str | int
    help: str
    choices: tuple[str, ...] = ()
    most: int | None = None
    """Of an int, which is at least 1."""

    @property
    def allowed(self) -> str:
        """What the value must be, in words."""
        if isinstance(self.default, bool):
            return "True or False"
        if isinstance(self.default, int):
            return f"an int from 1 to {self.most}" if self.most else "an int of at least 1"
        return format_choices(self.choices) if self.choices else "a string"


# What this returns stands in the class Options in place of the values that its objects have.
def _option(text: str, *choices: str, default: str | int = "", shown: str = "", most: int | None = None) -> Any:
    value = choices[0] if choices else default
    return IniOption(value, f"{text} (default: {shown or str(value).lower()})", choices, most)


class Options:
    """How the fake behaves. Each option is a keyword of the marker ``rds_export_tasks`` and of ``fake_rds_export``.

    ``timeline`` says how tasks advance that have no timeline of their own, by default ``Timeline()``;
    ``snapshot_timeline`` the same of snapshots, by default ``SnapshotTimeline()``. Raises ``TypeError`` for an unknown
    option and ``ValueError`` for a value that is not allowed.
    """

    region: str = _option("the default region", shown="AWS_DEFAULT_REGION, AWS_REGION or us-east-1")
    account_id: str = _option("the AWS account, a string of 12 digits", default="123456789012")
    describe_unknown: str = _option(
        "what DescribeExportTasks returns for an unknown identifier: error or empty", "error", "empty"
    )
    concurrent_limit: int = _option("how many exports may run at once, at least 1", default=5)
    concurrent_limit_scope: str = _option(
        "which exports count against concurrent_limit: those of the region or of the account", "region", "account"
    )
    one_export_per_source: bool = _option("whether a snapshot or cluster has at most one running export", default=True)
    unsupported_regions: str = _option("regions without export tasks, separated by spaces", shown="none")
    page_size: int = _option("the most records in one response, from 1 to 100", default=100, most=100)
    trailing_slash: str = _option(
        "an S3Prefix that ends with a slash: accept it, or fail the export, as in early 2025", "accept", "fail"
    )
    snapshot_source_type: bool = _option("whether the responses have SourceType for exports of snapshots", default=True)
    snapshots: str = _option(
        "who handles the operations of snapshots: auto (moto while it is on), fake or moto", "auto", "fake", "moto"
    )
    assert_all_injected: bool = _option("fail a test whose injected failures were not used", default=True)
    assert_all_handled: bool = _option("fail a test whose operations had no handler", default=True)
    assert_all_delivered: bool = _option("fail a test if a receiver of an event raised an exception", default=True)
    credentials: str = _option(
        "the AWS credentials that clients of all services find: fake, or keep those of the environment", "fake", "keep"
    )
    timeline: AnyTimeline
    snapshot_timeline: AnySnapshotTimeline

    def __init__(self, **given: Any) -> None:
        from .._model import plain
        from .timeline import DEFAULT, SNAPSHOT_DEFAULT

        # The defaults are allowed: checking them took a quarter of a fixture's time.
        for name, value in given.items():
            _check(name, value)
        values = {**_DEFAULTS, "timeline": DEFAULT, "snapshot_timeline": SNAPSHOT_DEFAULT, **given}
        for name, value in values.items():
            setattr(self, name, plain(value) if isinstance(value, str) else value)
        if not self.region:
            self.region = os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION") or "us-east-1"

    def __repr__(self) -> str:
        return f"Options({', '.join(f'{name}={getattr(self, name)!r}' for name in NAMES)})"


INI_OPTIONS = {name: option for name, option in vars(Options).items() if isinstance(option, IniOption)}
NAMES = (*INI_OPTIONS, "timeline", "snapshot_timeline")
_DEFAULTS = {name: option.default for name, option in INI_OPTIONS.items()}


def _check(name: str, value: Any) -> None:
    """Raise ``ValueError`` for a value that is not allowed, and ``TypeError`` for an unknown option."""
    from .._model import check_region
    from .timeline import check_snapshot_timeline, check_timeline

    match name:
        case "timeline":
            check_timeline(value)
        case "snapshot_timeline":
            check_snapshot_timeline(name, value)
        case "region":
            if value:
                check_region(value)
        case "unsupported_regions":
            if not isinstance(value, str):
                raise ValueError(must_be_type(name, "a string such as 'eu-south-2 me-south-1'", value))
            for region in value.split():
                check_region(region)
        case "account_id":
            if not isinstance(value, str) or not re.fullmatch("[0-9]{12}", value):
                how = f". Put it in quotes: account_id='{value}'" if isinstance(value, int) else ""
                raise ValueError(must_be_type(name, "a string of 12 digits", value) + how)
        case _:
            _check_by_row(name, value)


def _check_by_row(name: str, value: Any) -> None:
    if name not in INI_OPTIONS:
        raise TypeError(unknown_name("option", name, NAMES))
    option = INI_OPTIONS[name]
    if isinstance(option.default, bool):
        is_allowed = isinstance(value, bool)
    elif isinstance(option.default, str):
        is_allowed = value in option.choices
    elif not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(must_be_type(name, option.allowed, value))
    else:
        is_allowed = 1 <= value <= (option.most or value)
    if not is_allowed:
        raise ValueError(must_be(name, option.allowed, value))
