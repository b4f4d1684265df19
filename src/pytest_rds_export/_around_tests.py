"""What happens around each test: useless markers are refused, failures are explained, and ends are checked."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ._rds.account import Account

PREFIX = "rds_export_"
_TITLE = "rds export tasks"
# Each marker, and the fixtures that make it useful. Who has the fixture "request" may ask for ours later, as the
# scenarios of pytest-bdd do.
_MARKERS = {
    "rds_export_tasks": {"rds_export_tasks", "rds_export_sweep", "request"},
    "rds_export_failure": {"rds_export_failure"},
    "rds_export_clock": {"rds_export_clock", "request"},
}


class Kept:
    """What is kept for a test from its setup to the end of its teardown."""

    def __init__(self) -> None:
        self.account: Account | None = None
        self.used: set[str] = set()
        """The fixtures that it has used, also those that it has asked for while it ran."""
        self.environ: dict[str, str] | None = None
        self.passed: dict[str, bool] = {}
        """By phase: setup, call and teardown."""


_kept = pytest.StashKey[Kept]()


def kept(item: pytest.Item) -> Kept:
    return item.stash.setdefault(_kept, Kept())


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a marker that has no effect on a function; keep what the environment is before any fixture."""
    fake = _loaded("_fake")
    if fake is not None:
        fake.forget_ended()
    kept(item).environ = dict(os.environ)
    for name in [mark.name for mark in item.own_markers if mark.name.startswith(PREFIX)]:
        if name not in _MARKERS:
            from ._messages import unknown_name

            pytest.fail(unknown_name("marker", name, _MARKERS), pytrace=False)
        if not _MARKERS[name] & _fixtures(item):
            _refuse_marker(name)


def _fixtures(item: pytest.Item) -> set[str]:
    return set(getattr(item, "fixturenames", ()))


def _refuse_marker(name: str) -> None:
    pytest.fail(
        f"the marker {name} does nothing without the fixture. Add {name} to the arguments, or "
        f"@pytest.mark.usefixtures('{name}')",
        pytrace=False,
    )


def _loaded(module: str) -> Any:
    """Return a module of ours if anything has used it; loading it would make every run of pytest slower."""
    return vars(sys.modules[__package__]).get(module)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note which phases passed; show what every fake of the test has seen with a failure."""
    fake = _loaded("_fake")
    end_check = getattr(_loaded("_end_check"), "EndCheckFailed", ())
    if call.when == "teardown" and call.excinfo and isinstance(call.excinfo.value, end_check):
        # Of a fixture that uses fake_rds_export. Its message says everything.
        error = pytest.fail.Exception(str(call.excinfo.value), pytrace=False)
        call.excinfo = pytest.ExceptionInfo.from_exception(error.with_traceback(call.excinfo.tb))
    report = yield
    passed = kept(item).passed
    # A phase has several reports if it has subtests.
    passed[report.when] = passed.get(report.when, True) and report.passed
    if report.failed and (report.when != "teardown" or passed.get("call")):
        attempt = fake.describe_attempt() if fake is not None else ""
        if attempt and attempt not in getattr(call.excinfo and call.excinfo.value, "__notes__", ()):
            report.sections.append(("rds export sweep", attempt))
        found = fake.reports() if fake is not None else []
        # As a part of the failure itself it is also shown with --show-capture=no.
        add: Any = getattr(report.longrepr, "addsection", lambda *section: report.sections.append(section))
        for title, text in _with_titles(found or _hint_at_the_fake(item, call)):
            add(title, text)
    if report.when == "teardown":
        del item.stash[_kept]  # pytest keeps each test until the run ends
    return report


def _with_titles(reports: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each report with a title, which has a number if there are several: in the order in which fakes began."""
    for number, text in enumerate(reports, 1):
        yield _TITLE if len(reports) == 1 else f"{_TITLE}, fake {number} of {len(reports)}", text


def _hint_at_the_fake(item: pytest.Item, call: pytest.CallInfo[None]) -> list[str]:
    """Return a hint for a test whose client found no AWS, if it has the clock and nothing that responds to clients."""
    error = "" if call.excinfo is None else call.excinfo.type.__module__
    if "rds_export_clock" not in _fixtures(item) or not error.startswith(("botocore.", "aiobotocore.")):
        return []
    return ["hints:\n  rds_export_clock only freezes time. For export tasks add rds_export_tasks to the arguments"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Show the same for a test that Ctrl-C or pytest.exit interrupts: pytest makes no report of it."""
    try:
        return (yield)
    except (KeyboardInterrupt, pytest.exit.Exception):
        fake = _loaded("_fake")
        terminal: Any = item.config.pluginmanager.get_plugin("terminalreporter")
        for title, text in _with_titles(fake.reports()) if fake is not None and terminal is not None else ():
            terminal.write_sep("-", title)
            terminal.write_line(text)
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """After the function's fixtures, fail a test that passed with unused failures or unhandled operations."""
    fake, test = _loaded("_fake"), kept(item)
    try:
        with nullcontext() if fake is None else fake.removing_leftovers(test.environ):
            yield
    finally:
        getattr(_loaded("_clock"), "undo_covered", lambda: None)()
    if not test.passed.get("setup") or not test.passed.get("call"):
        return
    for name in [mark.name for mark in item.own_markers if mark.name in _MARKERS]:
        if name not in test.used | _fixtures(item):
            _refuse_marker(name)
    if test.account is not None:
        from ._end_check import check_end

        if problem := check_end(test.account):
            pytest.fail(problem, pytrace=False)
