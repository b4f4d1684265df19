"""The plugin: options, markers, fixtures, report. The only room that knows pytest."""

from __future__ import annotations

import inspect
import os
from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from . import _sleeping  # noqa: F401 - it reads the real sleep before a test can replace it
from ._rds.options import INI_NAMES, NAMES, Options

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient

    from ._clock import ExportClock
    from ._failures import Failure
    from ._rds.account import Account
    from ._rds.registry import ExportTaskRegistry
    from ._rds.seeds import Seed
    from ._transport.environment import Environment

_INI = "rds_export_"

_ini_options = pytest.StashKey[dict[str, Any]]()
_used: pytest.StashKey[Account] = pytest.StashKey()
_environments: pytest.StashKey[list[Environment]] = pytest.StashKey()
_before: pytest.StashKey[dict[str, str]] = pytest.StashKey()
_phases = pytest.StashKey[dict[str, bool]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini keys, one for each option but the timeline, and ``--rds-export-failures``."""
    for name in INI_NAMES:
        parser.addini(
            f"{_INI}{name}", f"rds_export: default of the option {name} of the marker rds_export_tasks", default=""
        )
    parser.getgroup("rds_export", "Amazon RDS export tasks").addoption(
        "--rds-export-failures",
        action="store_true",
        help="show the failures that rds_export_failure and inject know, then exit",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers and check the ini keys."""
    config.addinivalue_line(
        "markers",
        "rds_export_tasks(*seeds, **options): seed export tasks for the fixture rds_export_tasks and set its options: "
        + ", ".join(NAMES),
    )
    config.addinivalue_line(
        "markers",
        "rds_export_failure(operation, kinds=('documented',)): run the test once for each failure of an RDS operation, "
        "of the kinds documented, common and transport, armed by the fixture rds_export_failure",
    )
    config.addinivalue_line(
        "markers",
        "rds_export_clock(start, limit=timedelta(hours=24)): where the fixture rds_export_clock starts, and how much "
        "frozen time the code under test may sleep before SleepLimitExceeded is raised",
    )
    config.stash[_ini_options] = _read_ini(config)


def _read_ini(config: pytest.Config) -> dict[str, Any]:
    options = {}
    for name in INI_NAMES:
        text = config.getini(f"{_INI}{name}")
        if text:
            try:
                options[name] = Options.from_text(name, text)
                Options.of({name: options[name]})
            except ValueError as error:
                raise pytest.UsageError(f"ini key {_INI}{name}: {error}") from None
    return options


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Print the catalogue of failures instead of running tests."""
    if not config.getoption("--rds-export-failures"):
        return None
    from . import _failures, _fake, _report

    for line in _report.table(failure for name in _fake.HANDLED for failure in _failures.failures(name)):
        print(line)  # noqa: T201
    return 0


@pytest.fixture
def rds_export_seed() -> Iterable[Seed]:
    """What is seeded into rds_export_tasks; override it in a conftest.

    An iterable of identifiers, ExportTask values, mappings in the API's shape, or paths to the JSON that
    'aws rds describe-export-tasks' prints.
    """
    return ()


@pytest.fixture
def rds_export_tasks(request: pytest.FixtureRequest, rds_export_seed: Iterable[Seed]) -> Iterator[ExportTaskRegistry]:
    """The export tasks of a fake Amazon RDS that answers every RDS client in the process.

    An ExportTaskRegistry. AWS credentials are fake meanwhile, the seed is in.
    """
    __tracebackhide__ = True
    from . import _fake

    markers = list(request.node.iter_markers("rds_export_tasks"))
    ini_options: dict[str, Any] = request.config.stash[_ini_options]
    given = dict(ini_options)
    for marker in reversed(markers):
        given.update(marker.kwargs)
    account = request.node.stash[_used] = _fake.Account(Options.of(given))
    registry = _fake.ExportTaskRegistry.of(account.region())
    if rds_export_seed is None:
        raise TypeError("the fixture rds_export_seed gives None; have it return what is to be seeded, such as a list")
    registry.seed_all(rds_export_seed)
    for marker in reversed(markers):
        registry.seed_all(marker.args)
    with _fake.activate(account) as found:
        request.node.stash[_environments] = [found]
        yield registry


@pytest.fixture
def rds_export_client(rds_export_tasks: ExportTaskRegistry) -> RDSClient:
    """A boto3 RDS client in the home region, answered by rds_export_tasks."""
    from . import _fake

    return _fake.new_client(rds_export_tasks.region)


@pytest.fixture
def rds_export_failure(request: pytest.FixtureRequest, rds_export_tasks: ExportTaskRegistry) -> Iterator[Failure]:
    """The Failure that this test's calls meet, every send of them.

    Without a parameter the test runs once for each documented failure of CancelExportTask, or of what the marker
    rds_export_failure names; an indirect parameter is a Failure or its name.
    """
    __tracebackhide__ = True
    if not hasattr(request, "param"):
        pytest.fail(
            "rds_export_failure has no failure here: name one with "
            "@pytest.mark.parametrize('rds_export_failure', [...], indirect=True), or, where pytest cannot parametrize "
            "(unittest, getfixturevalue), call rds_export_tasks.inject()",
            pytrace=False,
        )
    with rds_export_tasks.inject(request.param) as injection:
        failure: Any = injection.failure
        yield failure


@pytest.fixture
def rds_export_clock(request: pytest.FixtureRequest) -> Iterator[ExportClock]:
    """The test's clock, an ExportClock, frozen by freezegun: sleeps and back-offs move it instead of waiting.

    Its methods are tick(minutes=5), move_to('2026-03-01T02:00Z'), call_later(60, callback) and call_at. It starts at
    2026-01-01T00:00Z, or where the marker rds_export_clock or an indirect parameter says.
    """
    __tracebackhide__ = True
    from . import _clock

    marker = request.node.get_closest_marker("rds_export_clock")
    arguments: dict[str, Any] = {}
    if marker is not None:
        try:
            arguments = inspect.signature(_clock.settings).bind(*marker.args, **marker.kwargs).arguments
        except TypeError as error:
            raise TypeError(f"the marker rds_export_clock takes start and limit: {error}") from None
    if hasattr(request, "param"):
        arguments = {**arguments, "start": request.param}
    with _clock.frozen_clock(*_clock.settings(**arguments)) as clock:
        yield clock


@pytest.fixture
def rds_export_endpoint(
    request: pytest.FixtureRequest,
    rds_export_tasks: ExportTaskRegistry,  # noqa: ARG001 - it puts the account there
) -> Iterator[str]:
    """The URL of the same service on loopback, for other processes, such as the AWS CLI.

    AWS_ENDPOINT_URL_RDS is set to it, beside the fake credentials and the region.
    """
    from . import _fake

    with _fake.serve(request.node.stash[_used]) as (url, found):
        request.node.stash[_environments].append(found)
        yield url


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for rds_export_failure once for each failure it is to meet."""
    name = "rds_export_failure"
    marks = [mark for mark in metafunc.definition.iter_markers("parametrize") if name in _argnames(mark)]
    if any(not _is_indirect(mark, name) for mark in marks):
        raise _refusal(metafunc, f"parametrize {name} with indirect=True")
    if name not in metafunc.fixturenames or not _is_ours(metafunc, name):
        return
    marker = metafunc.definition.get_closest_marker(name)
    if marks:
        if marker is not None:
            raise _refusal(
                metafunc, f"the marker {name} and a parametrize of {name} exclude each other; keep one of them"
            )
        return
    try:
        catalogue = _picked(*marker.args, **marker.kwargs) if marker is not None else _picked()
    except (TypeError, ValueError) as error:
        raise _refusal(metafunc, f"marker {name}: {error}") from None
    if not catalogue:
        raise _refusal(metafunc, f"marker {name}: the operation has no failures of these kinds")
    metafunc.parametrize(name, catalogue, indirect=True, ids=[failure.name for failure in catalogue])


def _refusal(metafunc: pytest.Metafunc, message: str) -> BaseException:
    return pytest.fail.Exception(f"{metafunc.definition.nodeid}: {message}", pytrace=False)


def _picked(operation: str = "CancelExportTask", *, kinds: Iterable[str] = ("documented",)) -> tuple[Failure, ...]:
    from . import _failures

    return _failures.failures(operation, kinds)


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
    """Refuse a marker whose fixture is not there to read it; keep what the environment is before any fixture."""
    fixtures = getattr(item, "fixturenames", ())
    if "rds_export_tasks" in fixtures or "request" in fixtures:
        item.stash[_before] = dict(os.environ)
    for name in ("rds_export_tasks", "rds_export_failure", "rds_export_clock"):
        if item.get_closest_marker(name) is not None and name not in fixtures:
            pytest.fail(
                f"the marker {name} does nothing without the fixture: ask for it as an argument or add "
                f"@pytest.mark.usefixtures('{name}')",
                pytrace=False,
            )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note which phases passed; show calls and tasks with a failure."""
    report = yield
    phases = item.stash.setdefault(_phases, {})
    if report.when == "setup":
        phases.clear()
    # A phase has several reports where it has subtests.
    phases[report.when] = phases.get(report.when, True) and report.passed
    if report.failed and report.when != "teardown" and (account := item.stash.get(_used, None)) is not None:
        from . import _report

        report.sections.append(("rds export tasks", _report.described(account)))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """After the function's fixtures have ended, fail a test that passed with failures unmet or calls unanswered."""
    try:
        yield
    finally:
        before = item.stash.get(_before, None)
        if before is not None:
            for environment in item.stash.get(_environments, ()):
                environment.put_back_again(before)
    account = item.stash.get(_used, None)
    if account is None:
        return
    del item.stash[_used]
    from . import _fake

    phases = item.stash.get(_phases, {})
    if phases.get("setup") and phases.get("call") and (complaint := _fake.complaints(account)):
        pytest.fail(complaint, pytrace=False)
