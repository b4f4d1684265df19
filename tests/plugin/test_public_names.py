"""The public names of the package, which are loaded when they are first used."""

import pytest_rds_export
from helpers.errors import raises_exactly


def test_names():
    """Each public name is there, and ``dir`` lists it along with what every module has."""
    assert {getattr(pytest_rds_export, name).__name__ for name in pytest_rds_export.__all__} == set(
        pytest_rds_export.__all__
    )
    assert {*pytest_rds_export.__all__, "__name__"} <= set(dir(pytest_rds_export))
    assert dir(pytest_rds_export) == sorted(dir(pytest_rds_export))


def test_unknown_name():
    """An unknown name is refused as by any module."""
    with raises_exactly(AttributeError, "module 'pytest_rds_export' has no attribute 'ExportTsk'"):
        pytest_rds_export.ExportTsk  # noqa: B018
