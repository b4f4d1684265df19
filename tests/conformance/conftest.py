"""Choose what the conformance checks run against: the fake, or on request moto, an endpoint or a real account."""

import json
import time
from pathlib import Path

import pytest
from checks import run
from targets import check_fake, check_moto, to_markdown, write_page
from world import World

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
    group.addoption("--write-page", action="store_true", help="write the page of the documentation; with --moto")
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
    if option(pytestconfig, "write_page"):
        write_page(target, found)
    folder = option(pytestconfig, "conformance_to")
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "conformance.md").write_text(to_markdown(target, found), "utf-8")
        document = {"target": target, "results": [result.to_json() for result in found]}
        (folder / "conformance.json").write_text(json.dumps(document, indent=2, ensure_ascii=False), "utf-8")
    return {result.name: result for result in found}
