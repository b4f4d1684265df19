"""What the tests of the service share: clients of RDS and of moto's S3, and a clock."""

import boto3
import pytest
from freezegun import freeze_time

from helpers.aws import CLUSTER, SNAPSHOT
from helpers.clients import shared_client
from helpers.exported import BUCKET
from helpers.timelines import T0


@pytest.fixture
def client(rds_export_tasks):
    """The RDS client of the default region, which all tests share."""
    return shared_client()


@pytest.fixture
def clock():
    """A clock of the user's own freezegun, at T0."""
    with freeze_time(T0) as frozen:
        yield frozen


@pytest.fixture(scope="session")
def _moto_client(moto):
    # moto handles the requests of sessions that are made after its import.
    return boto3.session.Session("key", "secret").client("s3", region_name="us-east-1")


@pytest.fixture
def s3(moto, _moto_client, rds_export_tasks):
    """A client of moto's S3 with the bucket of the exports; what is exported is seeded, because moto has no sources."""
    for source in (SNAPSHOT, CLUSTER):
        rds_export_tasks.seed_snapshot(source)
    with moto.mock_aws():
        _moto_client.create_bucket(Bucket=BUCKET)
        yield _moto_client
