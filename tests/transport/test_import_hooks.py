"""The hook by which a botocore that is imported anew is found."""

import sys
from importlib.machinery import PathFinder

from pytest_rds_export import fake_rds_export


def test_import_hooks_are_as_before():
    """Python's import hooks are as before when the fake has ended, also if fakes have overlapped."""
    before = sys.meta_path[:]
    with fake_rds_export(), fake_rds_export():
        inside = sys.meta_path[:]

    assert len(inside) == len(before) + 1
    assert sys.meta_path == before


def test_place_among_import_hooks():
    """The hook stands just before Python's own: what comes first is what libraries remove that add one of theirs."""
    before = sys.meta_path[:]
    with fake_rds_export():
        (place,) = [index for index, finder in enumerate(sys.meta_path) if finder not in before]
        assert sys.meta_path[place + 1] is PathFinder
