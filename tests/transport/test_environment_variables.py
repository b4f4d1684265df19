"""The environment variables while the fake is active, and afterwards."""

import os
from contextlib import nullcontext

import boto3
import pytest

from helpers.clients import shared_client
from helpers.leftovers import patched_methods
from pytest_rds_export import fake_rds_export

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "real-secret",
    "AWS_SESSION_TOKEN": "real-token",
    "AWS_SECURITY_TOKEN": "real-token",
    "AWS_CREDENTIAL_EXPIRATION": "2026-01-01T00:00:00Z",
    "AWS_ACCOUNT_ID": "999999999999",
    "AWS_PROFILE": "production",
    "AWS_DEFAULT_PROFILE": "production",
    "AWS_EC2_METADATA_DISABLED": "false",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
}


@pytest.fixture
def real_account(monkeypatch):
    """Set the variables of a production account."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


def test_during_the_fake(real_account):
    """Credentials are fake, and no profile, token or instance metadata is used."""
    with fake_rds_export():
        found = {name: os.environ.get(name) for name in CREDENTIALS}

    assert found == {
        **dict.fromkeys(CREDENTIALS),
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }


@pytest.mark.parametrize(
    "before",
    [CREDENTIALS, {}, dict.fromkeys(CREDENTIALS, ""), {"AWS_REGION": "eu-west-1", "AWS_PROFILE": "production"}],
    ids=["all set", "none set", "all empty", "some set"],
)
@pytest.mark.parametrize("error", [None, RuntimeError, KeyboardInterrupt])
def test_after_the_fake(before, error, monkeypatch):
    """Each variable and each method of botocore is afterwards what it was, however the block ends."""
    client = shared_client()
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    for name, value in before.items():
        monkeypatch.setenv(name, value)
    everything, methods = dict(os.environ), patched_methods()

    def use():
        with fake_rds_export():
            assert dict(os.environ) != everything
            client.describe_export_tasks()
            if error is not None:
                raise error

    with nullcontext() if error is None else pytest.raises(error):
        use()
    assert (dict(os.environ), patched_methods()) == (everything, methods)


def test_nested_fakes(monkeypatch):
    """An inner fake restores what was set inside the outer one."""
    with fake_rds_export():
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        with fake_rds_export(region="eu-west-1"):
            assert os.environ["AWS_REGION"] == "eu-west-1"
        assert os.environ["AWS_REGION"] == "eu-central-1"


@pytest.mark.parametrize(
    ("before", "options", "region"),
    [
        ({}, {}, "us-east-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, {}, "eu-west-1"),
        ({"AWS_REGION": "eu-central-1"}, {}, "eu-central-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-central-1"}, {}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "", "AWS_REGION": ""}, {}, "us-east-1"),
        ({"AWS_DEFAULT_REGION": "local"}, {}, "local"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, {"region": "cn-north-1"}, "cn-north-1"),
    ],
)
def test_default_region(before, options, region, monkeypatch):
    """The default region is the option, that of the environment, or us-east-1, and is set in the environment."""
    for name, value in before.items():
        monkeypatch.setenv(name, value)

    with fake_rds_export(**options) as tasks:
        assert tasks.region == region
        assert boto3.Session().region_name == region
        assert os.environ["AWS_REGION"] == os.environ["AWS_DEFAULT_REGION"] == region
