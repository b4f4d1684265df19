"""What all tests share."""

import os
import socket
import sys
import time

import pytest

from _leftovers import differences, held_by_botocore
from _operations import http_answer

pytest_plugins = ["pytester"]


class _NetworkGuard:
    """Refuses and notes what would go to a network. An audit hook, which sees also what C code opens."""

    def __init__(self):
        self.watches = False
        self.refused = []

    def __call__(self, event, arguments):
        if not self.watches:
            return
        if event == "socket.__new__" and arguments[1] in (socket.AF_INET, socket.AF_INET6):
            what = "an internet socket"
        elif event == "socket.getaddrinfo":
            what = f"a look-up of {arguments[0]!r}"
        else:
            return
        self.refused.append(what)
        raise AssertionError(f"the test suite uses no network, but this was {what}")


_guard = _NetworkGuard()
sys.addaudithook(_guard)


@pytest.fixture(autouse=True)
def refused_network(request):
    """What the test tried on a network; anything left in it fails the test. The mark ``loopback`` allows all."""
    _guard.refused.clear()
    _guard.watches = request.node.get_closest_marker("loopback") is None
    yield _guard.refused
    _guard.watches = False
    assert _guard.refused == []


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch):
    """No test depends on the AWS settings of the machine that it runs on."""
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def slept(monkeypatch):
    """What is asked of ``time.sleep``; nothing is slept."""
    asked = []
    monkeypatch.setattr(time, "sleep", asked.append)
    return asked


@pytest.fixture
def before_send():
    """A class of ``before-send`` handlers, which keep their requests and answer each with *body*, if any."""

    class Handler:
        def __init__(self, body=None, status=200):
            self.body = body
            self.status = status
            self.requests = []

        def __call__(self, request, **kwargs):
            self.requests.append(request)
            return None if self.body is None else http_answer(request, self.status, self.body)

    return Handler


@pytest.fixture
def botocore_unchanged():
    """Botocore holds the same objects after the test as before it."""
    before = held_by_botocore()
    yield
    assert differences(before, held_by_botocore()) == []


@pytest.fixture
def s3():
    """A client of moto's S3 with the bucket of the exports."""
    moto = pytest.importorskip("moto")
    import boto3

    with moto.mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="rds-exports")
        yield client
