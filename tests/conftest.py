"""Fixtures for all tests: a network guard, a clean AWS environment, and helpers."""

import functools
import gc
import os
import socket
import sys
import time
from contextlib import suppress

import boto3
import pytest
from botocore.loaders import JSONFileLoader, Loader
from hypothesis import Phase, settings

from helpers.clients import http_response
from helpers.leftovers import differences, held_by_botocore

pytest_plugins = ["pytester"]

# Each new session of botocore reads its data files and lists their folders again, which takes a tenth of the time of
# the tests.
_read = functools.cache(JSONFileLoader().load_file)
JSONFileLoader.load_file = lambda self, file_path: _read(file_path)
_list = Loader.list_available_services
_listed = {}


@functools.wraps(_list)
def _list_once(self, type_name):
    key = (*self.search_paths, type_name)
    if key not in _listed:
        _listed[key] = _list(self, type_name)
    return _listed[key]


Loader.list_available_services = _list_once

# To collect garbage as often as usual takes another tenth.
gc.set_threshold(50_000)


def pytest_collection_finish():
    """Keep what is imported out of garbage collection."""
    gc.freeze()


# How many random examples each property is tested with; --hypothesis-profile=long looks further, longest yet further.
settings.register_profile("short", max_examples=25, stateful_step_count=30, deadline=None)
settings.register_profile("long", max_examples=5000, stateful_step_count=100, deadline=None)
settings.register_profile("longest", max_examples=12_000, stateful_step_count=100, deadline=None)
# For mutation testing: the same examples for each mutant, none remembered, and the first one that fails is enough.
settings.register_profile(
    "mutants",
    settings.get_profile("short"),
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    report_multiple_bugs=False,
)
settings.load_profile("short")


class _NetworkGuard:
    """An audit hook that refuses and records network access, also by C code."""

    def __init__(self):
        self.active = False
        self.refused = []

    def __call__(self, event, arguments):
        if not self.active:
            return
        if event == "socket.__new__" and arguments[1] in (socket.AF_INET, socket.AF_INET6):
            what = "an internet socket"
        elif event == "socket.getaddrinfo":
            what = f"a DNS lookup of {arguments[0]!r}"
        else:
            return
        self.refused.append(what)
        raise AssertionError(f"the tests must not use the network, but this was {what}")


_guard = _NetworkGuard()
sys.addaudithook(_guard)


@pytest.fixture(autouse=True)
def refused_network(request):
    """Record refused network access, and fail the test if there is any. The mark ``loopback`` allows all."""
    _guard.refused.clear()
    _guard.active = request.node.get_closest_marker("loopback") is None
    yield _guard.refused
    _guard.active = False
    assert _guard.refused == []


@pytest.fixture(autouse=True)
def _no_old_session():
    """Keep the default session of a test from others: moto does not handle what is older than its import."""
    yield
    if type(boto3.DEFAULT_SESSION) is boto3.session.Session:
        boto3.DEFAULT_SESSION = None


@pytest.fixture(autouse=True)
def _no_aws_settings(monkeypatch):
    """Remove the AWS settings of the machine."""
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    # moto's list of machine images takes longer to load than most tests.
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")


@pytest.fixture
def slept(monkeypatch):
    """Record the arguments of ``time.sleep`` instead of sleeping."""
    seconds = []
    monkeypatch.setattr(time, "sleep", seconds.append)
    return seconds


@pytest.fixture
def kathmandu(monkeypatch):
    """Let the machine be in a time zone far from UTC."""
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(scope="session")
def moto():
    """Return moto, which is imported as late as possible: a frozen clock looks into each module that there is."""
    return pytest.importorskip("moto")


@pytest.fixture(scope="session")
def moto_modules():
    """Import moto before pytester, which forgets what is imported meanwhile: cryptography cannot be imported twice."""
    with suppress(ImportError):
        import moto.events
        import moto.rds
        import moto.s3
        import moto.sns
        import moto.sqs  # noqa: F401


@pytest.fixture
def before_send():
    """Return a class of ``before-send`` handlers that record requests and respond with *body*, if any."""

    class Handler:
        def __init__(self, body=None, status=200):
            self.body = body
            self.status = status
            self.requests = []

        def __call__(self, request, **kwargs):
            self.requests.append(request)
            return None if self.body is None else http_response(request, self.status, self.body)

    return Handler


@pytest.fixture
def botocore_unchanged():
    """Assert that botocore has the same objects after the test as before it."""
    before = held_by_botocore()
    yield
    assert differences(before, held_by_botocore()) == []
