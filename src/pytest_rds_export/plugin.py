"""The pytest plugin: options, markers, fixtures, hooks. The only module that imports pytest."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from ._rds.options import INI_OPTIONS, NAMES, Options, from_ini

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient

    from ._clock import ExportClock
    from ._failures import Failure
    from ._live.registry import ExportTaskRegistry
    from ._live.seeds import Seed
    from ._rds.account import Account
    from ._sweep import Attempt

_T = TypeVar("_T")

_INI = "rds_export_"
_TITLE = "rds export tasks"
_MARKERS = ("rds_export_tasks", "rds_export_failure", "rds_export_clock")

_ini_options = pytest.StashKey[dict[str, Any]]()
_account: pytest.StashKey[Account] = pytest.StashKey()
_environ_before: pytest.StashKey[dict[str, str]] = pytest.StashKey()
_used = pytest.StashKey[set[str]]()
_passed = pytest.StashKey[dict[str, bool]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add an ini option for each option that an ini file can spell, and ``--rds-export-failures``."""
    for name, option in INI_OPTIONS.items():
        # Older versions of pytest turn a default of None into a list.
        parser.addini(f"{_INI}{name}", option.help, type=_ini_type(option.default), default="")
    parser.getgroup("rds_export", "Amazon RDS export tasks").addoption(
        "--rds-export-failures",
        action="store_true",
        help="list the failures for rds_export_failure and inject(), then exit",
    )


def _ini_type(default: Any) -> Any:
    # Older versions of pytest have no "int"; Options converts the string.
    has_int = pytest.version_tuple >= (8, 4)
    return {bool: "bool", int: "int" if has_int else "string"}.get(type(default), "string")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers and read the ini options."""
    config.addinivalue_line(
        "markers",
        "rds_export_tasks(*seeds, **options): seed export tasks into the fixture rds_export_tasks and set its options: "
        + ", ".join(NAMES),
    )
    config.addinivalue_line(
        "markers",
        "rds_export_failure(operation, kinds=('documented',), exclude=()): run the test once for each failure of an "
        "RDS operation, with the fixture rds_export_failure; kinds are documented, common and transport",
    )
    config.addinivalue_line(
        "markers",
        "rds_export_clock(start, limit=timedelta(hours=24)): set where the fixture rds_export_clock starts, and how "
        "much frozen time the code under test may sleep before SleepLimitExceeded is raised",
    )
    config.stash[_ini_options] = _read_ini(config)


def _read_ini(config: pytest.Config) -> dict[str, Any]:
    options = {}
    for name in INI_OPTIONS:
        try:
            value = _get_ini(config, name)
            if value != "":
                options[name] = value
                Options(**{name: value})
        except (TypeError, ValueError, pytest.UsageError) as error:
            # For a value of the wrong type, pytest 9 raises a UsageError, which may say the place or not.
            place = "" if f"{_INI}{name}" in str(error) else f"{config.inipath}: {_INI}{name}: "
            raise pytest.UsageError(f"{place}{error}") from None
    return options


def _get_ini(config: pytest.Config, name: str) -> Any:
    """Return the value of an ini option; a string that pytest cannot convert as it is, for Options to refuse."""
    try:
        return from_ini(name, config.getini(f"{_INI}{name}"))
    except (ValueError, pytest.UsageError) as error:
        # "invalid literal for int() with base 10: 'x'" and "invalid truth value 'x'" do not say what is allowed.
        message, _, value = str(error).partition(" '")
        if not message.startswith("invalid "):
            raise
        return value[:-1]


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Print the catalogue of failures instead of running tests."""
    if not config.getoption("--rds-export-failures"):
        return None
    import shutil

    from ._failures import failures
    from ._rds.dispatch import HANDLED
    from ._report import format_catalogue

    catalogue = [failure for name in HANDLED for failure in failures(name)]
    for line in format_catalogue(catalogue, shutil.get_terminal_size().columns):
        print(line)  # noqa: T201
    return 0


@pytest.fixture
def rds_export_seed() -> Iterable[Seed]:
    """Override this fixture to seed export tasks into every test that uses rds_export_tasks.

    Returns:
        Identifiers, ExportTask values, mappings in the API's shape, or Paths to the JSON that
        'aws rds describe-export-tasks' prints. Nothing by default.

    """
    return ()


@pytest.fixture
def rds_export_tasks(request: pytest.FixtureRequest, rds_export_seed: Iterable[Seed]) -> Iterator[ExportTaskRegistry]:
    """Fake the export tasks of Amazon RDS: every RDS client of the process uses this registry instead of AWS.

    AWS credentials and the region in the environment are fake until the test ends. Seeds come from the fixture
    rds_export_seed and the marker rds_export_tasks, options from the marker and the ini file.

    Yields:
        The ExportTaskRegistry of the default region.

    """
    __tracebackhide__ = True
    from . import _fake
    from ._live.registry import ExportTaskRegistry
    from ._rds.account import Account

    request.node.stash.setdefault(_used, set()).add("rds_export_tasks")
    markers, options = _read_markers(request)
    with _no_traceback("marker rds_export_tasks"):
        account = request.node.stash[_account] = Account(Options(**options))
    registry = ExportTaskRegistry(account)
    with _no_traceback("fixture rds_export_seed"):
        if rds_export_seed is None:
            raise TypeError("it must return seeds, such as a list, got None")
        registry.seed_all(rds_export_seed)
    with _no_traceback("marker rds_export_tasks"):
        for marker in markers:
            registry.seed_all(marker.args)
    with _fake.activate(account):
        yield registry


def _read_markers(request: pytest.FixtureRequest) -> tuple[list[pytest.Mark], dict[str, Any]]:
    """Return the markers ``rds_export_tasks`` of a test, the outermost first, and the options in force."""
    markers = list(request.node.iter_markers("rds_export_tasks"))[::-1]
    ini_options: dict[str, Any] = request.config.stash[_ini_options]
    options = dict(ini_options)
    for marker in markers:
        options.update(marker.kwargs)
    return markers, options


@contextmanager
def _no_traceback(place: str) -> Iterator[None]:
    """Report a mistake of the user by its message and its place, without a traceback of ours."""
    try:
        yield
    except (TypeError, ValueError, OSError, RuntimeError) as error:
        raise pytest.fail.Exception(f"{place}: {error}", pytrace=False) from None


@pytest.fixture
def rds_export_client(rds_export_tasks: ExportTaskRegistry) -> RDSClient:
    """Make a boto3 RDS client in the default region; rds_export_tasks responds to it.

    It belongs to boto3's default session, as those that the code under test makes with boto3.client, so its exception
    classes match theirs.
    """
    from ._transport.session import new_client

    return new_client(rds_export_tasks.region)


@pytest.fixture
def rds_export_failure(request: pytest.FixtureRequest, rds_export_tasks: ExportTaskRegistry) -> Iterator[Failure]:
    """Run the test once for each way in which an RDS operation can fail, and make its calls fail so.

    By default for each documented failure of CancelExportTask; the marker rds_export_failure names another operation,
    other kinds, and failures to exclude. An indirect parameter is a Failure or the name of one.

    Yields:
        The Failure.

    """
    __tracebackhide__ = True
    if not hasattr(request, "param"):
        pytest.fail(
            "the fixture rds_export_failure needs a parameter, which pytest cannot give it here (unittest, "
            "getfixturevalue). Write @pytest.mark.parametrize('rds_export_failure', [...], indirect=True), or use "
            "rds_export_tasks.inject() instead",
            pytrace=False,
        )
    with _no_traceback("fixture rds_export_failure"):
        injection = rds_export_tasks.inject(request.param)
    with injection:
        failure: Any = injection.failure
        yield failure


@pytest.fixture
def rds_export_sweep(
    request: pytest.FixtureRequest, rds_export_seed: Iterable[Seed]
) -> Callable[..., Iterable[Attempt]]:
    """Run a scenario once, then once for each of its calls and each failure that the call can have.

    The scenario is the body of a loop: for attempt in rds_export_sweep("Throttling", "lost response"), and in it: with
    attempt as tasks. Seeds and options come from the fixture rds_export_seed, the markers and the ini file.

    Yields:
        A function with the arguments of sweep(). With subtests=True each attempt is a subtest (pytest 9).

    """
    from ._rds.options import Options
    from ._sweep import Sweep

    request.node.stash.setdefault(_used, set()).add("rds_export_tasks")
    markers, options = _read_markers(request)
    with _no_traceback("marker rds_export_tasks"):
        Options(**options)
    seeds = [*rds_export_seed, *(seed for marker in markers for seed in marker.args)]

    def run(*failures: Any, subtests: bool = False, **arguments: Any) -> Iterable[Attempt]:
        __tracebackhide__ = True
        if subtests:
            arguments["around"] = _subtests_of(request)
        return Sweep(failures, **{"seeds": seeds, **options, **arguments})

    return run


def _subtests_of(request: pytest.FixtureRequest) -> Callable[[Attempt], Any]:
    try:
        found = request.getfixturevalue("subtests")
    except pytest.FixtureLookupError:
        pytest.fail("subtests=True needs pytest 9 or later, or pytest-subtests", pytrace=False)
    return lambda attempt: found.test(repr(attempt))


@pytest.fixture
def rds_export_clock(request: pytest.FixtureRequest) -> Iterator[ExportClock]:
    """Freeze the time of the test; time.sleep and all timers of asyncio move it instead of waiting.

    Delays of retries move it as well. It starts at 2026-01-01T00:00Z, or where the marker rds_export_clock or an
    indirect parameter says. Move it with tick(minutes=5) and move_to('2026-03-01T02:00Z'); run something
    while the code sleeps with call_later(60, callback) and call_at.

    Yields:
        The ExportClock.

    """
    __tracebackhide__ = True
    from . import _clock

    request.node.stash.setdefault(_used, set()).add("rds_export_clock")
    marker = request.node.get_closest_marker("rds_export_clock")
    arguments: dict[str, Any] = {}
    if marker is not None:
        with _no_traceback("marker rds_export_clock(start, limit)"):
            _clock.frozen_clock(*marker.args, **marker.kwargs)  # raises what is wrong with them
            arguments = inspect.signature(_clock.frozen_clock).bind(*marker.args, **marker.kwargs).arguments
    if hasattr(request, "param"):
        arguments = {**arguments, "start": request.param}
    with ExitStack() as stack:
        with _no_traceback("fixture rds_export_clock"):
            clock = stack.enter_context(_clock.frozen_clock(**arguments))
        yield clock


@pytest.fixture
def rds_export_endpoint(
    request: pytest.FixtureRequest,
    rds_export_tasks: ExportTaskRegistry,
) -> Iterator[str]:
    """Serve rds_export_tasks on a loopback port, for other processes such as the AWS CLI.

    AWS_ENDPOINT_URL_RDS is set to the URL until the test ends.

    Yields:
        The URL.

    """
    from . import _fake

    account = request.node.stash.get(_account, None)
    if account is None:
        account = _account_of_another(rds_export_tasks)
    with _fake.serve(account) as url:
        yield url


def _account_of_another(found: object) -> Account:
    """Return the account of a fixture that a user has written in place of ours."""
    from ._live.registry import ExportTaskRegistry, account_of

    if not isinstance(found, ExportTaskRegistry):
        pytest.fail(
            f"rds_export_endpoint needs a fixture rds_export_tasks that is an ExportTaskRegistry, got {found!r}. "
            "Return what fake_rds_export() yields",
            pytrace=False,
        )
    return account_of(found)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that uses rds_export_failure once for each failure."""
    name = "rds_export_failure"
    parametrized = [mark for mark in metafunc.definition.iter_markers("parametrize") if name in _argnames(mark)]
    if any(not _is_indirect(mark, name) for mark in parametrized):
        raise _error_of(metafunc, f"parametrize {name} with indirect=True")
    if name not in metafunc.fixturenames or not _is_ours(metafunc, name):
        return
    marker = metafunc.definition.get_closest_marker(name)
    if parametrized:
        if marker is not None:
            raise _error_of(metafunc, f"use the marker {name} or a parametrize of {name}, not both")
        return
    try:
        catalogue = _select(*marker.args, **marker.kwargs) if marker is not None else _select()
    except (TypeError, ValueError) as error:
        raise _error_of(metafunc, f"marker {name}: {error}") from None
    metafunc.parametrize(name, catalogue, indirect=True, ids=[failure.name for failure in catalogue])


def _select(
    operation: str = "CancelExportTask",
    *more: object,
    kinds: Iterable[str] = ("documented",),
    exclude: Iterable[str] = (),
    **unknown: object,
) -> tuple[Failure, ...]:
    """Return the failures that the arguments of the marker ``rds_export_failure`` select."""
    from ._failures import failures, find
    from ._messages import unknown_name

    if more:
        raise TypeError(f"it takes one operation, got {(operation, *more)!r}; use a marker for each test")
    for name in unknown:
        raise TypeError(unknown_name("argument", name, ("operation", "kinds", "exclude")))
    excluded = {find(name, operation).name for name in ([exclude] if isinstance(exclude, str) else exclude)}
    found = tuple(failure for failure in failures(operation, kinds) if failure.name not in excluded)
    if not found:
        raise ValueError(f"{operation} has no failures left for kinds={kinds!r}, exclude={exclude!r}")
    return found


def _error_of(metafunc: pytest.Metafunc, message: str) -> BaseException:
    return pytest.fail.Exception(f"{metafunc.definition.nodeid}: {message}", pytrace=False)


def _is_ours(metafunc: pytest.Metafunc, name: str) -> bool:
    definitions = metafunc._arg2fixturedefs.get(name)  # noqa: SLF001 - nothing public tells whose fixture it is
    return bool(definitions) and definitions[-1].func.__module__ == __name__  # type: ignore[index]


def _is_indirect(mark: pytest.Mark, name: str) -> bool:
    # Older versions of pytest take it as the third argument, too.
    (indirect,) = mark.args[2:3] or (mark.kwargs.get("indirect", False),)
    return indirect is True or (indirect is not False and name in indirect)


def _argnames(mark: pytest.Mark) -> list[str]:
    names = mark.args[0] if mark.args else mark.kwargs.get("argnames", ())
    return [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a marker that has no effect on a function; keep what the environment is before any fixture."""
    fake = _loaded_fake()
    if fake is not None:
        fake.forget_ended()
    fixtures = getattr(item, "fixturenames", ())
    if fake is not None or "rds_export_tasks" in fixtures or "request" in fixtures:
        item.stash[_environ_before] = dict(os.environ)
    for name in [mark.name for mark in item.own_markers if mark.name.startswith(_INI)]:
        if name not in _MARKERS:
            from ._messages import unknown_name

            pytest.fail(unknown_name("marker", name, _MARKERS), pytrace=False)
        # A function that has the fixture "request" may ask for ours later, as the scenarios of pytest-bdd do. The sweep
        # has the seeds and options of rds_export_tasks.
        others = {"rds_export_tasks": ["request", "rds_export_sweep"], "rds_export_clock": ["request"]}.get(name, [])
        if not {name, *others} & {*fixtures}:
            pytest.fail(_marker_without_fixture(name), pytrace=False)


def _marker_without_fixture(name: str) -> str:
    return (
        f"the marker {name} does nothing without the fixture. Add {name} to the arguments, or "
        f"@pytest.mark.usefixtures('{name}')"
    )


def _loaded_fake() -> Any:
    """Return the module ``_fake`` if anything has used it; loading it would make every run of pytest slower."""
    return vars(sys.modules[__package__]).get("_fake")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note which phases passed; show what every fake of the test has seen with a failure."""
    fake = _loaded_fake()
    if call.when == "teardown" and call.excinfo and fake is not None and fake.is_end_check(call.excinfo.value):
        # Of a fixture that uses fake_rds_export.
        error = pytest.fail.Exception(str(call.excinfo.value), pytrace=False)
        call.excinfo = pytest.ExceptionInfo.from_exception(error.with_traceback(call.excinfo.tb))
    report = yield
    passed = item.stash.setdefault(_passed, {})
    if report.when == "setup":
        passed.clear()
    # A phase has several reports if it has subtests.
    passed[report.when] = passed.get(report.when, True) and report.passed
    if report.failed and (report.when != "teardown" or passed.get("call")):
        attempt = fake.describe_attempt() if fake is not None else ""
        if attempt and attempt not in getattr(call.excinfo and call.excinfo.value, "__notes__", ()):
            report.sections.append(("rds export sweep", attempt))
        found = fake.reports() if fake is not None else []
        for text in found or _hint_at_the_fake(item, call):
            _add_section(report, text)
    if report.when == "teardown":
        _take(item, _passed)
    return report


def _hint_at_the_fake(item: pytest.Item, call: pytest.CallInfo[None]) -> list[str]:
    """Return a hint for a test whose client found no AWS, if it has the clock and nothing that responds to clients."""
    fixtures = getattr(item, "fixturenames", ())
    error = "" if call.excinfo is None else call.excinfo.type.__module__
    if "rds_export_clock" not in fixtures or not error.startswith(("botocore.", "aiobotocore.")):
        return []
    return ["hints:\n  rds_export_clock only freezes time. For export tasks add rds_export_tasks to the arguments"]


def _add_section(report: pytest.TestReport, text: str) -> None:
    # As a part of the failure itself it is also shown with --show-capture=no.
    add: Any = getattr(report.longrepr, "addsection", None)
    if add is None:
        report.sections.append((_TITLE, text))
    else:
        add(_TITLE, text)


def _take(item: pytest.Item, key: pytest.StashKey[_T]) -> _T | None:
    """Return what is kept for a test and forget it: pytest keeps each test until the run ends."""
    found = item.stash.get(key, None)
    if key in item.stash:
        del item.stash[key]
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Show the same for a test that Ctrl-C or pytest.exit interrupts: pytest makes no report of it."""
    try:
        return (yield)
    except (KeyboardInterrupt, pytest.exit.Exception):
        fake = _loaded_fake()
        terminal: Any = item.config.pluginmanager.get_plugin("terminalreporter")
        for text in fake.reports() if fake is not None and terminal is not None else ():
            terminal.write_sep("-", _TITLE)
            terminal.write_line(text)
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """After the function's fixtures, fail a test that passed with unused failures or unhandled operations."""
    fake = _loaded_fake()
    before_test = _take(item, _environ_before)
    before_teardown = {} if fake is None else fake.values_set_earlier()
    try:
        yield
    finally:
        if fake is not None:
            fake.remove_leftovers(before_test, before_teardown)
    account, used = _take(item, _account), _take(item, _used) or set()
    passed = item.stash.get(_passed, {})
    if not passed.get("setup") or not passed.get("call"):
        return
    for name in [mark.name for mark in item.own_markers if mark.name in _MARKERS]:
        if name not in used and name not in getattr(item, "fixturenames", ()):
            pytest.fail(_marker_without_fixture(name), pytrace=False)
    if account is not None:
        from ._end_check import check_end

        if problem := check_end(account):
            pytest.fail(problem, pytrace=False)
