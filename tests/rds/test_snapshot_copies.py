"""Copies of snapshots: in a region, across regions, re-encrypted, with and without tags."""

import re
from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError

from helpers.aws import CLUSTER_SNAPSHOT, SNAPSHOT
from helpers.clients import shared_client
from helpers.errors import refused
from helpers.snapshots import copy, copy_cluster, delete, shown

TAKEN = datetime(2025, 12, 1, tzinfo=timezone.utc)
TAGS = [{"Key": "team", "Value": "data"}]
ABROAD = SNAPSHOT.replace("us-east-1", "eu-west-1")


@pytest.mark.parametrize("source", ["NIGHTLY", SNAPSHOT])
def test_copy(rds_export_tasks, client, rds_export_clock, source):
    """A copy has what its source has, times of its own, and the time of the original."""
    rds_export_tasks.seed_snapshot("nightly", engine="mysql", snapshot_time=TAKEN, tag_list=TAGS, kms_key_id="k")

    creating = copy(client, source, "Copied")
    rds_export_clock.tick(minutes=5)
    (available,) = shown(client, DBSnapshotIdentifier="copied")

    assert (creating["DBSnapshotIdentifier"], creating["SnapshotType"]) == ("copied", "manual")
    assert (creating["SourceDBSnapshotIdentifier"], creating["SourceRegion"]) == (SNAPSHOT, "us-east-1")
    assert (creating["Engine"], creating["KmsKeyId"], creating["TagList"]) == ("mysql", "k", [])
    assert (creating["Status"], creating["PercentProgress"]) == ("creating", 0)
    assert creating["DBInstanceIdentifier"] == "nightly"  # of the name of what is copied
    assert available["OriginalSnapshotCreateTime"] == TAKEN
    assert available["SnapshotCreateTime"] == rds_export_clock.now - timedelta(minutes=5)


def test_copy_of_a_cluster_snapshot(rds_export_tasks, client):
    """A copy of a cluster snapshot has the source's time and ARN."""
    rds_export_tasks.seed_snapshot("nightly", cluster=True, snapshot_time=TAKEN, tag_list=TAGS)

    copied = copy_cluster(client, CopyTags=True)

    assert (copied["Status"], copied["PercentProgress"]) == ("copying", 0)
    assert copied["SnapshotCreateTime"] == TAKEN
    assert copied["SourceDBClusterSnapshotArn"] == CLUSTER_SNAPSHOT
    assert copied["TagList"] == TAGS


@pytest.mark.parametrize(("copying", "member"), [(copy, "Encrypted"), (copy_cluster, "StorageEncrypted")])
def test_parameters(rds_export_tasks, client, copying, member):
    """A key encrypts the copy; tags are added to those that are copied."""
    rds_export_tasks.seed_snapshot("nightly", tag_list=TAGS)
    rds_export_tasks.seed_snapshot("nightly", tag_list=TAGS, cluster=True)

    copied = copying(client, KmsKeyId="key", CopyTags=True, Tags=[{"Key": "new", "Value": "1"}])

    assert (copied[member], copied["KmsKeyId"]) == (True, "key")
    assert copied["TagList"] == [*TAGS, {"Key": "new", "Value": "1"}]


def test_option_group(rds_export_tasks, client):
    """Option group and target of a copy are what was asked for."""
    rds_export_tasks.seed_snapshot("nightly")

    given = {"OptionGroupName": "group", "SnapshotTarget": "outposts"}
    known = client.meta.service_model.operation_model("CopyDBSnapshot").input_shape.members
    given = {name: value for name, value in given.items() if name in known}  # botocore 1.34 has no SnapshotTarget

    copied = copy(client, **given)

    assert {name: copied[name] for name in given} == given


def test_across_regions(rds_export_tasks, client, rds_export_clock):
    """A copy from another region is in the region of the client, and says where it comes from, as a copy of it does."""
    rds_export_tasks.seed_snapshot(ABROAD, engine="mysql")

    copied = copy(client, ABROAD, SourceRegion="eu-west-1", KmsKeyId="key")
    rds_export_clock.tick(minutes=5)
    again = copy(client, "copied", "again")

    assert copied["DBSnapshotArn"] == again["SourceDBSnapshotIdentifier"] == SNAPSHOT.replace("nightly", "copied")
    assert (copied["SourceDBSnapshotIdentifier"], copied["SourceRegion"]) == (ABROAD, "eu-west-1")
    assert again["SourceRegion"] == "us-east-1"
    call = rds_export_tasks.calls[0]
    assert call.parameters["PreSignedUrl"].startswith("https://rds.eu-west-1.amazonaws.com/?")
    assert list(rds_export_tasks.in_region("eu-west-1").snapshots) == ["nightly"]


@pytest.mark.parametrize(
    ("copying", "arn", "given"),
    [
        (copy, SNAPSHOT, {"kms_key_id": "key"}),
        (copy, SNAPSHOT, {"encrypted": True}),
        (copy_cluster, CLUSTER_SNAPSHOT, {"kms_key_id": "key"}),
        (copy_cluster, CLUSTER_SNAPSHOT, {"storage_encrypted": True}),
    ],
)
def test_key_of_another_region(rds_export_tasks, client, copying, arn, given):
    """A key belongs to one region, so that the copy of an encrypted snapshot to another one needs a key of its own."""
    abroad = arn.replace("us-east-1", "eu-west-1")
    plain = abroad.replace("nightly", "plain")
    rds_export_tasks.seed_snapshot(arn, **given)
    rds_export_tasks.seed_snapshot(abroad, **given)
    rds_export_tasks.seed_snapshot(plain)

    with refused("InvalidParameterValue", 400, "Must specify new KMS key for cross region encrypted snapshot copy."):
        copying(client, abroad)

    copying(client, abroad, KmsKeyId="key")
    copying(client, "nightly", "here")
    copying(client, plain, "unencrypted")


@pytest.mark.parametrize(
    ("copying", "text"), [(copy, "The target KMS key [{}] does not"), (copy_cluster, "Specified KMS key [{}] does not")]
)
def test_key_that_is_not_here(rds_export_tasks, client, copying, text):
    """A key that is named by the ARN of another region is refused."""
    rds_export_tasks.seed_snapshot("nightly", cluster=copying is copy_cluster)
    key = "arn:aws:kms:eu-west-1:123456789012:key/1234"

    with pytest.raises(ClientError, match=re.escape(text.format(key))) as caught:
        copying(client, KmsKeyId=key)

    assert caught.value.response["Error"]["Code"] == "KMSKeyNotAccessibleFault"
    here = key.replace("eu-west-1", "us-east-1")
    assert copying(client, KmsKeyId=here)["KmsKeyId"] == here


@pytest.mark.parametrize(
    ("copying", "source", "code"),
    [
        *((copy, source, "DBSnapshotNotFound") for source in ("unknown", SNAPSHOT, ABROAD, CLUSTER_SNAPSHOT)),
        (copy_cluster, "unknown", "DBClusterSnapshotNotFoundFault"),
    ],
)
def test_unknown_source(rds_export_tasks, client, copying, source, code):
    """A source that does not exist is refused as it was given."""
    rds_export_tasks.seed_snapshot("nightly", cluster=True)

    with refused(code, 404, f"{code.partition('Not')[0]} not found: {source}"):
        copying(client, source)


def test_name_of_the_copy(rds_export_tasks, client):
    """The name of a copy follows the rules of a new snapshot."""
    rds_export_tasks.seed_snapshot("nightly")

    with pytest.raises(ClientError, match="DBSnapshotAlreadyExists"):
        copy(client, target="nightly")
    with refused("InvalidParameterValue", 400, "Invalid snapshot identifier:  1st"):
        copy(client, target="1st")


def test_source_stays(rds_export_tasks, client):
    """A copy shares nothing with its source, and may be in another region that has none."""
    source = rds_export_tasks.seed_snapshot("nightly", tag_list=[{"Key": "a"}])
    before = source.to_response()

    copied = copy(shared_client("eu-west-1"), SNAPSHOT, CopyTags=True)

    assert copied["TagList"] == [{"Key": "a"}]
    assert source.to_response() == before


@pytest.mark.parametrize("status", ["deleting", "deleted", "failed"])
def test_moved_source(rds_export_tasks, client, status):
    """A copy of a snapshot that the test has deleted ends as well; one whose source gets another status goes on."""
    source = rds_export_tasks.seed_snapshot(ABROAD)
    copy(client, ABROAD)

    source.move_to(status)

    assert list(rds_export_tasks.snapshots) == (["copied"] if status == "failed" else [])


def test_source_of_a_copy_that_has_ended(rds_export_tasks, client, rds_export_clock):
    """A copy that has ended stays when its source is deleted."""
    rds_export_tasks.seed_snapshot("nightly")
    copy(client)
    rds_export_clock.tick(minutes=5)

    delete(client)

    assert rds_export_tasks.snapshots["copied"].status == "available"
