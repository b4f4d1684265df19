"""Which failures a test that uses the fixture ``rds_export_failure`` is run with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ._failures import Failure


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that uses rds_export_failure once for each failure."""
    name = "rds_export_failure"
    read = [_read_parametrize(*mark.args, **mark.kwargs) for mark in metafunc.definition.iter_markers("parametrize")]
    parametrized = [indirect for names, indirect in read if name in names]
    if any(name not in indirect for indirect in parametrized):
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
    return bool(definitions) and definitions[-1].func.__module__ == f"{__package__}.plugin"  # type: ignore[index]


def _read_parametrize(
    argnames: str | Sequence[str] = (),
    argvalues: object = (),  # noqa: ARG001 - the second argument
    indirect: bool | Sequence[str] = False,  # noqa: FBT001, FBT002 - it may be given without its name
    *_more: object,
    **_others: object,
) -> tuple[list[str], list[str]]:
    """Return the names that the arguments of a parametrize have, and those of them that are indirect."""
    names = [name.strip() for name in argnames.split(",")] if isinstance(argnames, str) else list(argnames)
    return names, names if indirect is True else list(indirect or ())
