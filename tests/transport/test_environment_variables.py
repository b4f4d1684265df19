"""The environment variables while the fake is active, and afterwards."""

import os

import boto3
import pytest

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
    [
        pytest.param(CREDENTIALS, id="all set"),
        pytest.param({}, id="none set"),
        pytest.param(dict.fromkeys(CREDENTIALS, ""), id="all empty"),
        pytest.param({"AWS_REGION": "eu-west-1", "AWS_PROFILE": "production"}, id="some set"),
    ],
)
@pytest.mark.parametrize("error", [None, RuntimeError, KeyboardInterrupt])
def test_after_the_fake(before, error, monkeypatch):
    """Each variable is afterwards what it was, whether set, empty or unset, and however the block ends."""
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    for name, value in before.items():
        monkeypatch.setenv(name, value)
    everything = dict(os.environ)

    def use():
        with fake_rds_export():
            assert dict(os.environ) != everything
            if error is not None:
                raise error

    if error is None:
        use()
    else:
        with pytest.raises(error):
            use()
    assert dict(os.environ) == everything


def test_nested_fakes(monkeypatch):
    """An inner fake restores what was set inside the outer one."""
    with fake_rds_export():
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        with fake_rds_export(region="eu-west-1"):
            assert os.environ["AWS_REGION"] == "eu-west-1"
        assert os.environ["AWS_REGION"] == "eu-central-1"


def test_missing_profile(real_account, rds_export_tasks):
    """A profile in the environment that does not exist does not matter."""
    assert boto3.Session().client("rds").describe_export_tasks()["ExportTasks"] == []


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
