"""The options, with their defaults, checks and spelling in an ini file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from .._messages import unknown_name_message

if TYPE_CHECKING:
    from .timeline import Polls, Stuck, Timeline

__tracebackhide__ = True

_DEFAULT_REGION = "us-east-1"


# pytest's start reads the names of the options and nothing else, so other rooms are imported where they are needed.
def _default_timeline() -> Timeline:
    from .timeline import Timeline

    return Timeline()


@dataclass(frozen=True)
class Options:
    """How the fake behaves. Each option is a keyword of the marker and of ``fake_rds_export``.

    ``region``: the home region; by default the environment's, else us-east-1. ``account_id``: 12 digits.
    ``describe_unknown``: what DescribeExportTasks answers for an unknown identifier, ``"error"`` (as the model says)
    or ``"empty"`` (as a provider tested on AWS says). ``concurrent_limit``: running exports per region, at least 1;
    AWS allows 5. ``page_size``: the most records in one answer whatever MaxRecords asks for, from 1 to 100.
    ``timeline``: how tasks move that have none of their own. ``assert_all_injected``, ``assert_all_answered``: whether
    an injected failure that no send met, or an operation that nobody answered, fails the test.
    """

    region: str = ""
    account_id: str = "123456789012"
    describe_unknown: str = "error"
    concurrent_limit: int = 5
    page_size: int = 100
    timeline: Timeline | Polls | Stuck = field(default_factory=_default_timeline)
    assert_all_injected: bool = True
    assert_all_answered: bool = True

    def __post_init__(self) -> None:
        from .. import _model
        from . import timeline

        if not self.region:
            found = os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION") or _DEFAULT_REGION
            object.__setattr__(self, "region", found)
        else:
            _model.check_region(self.region)
        if not isinstance(self.account_id, str) or not re.fullmatch(r"\d{12}", self.account_id):
            raise ValueError(f"account_id is a text of 12 digits, got {self.account_id!r}")
        if self.describe_unknown not in ("error", "empty"):
            raise ValueError(f"describe_unknown is 'error' or 'empty', got {self.describe_unknown!r}")
        for name, most in (("concurrent_limit", None), ("page_size", 100)):
            value = getattr(self, name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            if not whole or value < 1 or (most and value > most):
                allowed = f"from 1 to {most}" if most else "of at least 1"
                raise ValueError(f"{name} is a whole number {allowed}, got {value!r}")
        if not isinstance(self.timeline, (timeline.Timeline, timeline.Polls, timeline.Stuck)):
            raise ValueError(f"timeline is a Timeline, Polls or Stuck, got {self.timeline!r}")
        for name in ("assert_all_injected", "assert_all_answered"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} is True or False, got {getattr(self, name)!r}")

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Options:
        """The options *given* by name, the others at their defaults.

        Raises ``TypeError`` for an unknown option and ``ValueError`` for a value that is not allowed.
        """
        for name in given:
            if name not in NAMES:
                raise TypeError(unknown_name_message("option", name, NAMES))
        return cls(**given)

    @classmethod
    def from_text(cls, name: str, text: str) -> Any:
        """The value that *text* spells for the option *name* in an ini file.

        Raises ``ValueError`` for a text that spells none.
        """
        kind = type(getattr(cls, name))
        if kind is bool:
            spelled = {
                **dict.fromkeys(("true", "1", "yes", "on"), True),
                **dict.fromkeys(("false", "0", "no", "off"), False),
            }
            if text.lower() not in spelled:
                raise ValueError(f"{name} is true or false, got {text!r}")
            return spelled[text.lower()]
        if kind is int:
            try:
                return int(text)
            except ValueError:
                raise ValueError(f"{name} is a whole number, got {text!r}") from None
        return text


NAMES = tuple(option.name for option in fields(Options))
# An ini file can spell those with a plain default.
INI_NAMES = tuple(option.name for option in fields(Options) if option.default is not MISSING)
