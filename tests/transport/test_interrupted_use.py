"""Entering and leaving leave nothing behind, at whatever line they are interrupted."""

import ctypes
import os
import sys
import threading
from http.server import HTTPServer
from pathlib import Path

import boto3
import pytest
from botocore.endpoint import Endpoint
from botocore.signers import RequestSigner

from helpers.interrupted import left_behind, points
from helpers.leftovers import differences, held_by_botocore
from helpers.loopback import served
from pytest_rds_export import _fake, fake_rds_export
from pytest_rds_export._rds.account import Account
from pytest_rds_export._rds.options import Options

_OPEN = Path("/proc/self/fd")
_getenv = ctypes.CDLL(None).getenv
_getenv.restype = ctypes.c_char_p


def state():
    """Return what a use could leave."""
    return {
        **{name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"},
        "the refusal of child processes": _getenv(b"AWS_ENDPOINT_URL_RDS"),
        "the default session": boto3.DEFAULT_SESSION,
        "methods of botocore": (Endpoint.make_request, Endpoint.create_request, RequestSigner.get_auth_instance),
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


def served_too():
    """Return the context of the fixture ``rds_export_endpoint``."""
    return _fake.serve(Account(Options()))


@pytest.fixture
def account(monkeypatch):
    """Set credentials and a region, as a user has them."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SESSION_TOKEN": "token",
        "AWS_REGION": "eu-north-1",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.skipif(not _OPEN.exists(), reason="this system does not list open files there")
@pytest.mark.loopback
@pytest.mark.parametrize(
    "make", [lambda: fake_rds_export("nightly"), served, served_too], ids=["fake", "endpoint", "both"]
)
def test_any_line(make, account):
    """An exception at any line of ours leaves nothing; the next use begins and ends as usual, so no lock is held."""
    before = held_by_botocore()

    assert left_behind(make, state) == {}

    assert differences(before, held_by_botocore()) == []
    assert len(points(make)) > 100


@pytest.mark.loopback
@pytest.mark.parametrize(("owner", "method"), [(threading.Thread, "start"), (HTTPServer, "server_bind")])
def test_endpoint_that_cannot_begin(owner, method, account, monkeypatch):
    """If the thread or the socket of the endpoint cannot be had, nothing stays."""
    before = state()
    with monkeypatch.context() as patch:
        patch.setattr(owner, method, lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError), served_too():
            pytest.fail("it was entered")  # pragma: no cover
    assert state() == before
