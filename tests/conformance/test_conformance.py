"""Export tasks behave as is expected of Amazon RDS: one check for each behaviour that a client can observe."""

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

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


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"aws": True}, "Pass --accept-costs to do that"),
        ({"aws": True, "accept_costs": True, "bucket": "b"}, "--source-arn, --role, --key must be given"),
        ({"endpoint_url": "http://localhost:1"}, "--source-arn, --bucket, --role, --key must be given"),
        ({"aws": True, "moto": True}, "choose one of --aws, --moto and --endpoint-url, got aws, moto"),
    ],
)
def test_refused_run(pytestconfig, options, text):
    """A run that would cost something, or lacks something, is refused before it starts."""
    conftest = pytestconfig.pluginmanager.get_plugin(str(HERE / "conftest.py"))
    with pytest.raises(pytest.UsageError, match=re.escape(text)):
        conftest.pytest_configure(SimpleNamespace(getoption=lambda name, default: options.get(name)))


@pytest.mark.loopback
@pytest.mark.rds_export_tasks(timeline=Timeline(canceling=0))
def test_endpoint(rds_export_tasks, rds_export_endpoint, tmp_path):
    """What responds at a URL is checked from another process; the table and the JSON file have a row for each check."""
    rds_export_tasks.write_files(MemoryS3(BUCKET))
    rds_export_tasks.seed_snapshot(SOURCE)
    given = {"endpoint-url": rds_export_endpoint, "source-arn": SOURCE, "bucket": BUCKET, "role": ROLE, "key": KEY}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", str(HERE)]
    command += ["-k=test_check", f"--conformance-to={tmp_path}"]
    command += [f"--{name}={value}" for name, value in given.items()]
    # botocore 1.34 itself calls utcnow, which Python 3.12 deprecates.
    command += ["-W", "ignore:datetime.datetime.utcnow:DeprecationWarning"]
    if find_spec("pytest_asyncio"):  # it warns without
        command += ["-o", "asyncio_default_fixture_loop_scope=function"]

    subprocess.run(command, stdout=subprocess.DEVNULL, check=False, cwd=HERE.parent.parent)

    document = json.loads((tmp_path / "conformance.json").read_text("utf-8"))
    rows = document["results"]
    assert document["target"] == rds_export_endpoint
    assert [row["name"] for row in rows] == [check.name for check in CHECKS]
    assert set(rows[0]) == {"name", "expected", "seen", "expected_text", "text", "outcome"}
    # It shows what the fake does not do.
    different = [row["name"] for row in rows if row["outcome"] != "as expected"]
    assert different == [check.name for check in CHECKS if not check.faked]
    table = (tmp_path / "conformance.md").read_text("utf-8")
    assert table.startswith(f"{len(rows)} checks of {rds_export_endpoint}: {len(rows) - len(different)} as expected, ")
    assert table.count("\n| ") == len(rows) + 2


def test_page():
    """The documentation has the table of moto; ``pytest tests/conformance --moto --write-page`` writes it."""
    moto = pytest.importorskip("moto")
    table = written_table()
    if f" of moto {moto.__version__}:" not in table:
        pytest.skip("the documentation has the table of another version of moto")
    assert make_table(f"moto {moto.__version__}", check_moto()) == table
