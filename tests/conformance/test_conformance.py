"""Export tasks behave as is expected of Amazon RDS: one check for each behaviour that a client can observe."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from checks import CHECKS
from targets import BUCKET, KEY, ROLE, SOURCE, check_moto, make_table, written_table

from helpers.exported import MemoryS3
from pytest_rds_export import Timeline

HERE = Path(__file__).parent


@pytest.mark.parametrize("check", CHECKS, ids=[check.name for check in CHECKS])
def test_check(results, target, check):
    """What is seen is what is expected, text included."""
    if check.name not in results:
        pytest.skip(f"{target} does not check it")
    result = results[check.name]
    shown = f"expected {result.expected} {result.expected_text}, seen {result.seen} {result.text}"
    assert result.outcome == "as expected", shown


def test_names():
    """Each check has a name of its own, and there are enough of them."""
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names) >= 60


def run_again(*arguments):
    """Run the checks in another process."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE), *arguments]
    # botocore 1.34 itself calls utcnow, which Python 3.12 deprecates.
    command += ["-W", "ignore:datetime.datetime.utcnow:DeprecationWarning"]
    if find_spec("pytest_asyncio"):  # it warns without
        command += ["-o", "asyncio_default_fixture_loop_scope=function"]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE.parent.parent)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--aws"], "Pass --accept-costs to do that"),
        (["--aws", "--accept-costs", "--bucket=b"], "--source-arn, --role, --key must be given"),
        (["--endpoint-url=http://localhost:1"], "--source-arn, --bucket, --role, --key must be given"),
        (["--aws", "--moto"], "choose one of --aws, --moto and --endpoint-url, got aws, moto"),
    ],
)
def test_refused_run(arguments, text):
    """A run that would cost something, or lacks something, is refused before it starts."""
    result = run_again(*arguments)

    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    assert text in result.stderr


def test_output(tmp_path):
    """The table and the JSON file have a row for each check that was run."""
    result = run_again("--conformance-to", str(tmp_path), "-k", "test_check", "-p", "no:randomly")

    document = json.loads((tmp_path / "conformance.json").read_text("utf-8"))
    assert result.returncode == 0, result.stdout
    assert document["target"] == "pytest-rds-export"
    names = [check.name for check in CHECKS if check.faked]
    assert [row["name"] for row in document["results"]] == names
    assert set(document["results"][0]) == {"name", "expected", "seen", "expected_text", "text", "outcome"}
    table = (tmp_path / "conformance.md").read_text("utf-8")
    assert table.startswith(f"{len(names)} checks of {document['target']}: {len(names)} as expected, 0 other")
    assert table.count("\n| ") == len(names) + 2


@pytest.mark.loopback
@pytest.mark.rds_export_tasks(timeline=Timeline(canceling=0))
def test_endpoint(rds_export_tasks, rds_export_endpoint, tmp_path):
    """What responds at a URL is checked as well, and shows what it does not do."""
    rds_export_tasks.write_files(MemoryS3(BUCKET))
    rds_export_tasks.seed_snapshot(SOURCE)
    given = {"endpoint-url": rds_export_endpoint, "source-arn": SOURCE, "bucket": BUCKET, "role": ROLE, "key": KEY}

    run_again(*(f"--{name}={value}" for name, value in given.items()), f"--conformance-to={tmp_path}", "-k=test_check")

    document = json.loads((tmp_path / "conformance.json").read_text("utf-8"))
    assert document["target"] == rds_export_endpoint
    different = [row["name"] for row in document["results"] if row["outcome"] != "as expected"]
    assert different == [check.name for check in CHECKS if not check.faked]


def test_page():
    """The documentation has the table of moto; ``pytest tests/conformance --moto --write-page`` writes it."""
    moto = pytest.importorskip("moto")
    table = written_table()
    if f" of moto {moto.__version__}:" not in table:
        pytest.skip("the documentation has the table of another version of moto")
    assert make_table(f"moto {moto.__version__}", check_moto()) == table
