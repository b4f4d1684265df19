"""The option credentials="keep": other services keep the credentials of the environment, RDS stays fake."""

import os

import boto3
import pytest
from botocore.credentials import Credentials

from helpers.calls import cancel
from helpers.clients import guarded
from pytest_rds_export import fake_rds_export

OWN = {
    "AWS_ACCESS_KEY_ID": "minio",
    "AWS_SECRET_ACCESS_KEY": "minio-secret",
    "AWS_SESSION_TOKEN": "minio-token",
    "AWS_ACCOUNT_ID": "999999999999",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(autouse=True)
def _no_default_session(monkeypatch):
    """Forget a default session of boto3, which has credentials already."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.fixture
def own(monkeypatch):
    """Set credentials in the environment."""
    for name, value in OWN.items():
        monkeypatch.setenv(name, value)


def aws_variables():
    """Return the AWS variables of the environment, without the files that all tests leave out."""
    left_out = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_") and name not in left_out}


def access_key(client):
    """Return what a client signs with."""
    return client._request_signer._credentials.access_key  # noqa: SLF001 - botocore has no public way


def test_only_the_region_is_set(own):
    """Only the region is set in the environment, and restored."""
    with fake_rds_export(credentials="keep", region="eu-west-1"):
        assert aws_variables() == {**OWN, "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}
    assert aws_variables() == OWN


@pytest.mark.parametrize(("credentials", "key"), [("keep", "minio"), ("fake", "testing")])
def test_client_of_another_service(own, credentials, key):
    """A client of another service signs with the environment's credentials, by default with fake ones."""
    with fake_rds_export(credentials=credentials):
        assert access_key(boto3.client("s3")) == access_key(boto3.Session().client("s3")) == key


def test_profile(monkeypatch, tmp_path):
    """A profile is kept, too."""
    config = tmp_path / "config"
    config.write_text("[profile minio]\naws_access_key_id = minio\naws_secret_access_key = minio-secret\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "minio")
    with fake_rds_export(credentials="keep"):
        assert access_key(boto3.client("s3")) == "minio"


def test_rds(own, monkeypatch):
    """RDS does not use the credentials that are kept."""
    guarded_class = guarded(Credentials)
    with fake_rds_export("nightly", credentials="keep"):
        client = boto3.client("rds")
        client._request_signer._credentials = guarded_class("minio", "minio-secret")  # noqa: SLF001
        monkeypatch.setattr(guarded_class, "locked", True)
        assert cancel(client)["Status"] == "CANCELING"


def test_rds_without_credentials():
    """RDS needs no credentials at all."""
    with fake_rds_export("nightly", credentials="keep"):
        assert "AWS_ACCESS_KEY_ID" not in os.environ
        assert cancel(boto3.client("rds"))["Status"] == "CANCELING"
