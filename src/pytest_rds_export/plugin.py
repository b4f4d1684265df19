"""The pytest plugin: options, markers and fixtures. The hooks in other modules are imported here."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from ._around_tests import (
    PREFIX,
    kept,
    pytest_runtest_makereport,
    pytest_runtest_protocol,
    pytest_runtest_setup,
    pytest_runtest_teardown,
)
from ._failure_parameters import pytest_generate_tests
from ._rds.options import INI_OPTIONS, NAMES, Options

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient

    from ._clock import ExportClock
    from ._failures import Failure
    from ._live.registry import ExportTaskRegistry
    from ._live.seeds import Seed
    from ._live.task import ExportTask
    from ._sweep import Attempt

# The hooks of other modules: pytest looks for them in the module that it loads.
__all__ = [
    "pytest_generate_tests",
    "pytest_runtest_makereport",
    "pytest_runtest_protocol",
    "pytest_runtest_setup",
    "pytest_runtest_teardown",
]

_IN_FIXTURE, _IN_MARKER = "fixture rds_export_seed", "marker rds_export_tasks"
_ini_options = pytest.StashKey[dict[str, Any]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add an ini option for each option that an ini file can spell, and ``--rds-export-failures``."""
    for name, option in INI_OPTIONS.items():
        # Older versions of pytest turn a default of None into a list.
        parser.addini(f"{PREFIX}{name}", option.help, type=_ini_type(option.default), default="")
    parser.getgroup("rds_export", "Amazon RDS export tasks").addoption(
        "--rds-export-failures",
        action="store_true",
        help="list the failures for rds_export_failure and inject(), then exit",
    )


def _ini_type(default: Any) -> Any:
    # Older versions of pytest have no "int"; _get_ini converts the string.
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
        except (TypeError, ValueError) as error:
            # Of a wrong type, pytest says the place itself.
            place = "" if f"{PREFIX}{name}" in str(error) else f"{config.inipath}: {PREFIX}{name}: "
            raise pytest.UsageError(f"{place}{error}") from None
    return options


def _get_ini(config: pytest.Config, name: str) -> Any:
    """Return the value of an ini option; an empty string if it has none."""
    option = INI_OPTIONS[name]
    try:
        value = config.getini(f"{PREFIX}{name}")
        is_unconverted = isinstance(option.default, int) and isinstance(value, str) and value  # see _ini_type
        return int(value) if is_unconverted else value
    except (TypeError, ValueError, pytest.UsageError) as error:
        raise ValueError(f"{name} must be {option.allowed}: {error}") from None


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Print the catalogue of failures instead of running tests."""
    if not config.getoption("--rds-export-failures"):
        return None
    import shutil

    from ._failures import failures
    from ._rds.dispatch import HANDLED
    from ._report import format_catalogue

    catalogue = [failure for name in HANDLED for failure in failures(name)]
    print(*format_catalogue(catalogue, shutil.get_terminal_size().columns), sep="\n")  # noqa: T201
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

    seeds, options = _read_seeds_and_options(request, rds_export_seed)
    account = kept(request.node).account = Account(Options(**options))
    registry = ExportTaskRegistry(account)
    for place, tasks in seeds.items():
        with _no_traceback(place):
            registry.seed_all(tasks)
    with _fake.activate(account):
        yield registry


def _read_seeds_and_options(
    request: pytest.FixtureRequest, rds_export_seed: Iterable[Seed]
) -> tuple[dict[str, list[ExportTask]], dict[str, Any]]:
    """Return what is seeded into the fakes of a test, by its place, and the options in force."""
    from ._live.seeds import to_tasks

    kept(request.node).used.add("rds_export_tasks")
    markers = list(request.node.iter_markers("rds_export_tasks"))[::-1]  # the outermost first
    options = request.config.stash[_ini_options].copy()
    with _no_traceback(_IN_FIXTURE):
        seeds = {_IN_FIXTURE: to_tasks(rds_export_seed)}
    with _no_traceback(_IN_MARKER):
        seeds[_IN_MARKER] = [task for marker in markers for task in to_tasks(marker.args)]
        for marker in markers:
            options.update(marker.kwargs)
        Options(**options)
    return seeds, options


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

    Returns:
        A function with the arguments of sweep(). With subtests=True each attempt is a subtest (pytest 9).
    """
    from ._sweep import sweep

    seeds, options = _read_seeds_and_options(request, rds_export_seed)
    given = {"seeds": [task for tasks in seeds.values() for task in tasks], **options}

    def run(*failures: Any, subtests: bool = False, **arguments: Any) -> Iterable[Attempt]:
        __tracebackhide__ = True
        attempts = sweep(*failures, **{**given, **arguments})
        if subtests:
            attempts.around = _subtests_of(request)
        return attempts

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

    kept(request.node).used.add("rds_export_clock")
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
def rds_export_endpoint(rds_export_tasks: ExportTaskRegistry) -> Iterator[str]:
    """Serve rds_export_tasks on a loopback port, for other processes such as the AWS CLI.

    AWS_ENDPOINT_URL_RDS is set to the URL until the test ends.

    Yields:
        The URL.
    """
    from . import _fake
    from ._live.account_view import account_of
    from ._live.registry import ExportTaskRegistry

    found: object = rds_export_tasks  # a user may have written a fixture in place of ours
    if not isinstance(found, ExportTaskRegistry):
        pytest.fail(
            f"rds_export_endpoint needs a fixture rds_export_tasks that is an ExportTaskRegistry, got {found!r}. "
            "Return what fake_rds_export() yields",
            pytrace=False,
        )
    with _fake.serve(account_of(found)) as url:
        yield url
