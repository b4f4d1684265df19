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
    least: int = 0
    most: int | None = None

    @property
    def allowed(self) -> str:
        """What the value must be, in words."""
        if isinstance(self.default, bool):
            return "True or False"
        if isinstance(self.default, int):
            return f"an int from {self.least} to {self.most}" if self.most else f"an int of at least {self.least}"
        return format_choices(self.choices) if self.choices else "a string"


# What these return stands in the class Options in place of the values that its objects have.
def _string(default: str, text: str) -> Any:
    return IniOption(default, text)


def _choice(text: str, *choices: str) -> Any:
    return IniOption(choices[0], f"{text} (default: {choices[0]})", choices)


def _number(default: int, text: str, least: int, most: int | None = None) -> Any:
    return IniOption(default, f"{text} (default: {default})", least=least, most=most)


def _flag(text: str) -> Any:
    return IniOption(default=True, help=f"{text} (default: true)")


class Options:
    """How the fake behaves. Each option is a keyword of the marker ``rds_export_tasks`` and of ``fake_rds_export``.

    ``timeline`` says how tasks advance that have no timeline of their own, by default ``Timeline()``;
    ``snapshot_timeline`` the same of snapshots, by default ``SnapshotTimeline()``. Raises ``TypeError`` for an unknown
    option and ``ValueError`` for a value that is not allowed.
    """

    region: str = _string("", "the default region (default: AWS_DEFAULT_REGION, AWS_REGION or us-east-1)")
    account_id: str = _string("123456789012", "the AWS account, a string of 12 digits (default: 123456789012)")
    describe_unknown: str = _choice(
        "what DescribeExportTasks returns for an unknown identifier: error or empty", "error", "empty"
    )
    concurrent_limit: int = _number(5, "how many exports may run at once, at least 1", least=1)
    concurrent_limit_scope: str = _choice(
        "which exports count against concurrent_limit: those of the region or of the account", "region", "account"
    )
    one_export_per_source: bool = _flag("whether a snapshot or cluster has at most one running export")
    unsupported_regions: str = _string("", "regions without export tasks, separated by spaces (default: none)")
    page_size: int = _number(100, "the most records in one response, from 1 to 100", least=1, most=100)
    trailing_slash: str = _choice(
        "an S3Prefix that ends with a slash: accept it, or fail the export, as in early 2025", "accept", "fail"
    )
    snapshot_source_type: bool = _flag("whether the responses have SourceType for exports of snapshots")
    snapshots: str = _choice(
        "who handles the operations of snapshots: auto (moto while it is on), fake or moto", "auto", "fake", "moto"
    )
    assert_all_injected: bool = _flag("fail a test whose injected failures were not used")
    assert_all_handled: bool = _flag("fail a test whose operations had no handler")
    assert_all_delivered: bool = _flag("fail a test if a receiver of an event raised an exception")
    credentials: str = _choice(
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
        is_allowed = option.least <= value <= (option.most or value)
    if not is_allowed:
        raise ValueError(must_be(name, option.allowed, value))
