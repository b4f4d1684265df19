"""Entering and leaving leave nothing behind, at whatever line they are interrupted."""

import os
import sys
import threading
from contextlib import nullcontext
from http.server import HTTPServer
from pathlib import Path

import boto3
import pytest

from helpers.interrupted import left_behind, points
from helpers.leftovers import differences, endpoint_of_children, held_by_botocore, patched_methods
from helpers.loopback import endpoint, served
from pytest_rds_export import fake_rds_export

_OPEN = Path("/proc/self/fd")


def state():
    """Return what a use could leave."""
    return {
        **{name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"},
        "the refusal of child processes": endpoint_of_children(),
        "the default session": boto3.DEFAULT_SESSION,
        "methods of botocore": patched_methods(),
        "finders": sys.meta_path.copy(),
        # Without those of other tests' servers, which may end meanwhile.
        "threads": {thread for thread in threading.enumerate() if not thread.daemon},
        "sockets": sum(1 for path in _OPEN.iterdir() if is_socket(path)),
    }


def is_socket(path):
    """Return whether a file descriptor is one of a socket."""
    try:
        return str(path.readlink()).startswith("socket:")
    except OSError:  # of the listing itself
        return False


@pytest.fixture
def account(monkeypatch):
    """Set credentials and a region, as a user has them."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")


@pytest.mark.skipif(not _OPEN.exists(), reason="this system does not list open files there")
@pytest.mark.loopback
@pytest.mark.parametrize(
    ("around", "make"),
    [(nullcontext, lambda: fake_rds_export("nightly")), (nullcontext, served), (fake_rds_export, endpoint)],
    ids=["fake", "both", "endpoint"],
)
def test_any_line(around, make, account):
    """An exception at any line of ours leaves nothing; the next use begins and ends as usual, so no lock is held."""
    before = held_by_botocore()

    with around():
        assert left_behind(make, state) == {}
        assert len(points(make)) > 100

    assert differences(before, held_by_botocore()) == []


@pytest.mark.loopback
@pytest.mark.parametrize(("owner", "method"), [(threading.Thread, "start"), (HTTPServer, "server_bind")])
def test_endpoint_that_cannot_begin(owner, method, account, monkeypatch):
    """If the thread or the socket of the endpoint cannot be had, nothing stays."""
    before = state()
    with monkeypatch.context() as patch:
        patch.setattr(owner, method, lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError), served():
            pytest.fail("it was entered")  # pragma: no cover
    assert state() == before
