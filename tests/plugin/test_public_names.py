"""The public names of the package, which are loaded when they are first used."""

import pytest_rds_export
import pytest_rds_export.exceptions
import pytest_rds_export.types
from helpers.errors import raises_exactly


def test_names():
    """Each public name is there, and ``dir`` lists it along with what every module has."""
    assert {getattr(pytest_rds_export, name).__name__ for name in pytest_rds_export.__all__} == set(
        pytest_rds_export.__all__
    )
    assert {*pytest_rds_export.__all__, "__name__"} <= set(dir(pytest_rds_export))
    assert dir(pytest_rds_export) == sorted(dir(pytest_rds_export))


def test_names_by_use():
    """What is only annotated with or caught stands in modules of its own, and says so in a traceback."""
    for module in (pytest_rds_export.exceptions, pytest_rds_export.types):
        for name in module.__all__:
            assert getattr(module, name).__module__ == module.__name__


def test_unknown_name():
    """An unknown name is refused as by any module."""
    with raises_exactly(AttributeError, "module 'pytest_rds_export' has no attribute 'ExportTsk'"):
        pytest_rds_export.ExportTsk  # noqa: B018
