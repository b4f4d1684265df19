"""The targets that need no account: the fake and moto; and the table of what the checks have seen."""

import re

import boto3
from checks import run
from world import World

from helpers.documents import ROOT
from helpers.exported import MemoryS3
from pytest_rds_export import Timeline, fake_rds_export

PAGE = ROOT / "docs" / "reference" / "conformance.md"
_TABLE = re.compile(r"(?<=<!-- results -->\n).*?(?=<!-- end of results -->)", re.DOTALL)
SOURCE = "arn:aws:rds:us-east-1:123456789012:snapshot:conformance"
BUCKET, ROLE = "rds-exports", "arn:aws:iam::123456789012:role/rds-export"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def check_fake():
    """Return what the checks see of the fake."""
    with fake_rds_export(timeline=Timeline(canceling=0)) as tasks:
        tasks.write_files(MemoryS3(BUCKET))
        tasks.seed_snapshot(SOURCE)
        return run(World(SOURCE, BUCKET, ROLE, KEY, pause=lambda: None), fake=True)


def check_moto():
    """Return what the checks see of moto."""
    from moto import mock_aws

    with mock_aws():
        rds = boto3.session.Session().client("rds", region_name="us-east-1")
        boto3.session.Session().client("s3", region_name="us-east-1").create_bucket(Bucket=BUCKET)
        rds.create_db_instance(
            DBInstanceIdentifier="conformance",
            DBInstanceClass="db.t3.micro",
            Engine="mysql",
            AllocatedStorage=20,
            MasterUsername="root",
            MasterUserPassword="password",
        )
        rds.create_db_snapshot(DBInstanceIdentifier="conformance", DBSnapshotIdentifier="conformance")
        return run(World(SOURCE, BUCKET, ROLE, KEY, pause=lambda: None), fake=False)


def to_markdown(target, found):
    """Return the results as a table."""
    outcomes = [result.outcome for result in found]
    counts = ", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in ("as expected", "other text", "differs"))
    rows = "\n".join(map(_to_row, found))
    head = "| behaviour | expected | seen | text |\n| --- | --- | --- | --- |"
    return f"{len(found)} checks of {target}: {counts}.\n\n{head}\n{rows}\n"


def _to_row(result):
    mark = {"as expected": "", "other text": "*other text:* ", "differs": ""}[result.outcome]
    seen = result.seen if result.outcome != "differs" else f"**{result.seen}**"
    cells = (result.name, result.expected, seen, mark + result.text)
    return f"| {' | '.join(' '.join(cell.replace('|', '/').replace('<', '&lt;').split())[:300] for cell in cells)} |"


def written_table():
    """Return the table that the page of the documentation has."""
    return _TABLE.search(PAGE.read_text("utf-8"))[0]


def make_table(target, found):
    """Return the table that the page of the documentation should have."""
    return f"\n{to_markdown(target, found)}\n"


def write_page(target, found):
    """Write the table into the page of the documentation."""
    PAGE.write_text(_TABLE.sub(lambda _: make_table(target, found), PAGE.read_text("utf-8")), "utf-8")
