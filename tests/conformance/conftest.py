"""Choose what the conformance checks run against: the fake, or on request moto, an endpoint or a real account."""

import json
import time
from pathlib import Path

import boto3
import pytest
from checks import run
from world import World

from helpers.exported import MemoryS3
from pytest_rds_export import Timeline, fake_rds_export

SOURCE = "arn:aws:rds:us-east-1:123456789012:snapshot:conformance"
BUCKET, ROLE = "rds-exports", "arn:aws:iam::123456789012:role/rds-export"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
COSTS = (
    "--aws starts an export of the source in the account of the environment, cancels it, and waits for its end: at "
    "least one task, and more if AWS accepts what it is expected to refuse. AWS charges an export by the size of the "
    "snapshot, also if it is canceled; RDS never removes the record of a task. All identifiers begin with "
    "'conformance-'. Pass --accept-costs to do that"
)


def pytest_addoption(parser):
    """Add the options; they exist only if the folder is named: ``pytest tests/conformance --moto``."""
    group = parser.getgroup("conformance of export tasks")
    group.addoption("--moto", action="store_true", help="check moto instead of the fake")
    group.addoption("--endpoint-url", help="check what responds at this URL, such as http://localhost:4566")
    group.addoption("--aws", action="store_true", help="check Amazon RDS with the credentials of the environment")
    group.addoption("--accept-costs", action="store_true", help="what --aws needs; without it, it says what it costs")
    for name in ("source-arn", "bucket", "role", "key"):
        group.addoption(f"--{name}", help=f"for --aws and --endpoint-url: the {name} of the export")
    group.addoption("--conformance-to", type=Path, help="write conformance.md and conformance.json into this folder")


def option(config, name):
    """Return an option; None if pytest was not started with this folder."""
    return config.getoption(name, default=None)


def pytest_configure(config):
    """Refuse what would cost money without a yes, and a run without a source."""
    given = [name for name in ("aws", "moto", "endpoint_url") if option(config, name)]
    if len(given) > 1:
        raise pytest.UsageError(f"choose one of --aws, --moto and --endpoint-url, got {', '.join(given)}")
    if option(config, "aws") and not option(config, "accept_costs"):
        raise pytest.UsageError(COSTS)
    if given and given != ["moto"]:
        missing = [name for name in ("source_arn", "bucket", "role", "key") if not option(config, name)]
        if missing:
            raise pytest.UsageError(", ".join(f"--{name.replace('_', '-')}" for name in missing) + " must be given")


@pytest.fixture(scope="session")
def target(pytestconfig):
    """Return the name of what is checked."""
    if option(pytestconfig, "moto"):
        return f"moto {pytest.importorskip('moto').__version__}"
    if option(pytestconfig, "aws"):
        return f"Amazon RDS in {option(pytestconfig, 'source_arn').split(':')[3]}"
    return option(pytestconfig, "endpoint_url") or "pytest-rds-export"


@pytest.fixture(scope="session")
def results(pytestconfig, target):
    """Run all checks once, in their order, write what they have seen, and return the results by name."""
    if option(pytestconfig, "moto"):
        found = check_moto()
    elif option(pytestconfig, "aws") or option(pytestconfig, "endpoint_url"):
        given = [option(pytestconfig, name) for name in ("source_arn", "bucket", "role", "key")]
        world = World(*given, pause=lambda: time.sleep(30), endpoint_url=option(pytestconfig, "endpoint_url"))
        found = run(world, fake=False)
    else:
        found = check_fake()
    folder = option(pytestconfig, "conformance_to")
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "conformance.md").write_text(to_markdown(target, found), "utf-8")
        document = {"target": target, "results": [result.to_json() for result in found]}
        (folder / "conformance.json").write_text(json.dumps(document, indent=2, ensure_ascii=False), "utf-8")
    return {result.name: result for result in found}


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
