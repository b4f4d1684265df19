"""What requests are signed with: never the real credentials of a client."""

from urllib.parse import parse_qs, urlsplit

import boto3
import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError
from botocore.stub import Stubber

from helpers.calls import cancel
from helpers.clients import guarded
from pytest_rds_export import fake_rds_export

COPY = {
    "SourceDBSnapshotIdentifier": "arn:aws:rds:eu-west-1:123456789012:snapshot:nightly",
    "TargetDBSnapshotIdentifier": "copy",
    "SourceRegion": "eu-west-1",
}
_Guarded = guarded(Credentials)


@pytest.fixture(scope="module")
def guarded_session():
    """A session of botocore with guarded credentials; making one takes long."""
    session = botocore.session.Session()
    session._credentials = _Guarded("AKIAREAL", "real-secret", "real-token")  # noqa: SLF001 - botocore has no public way
    return session


@pytest.fixture
def guarded_client(guarded_session, monkeypatch):
    """Return a client whose real credentials must not be read."""
    client = guarded_session.create_client("rds", "us-east-1")
    monkeypatch.setattr(_Guarded, "locked", True)
    return client


@pytest.fixture
def authorization(before_send):
    """Return a function that cancels ``nightly`` and returns the Authorization header."""

    def authorization(client):
        handler = before_send()
        client.meta.events.register("before-send.rds.CancelExportTask", handler)
        cancel(client)
        (request,) = handler.requests
        found = request.headers.get("Authorization")
        return found.decode() if isinstance(found, bytes) else found

    return authorization


def test_fake_credentials(guarded_client, rds_export_tasks, authorization):
    """A request is signed with fake credentials and without a session token."""
    rds_export_tasks.seed("nightly")

    signed = authorization(guarded_client)

    assert signed.startswith("AWS4-HMAC-SHA256 Credential=testing/")
    assert "x-amz-security-token" not in signed


def test_no_credentials():
    """A client without credentials works during the fake alone."""
    client = boto3.Session().client("rds", "us-east-1")
    with fake_rds_export("nightly"):
        assert cancel(client)["Status"] == "CANCELING"

    with pytest.raises(NoCredentialsError):
        cancel(client)


def test_unsigned_client(rds_export_tasks):
    """A call of a client that does not sign goes to the client's region, whatever its endpoint is."""
    config = Config(signature_version=UNSIGNED)
    client = boto3.client("rds", "eu-west-1", config=config, endpoint_url="https://rds.example.com")
    rds_export_tasks.in_region("eu-west-1").seed("nightly")

    assert cancel(client)["Status"] == "CANCELING"


def test_role(tmp_path, monkeypatch, refused_network):
    """The role of a client's profile is not assumed."""
    config = tmp_path / "config"
    config.write_text(
        "[profile base]\naws_access_key_id = AKIAREAL\naws_secret_access_key = real-secret\n"
        "[profile exporter]\nrole_arn = arn:aws:iam::123456789012:role/exporter\nsource_profile = base\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    client = boto3.Session(profile_name="exporter").client("rds", "us-east-1")

    with fake_rds_export("nightly"):
        assert cancel(client)["Status"] == "CANCELING"
    assert refused_network == []


def test_copy_from_another_region(guarded_client, rds_export_tasks):
    """The URL in a copy from another region is signed with fake credentials."""
    rds_export_tasks.stub("CopyDBSnapshot", {})

    guarded_client.copy_db_snapshot(**COPY)

    url = urlsplit(rds_export_tasks.calls[0].parameters["PreSignedUrl"])
    assert url.netloc == "rds.eu-west-1.amazonaws.com"
    assert parse_qs(url.query)["X-Amz-Credential"][0].startswith("testing/")


@pytest.mark.parametrize("url", [{}, {"SourceRegion": "eu-west-1", "PreSignedUrl": "https://signed.example/"}])
def test_other_copies(url, guarded_client, rds_export_tasks):
    """A copy in the client's own region has no URL, and one that the caller passes is kept."""
    rds_export_tasks.stub("CopyDBSnapshot", {})
    parameters = {"SourceDBSnapshotIdentifier": "nightly", "TargetDBSnapshotIdentifier": "copy", **url}

    guarded_client.copy_db_snapshot(**parameters)

    parameters.pop("SourceRegion", None)
    assert rds_export_tasks.calls[0].parameters == parameters


def test_presigned_url(guarded_client, rds_export_tasks):
    """A presigned URL is signed with fake credentials; nothing is sent."""
    url = guarded_client.generate_presigned_url("describe_export_tasks")

    assert "X-Amz-Credential=testing%2F" in url
    assert rds_export_tasks.calls == []


def test_token_for_a_database(rds_export_tasks):
    """A token with which to log in to a database is signed with the client's own credentials."""
    client = boto3.client("rds", aws_access_key_id="AKIAOWN", aws_secret_access_key="own-secret")

    assert "X-Amz-Credential=AKIAOWN%2F" in client.generate_db_auth_token("db.example", 5432, "exporter")


def set_signing(client, **values):
    """Have a user's handler set these values in the signing context of each request of a client."""
    client.meta.events.register(
        "before-call.rds", lambda context, **_: context.setdefault("signing", {}).update(values)
    )


def test_credentials_of_a_handler(rds_export_tasks, authorization):
    """Credentials that a user's handler sets for the request are not used either."""
    rds_export_tasks.seed("nightly")
    client = boto3.client("rds")
    own = Credentials("AKIAOWN", "own-secret")
    set_signing(client, request_credentials=own)

    assert "Credential=testing/" in authorization(client)


def test_region_of_a_handler(rds_export_tasks, authorization):
    """A request that a user's handler has signed for another region goes to that region."""
    rds_export_tasks.in_region("eu-west-1").seed("nightly")
    client = boto3.client("rds")
    set_signing(client, region="eu-west-1")

    assert "/eu-west-1/rds/aws4_request" in authorization(client)
    assert {call.region for call in rds_export_tasks.calls} == {"eu-west-1"}


def test_stubber(rds_export_client):
    """The Stubber of botocore sees the parameters that the caller passed."""
    with Stubber(rds_export_client) as stubber:
        stubber.add_response("copy_db_snapshot", {}, COPY)
        rds_export_client.copy_db_snapshot(**COPY)
        stubber.assert_no_pending_responses()
