"""Real credentials are never read, let alone used."""

import inspect

import boto3
import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError
from botocore.signers import RequestSigner

from _aws import guarded
from pytest_rds_export import fake_rds_export

SIGNS_WITH_OTHERS = "request_credentials" in inspect.signature(RequestSigner.get_auth_instance).parameters


_Guarded = guarded(Credentials)


@pytest.fixture
def guarded_client(monkeypatch):
    """A client with real credentials, which from now on must not be read."""
    session = botocore.session.Session()
    session._credentials = _Guarded("AKIAREAL", "real-secret", "real-token")  # noqa: SLF001 - botocore has no other way in
    client = session.create_client("rds", "us-east-1")
    monkeypatch.setattr(_Guarded, "locked", True)
    return client


@pytest.fixture
def authorization(before_send):
    """A function that tells how a client's next cancel of ``nightly`` was signed."""

    def cancel(client):
        handler = before_send()
        client.meta.events.register("before-send.rds.CancelExportTask", handler)
        client.cancel_export_task(ExportTaskIdentifier="nightly")
        (request,) = handler.requests
        found = request.headers.get("Authorization")
        return found.decode() if isinstance(found, bytes) else found

    return cancel


def test_the_credentials_of_a_client_are_not_read(guarded_client, rds_export_tasks):
    rds_export_tasks.seed("nightly")

    assert guarded_client.cancel_export_task(ExportTaskIdentifier="nightly")["Status"] == "CANCELING"


@pytest.mark.skipif(not SIGNS_WITH_OTHERS, reason="this botocore takes no credentials per request")
def test_a_request_is_signed_with_fake_credentials(guarded_client, rds_export_tasks, authorization):
    rds_export_tasks.seed("nightly")

    signed = authorization(guarded_client)

    assert signed.startswith("AWS4-HMAC-SHA256 Credential=testing/")
    assert "x-amz-security-token" not in signed


@pytest.mark.skipif(SIGNS_WITH_OTHERS, reason="this botocore takes credentials per request")
def test_a_request_is_not_signed_where_botocore_takes_no_credentials_per_request(
    guarded_client, rds_export_tasks, authorization
):
    rds_export_tasks.seed("nightly")

    assert authorization(guarded_client) is None


def test_a_client_made_without_credentials_works(rds_export_tasks, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    client = boto3.Session().client("rds")
    rds_export_tasks.seed("nightly")

    assert client.cancel_export_task(ExportTaskIdentifier="nightly")["Status"] == "CANCELING"


def test_the_same_client_has_no_credentials_once_the_fake_is_gone():
    client = boto3.Session().client("rds", "us-east-1")
    with fake_rds_export("nightly"):
        client.cancel_export_task(ExportTaskIdentifier="nightly")

    with pytest.raises(NoCredentialsError):
        client.cancel_export_task(ExportTaskIdentifier="nightly")


def test_a_client_that_does_not_sign_works(rds_export_tasks):
    client = boto3.client("rds", config=Config(signature_version=UNSIGNED))

    assert client.describe_export_tasks()["ExportTasks"] == []


def test_the_role_of_a_client_is_not_assumed(tmp_path, monkeypatch, refused_network):
    config = tmp_path / "config"
    config.write_text(
        "[profile base]\naws_access_key_id = AKIAREAL\naws_secret_access_key = real-secret\n"
        "[profile exporter]\nrole_arn = arn:aws:iam::123456789012:role/exporter\nsource_profile = base\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    client = boto3.Session(profile_name="exporter").client("rds", "us-east-1")

    with fake_rds_export("nightly"):
        assert client.cancel_export_task(ExportTaskIdentifier="nightly")["Status"] == "CANCELING"
    assert refused_network == []


def test_a_copy_from_another_region_is_not_presigned_with_real_credentials(guarded_client, rds_export_tasks):
    rds_export_tasks.stub("CopyDBSnapshot", {"DBSnapshot": {"Status": "creating"}})

    guarded_client.copy_db_snapshot(
        SourceDBSnapshotIdentifier="arn:aws:rds:eu-west-1:123456789012:snapshot:nightly",
        TargetDBSnapshotIdentifier="copy",
        SourceRegion="eu-west-1",
    )

    (call,) = rds_export_tasks.calls_to("CopyDBSnapshot")
    assert call.parameters["PreSignedUrl"] == "https://rds.eu-west-1.amazonaws.com/"


def test_a_presigned_url_that_the_caller_gave_is_kept(guarded_client, rds_export_tasks):
    rds_export_tasks.stub("CopyDBSnapshot", {})

    guarded_client.copy_db_snapshot(
        SourceDBSnapshotIdentifier="arn:aws:rds:eu-west-1:123456789012:snapshot:nightly",
        TargetDBSnapshotIdentifier="copy",
        SourceRegion="eu-west-1",
        PreSignedUrl="https://signed.example/",
    )

    assert rds_export_tasks.calls[0].parameters["PreSignedUrl"] == "https://signed.example/"


def test_a_presigned_url_is_signed_with_fake_credentials_where_botocore_takes_them(rds_export_tasks):
    """Else with the caller's own: it is the caller who asks for it, and nothing is sent."""
    client = boto3.client("rds", aws_access_key_id="AKIAOWN", aws_secret_access_key="own-secret")

    url = client.generate_presigned_url("describe_export_tasks")

    assert f"X-Amz-Credential={'testing' if SIGNS_WITH_OTHERS else 'AKIAOWN'}%2F" in url
    assert rds_export_tasks.calls == []
