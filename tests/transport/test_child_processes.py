"""Child processes without the endpoint: their RDS requests fail at once, and say why."""

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import boto3
import pytest

from helpers.leftovers import endpoint_of_children
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


def test_subprocess(rds_export_tasks):
    """A request of a subprocess fails before it is sent and says why, unless the child has a fake of its own."""
    child = subprocess.run([sys.executable, "-c", CALL], capture_output=True, text=True, check=True)
    assert child.stdout.splitlines() == [REFUSED, "nightly"]


def test_spawn(rds_export_tasks):
    """A process that multiprocessing spawns has the same endpoint."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(os.getenv, "AWS_ENDPOINT_URL_RDS").result() == endpoint_of_children().decode()


def test_clients_of_the_test_process(rds_export_tasks):
    """A client of the test process does not see it, nor does a child that gets a copy of os.environ."""
    assert "AWS_ENDPOINT_URL_RDS" not in os.environ
    assert boto3.Session().client("rds").meta.endpoint_url == "https://rds.us-east-1.amazonaws.com"


def test_fake_in_the_child(rds_export_tasks, monkeypatch):
    """The fake of a child hides the variable from its clients, not from its children, and restores it."""
    refusal = endpoint_of_children().decode()
    monkeypatch.setenv("AWS_ENDPOINT_URL_RDS", refusal)
    with fake_rds_export():
        assert "AWS_ENDPOINT_URL_RDS" not in os.environ
        assert endpoint_of_children().decode() == refusal
    assert os.environ["AWS_ENDPOINT_URL_RDS"] == refusal


@pytest.mark.parametrize(
    ("name", "expected"), [("AWS_ENDPOINT_URL_RDS", b"http://localhost:4566"), ("AWS_ENDPOINT_URL", None)]
)
def test_endpoint_of_the_user(name, expected, monkeypatch):
    """An endpoint that the user has set for RDS, or for all services, stays."""
    monkeypatch.setenv(name, "http://localhost:4566")
    with fake_rds_export():
        assert endpoint_of_children() == expected
    assert endpoint_of_children() == expected
