"""Child processes without the endpoint: their RDS requests fail at once, and say why."""

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import boto3
import pytest

from helpers.calls import described
from pytest_rds_export import fake_rds_export

REFUSED = (
    "Port could not be cast to integer value as 'RDS is faked only in the process of the test. For other processes "
    "request the fixture rds_export_endpoint'"
)
CALL = """
import boto3
from botocore.config import Config
from pytest_rds_export import fake_rds_export

boto3.client("s3", config=Config(signature_version="v4")).generate_presigned_url("list_buckets")
client = boto3.client("rds", config=Config(retries={"mode": "standard"}))
client.meta.events.register("before-send", lambda **_: print("sent"))
try:
    client.describe_export_tasks()
except ValueError as error:
    print(error)
with fake_rds_export("nightly"):
    print(boto3.client("rds").describe_export_tasks()["ExportTasks"][0]["ExportTaskIdentifier"])
"""


def endpoint_of_child(**options):
    """Return what a child process has as the endpoint of RDS."""
    program = "import os; print(os.environ.get('AWS_ENDPOINT_URL_RDS'))"
    return output([sys.executable, "-ISc", program], **options)


def output(command, **options):
    """Return what a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True, **options).stdout.strip()


def is_refused():
    """Return whether the RDS requests of a child process would fail."""
    return endpoint_of_child().startswith("http://127.0.0.1:RDS is faked only")


def test_subprocess(rds_export_tasks):
    """A request of a subprocess fails before it is sent and says why, unless the child has a fake of its own."""
    assert output([sys.executable, "-c", CALL]).splitlines() == [REFUSED, "nightly"]


def test_spawn(rds_export_tasks):
    """A process that multiprocessing spawns has the same endpoint."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(os.getenv, "AWS_ENDPOINT_URL_RDS").result() == endpoint_of_child()


def test_clients_of_the_test_process(rds_export_tasks):
    """A client of the test process does not see it."""
    assert "AWS_ENDPOINT_URL_RDS" not in os.environ
    assert boto3.Session().client("rds").meta.endpoint_url == "https://rds.us-east-1.amazonaws.com"


def test_copy_of_the_environment(rds_export_tasks):
    """A child that gets a copy of os.environ is not refused."""
    assert endpoint_of_child(env={**os.environ}) == "None"


def test_fake_in_the_child(rds_export_tasks, monkeypatch):
    """The fake of a child hides the variable from its clients, and restores it."""
    refusal = endpoint_of_child()
    monkeypatch.setenv("AWS_ENDPOINT_URL_RDS", refusal)
    with fake_rds_export("nightly"):
        assert described(boto3.Session().client("rds"))["Status"] == "IN_PROGRESS"
        assert is_refused()
    assert os.environ["AWS_ENDPOINT_URL_RDS"] == refusal


@pytest.mark.loopback
def test_endpoint(request, rds_export_tasks):
    """With the endpoint, a child gets its URL."""
    url = request.getfixturevalue("rds_export_endpoint")
    assert endpoint_of_child() == url


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["first ends first", "nested"])
def test_afterwards(order):
    """Nothing is left after the last of several uses, in whatever order they end."""
    fakes = [fake_rds_export(), fake_rds_export()]
    for fake in fakes:
        fake.__enter__()
    fakes[order[0]].__exit__(None, None, None)
    assert is_refused()
    fakes[order[1]].__exit__(None, None, None)
    assert endpoint_of_child() == "None"


@pytest.mark.parametrize(
    ("name", "expected"), [("AWS_ENDPOINT_URL_RDS", "http://localhost:4566"), ("AWS_ENDPOINT_URL", "None")]
)
def test_endpoint_of_the_user(name, expected, monkeypatch):
    """An endpoint that the user has set for RDS, or for all services, stays."""
    monkeypatch.setenv(name, "http://localhost:4566")
    with fake_rds_export():
        assert endpoint_of_child() == expected
    assert endpoint_of_child() == expected
