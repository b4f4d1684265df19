"""A pytest plugin that answers Amazon RDS export tasks in-process, through the real botocore."""

from typing import TYPE_CHECKING, Any

__all__ = [
    "Call",
    "EndlessWait",
    "ExportClock",
    "ExportTask",
    "ExportTaskRegistry",
    "Failure",
    "Injection",
    "Polls",
    "Stuck",
    "Timeline",
    "UnansweredOperation",
    "failures",
    "fake_rds_export",
]

if TYPE_CHECKING:
    from ._public import *
else:
    # pytest imports this package at every start, also where no test needs it; the rooms come with the first name.
    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from . import _public

        return getattr(_public, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
