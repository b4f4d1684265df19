"""What pytest's --fixtures, --markers and --help say about the plugin."""

import itertools

import pytest

from helpers.inner import run_again

FIXTURES = {
    "rds_export_tasks": (
        "Fake the export tasks of Amazon RDS: every RDS client of the process uses this registry instead of AWS."
    ),
    "rds_export_seed": "Override this fixture to seed export tasks into every test that uses rds_export_tasks.",
    "rds_export_client": "Make a boto3 RDS client in the default region; rds_export_tasks responds to it.",
    "rds_export_failure": (
        "Run the test once for each way in which an RDS operation can fail, and make its calls fail so."
    ),
    "rds_export_clock": (
        "Freeze the time of the test; time.sleep and all timers of asyncio move it instead of waiting."
    ),
    "rds_export_endpoint": "Serve rds_export_tasks on a loopback port, for other processes such as the AWS CLI.",
}
MARKERS = {
    "rds_export_tasks(*seeds, **options)": (
        "seed export tasks into the fixture rds_export_tasks and set its options: region, account_id, "
        "describe_unknown, concurrent_limit, concurrent_limit_scope, one_export_per_source, "
        "unsupported_regions, page_size, trailing_slash, snapshot_source_type, snapshots, assert_all_injected, "
        "assert_all_handled, assert_all_delivered, credentials, timeline, snapshot_timeline"
    ),
    "rds_export_failure(operation, kinds=('documented',), exclude=())": (
        "run the test once for each failure of an RDS operation, with the fixture rds_export_failure; kinds are "
        "documented, common and transport"
    ),
    "rds_export_clock(start, limit=timedelta(hours=24))": (
        "set where the fixture rds_export_clock starts, and how much frozen time the code under test may sleep before "
        "SleepLimitExceeded is raised"
    ),
}
INI_OPTIONS = {
    "region": "the default region (default: AWS_DEFAULT_REGION, AWS_REGION or us-east-1)",
    "account_id": "the AWS account, a string of 12 digits (default: 123456789012)",
    "describe_unknown": ("what DescribeExportTasks returns for an unknown identifier: error or empty (default: error)"),
    "concurrent_limit": "how many exports may run at once, at least 1 (default: 5)",
    "concurrent_limit_scope": (
        "which exports count against concurrent_limit: those of the region or of the account (default: region)"
    ),
    "one_export_per_source": "whether a snapshot or cluster has at most one running export (default: true)",
    "unsupported_regions": "regions without export tasks, separated by spaces (default: none)",
    "page_size": "the most records in one response, from 1 to 100 (default: 100)",
    "trailing_slash": (
        "an S3Prefix that ends with a slash: accept it, or fail the export, as in early 2025 (default: accept)"
    ),
    "snapshot_source_type": "whether the responses have SourceType for exports of snapshots (default: true)",
    "snapshots": "who handles the operations of snapshots: auto (moto while it is on), fake or moto (default: auto)",
    "assert_all_injected": "fail a test whose injected failures were not used (default: true)",
    "assert_all_handled": "fail a test whose operations had no handler (default: true)",
    "assert_all_delivered": "fail a test if a receiver of an event raised an exception (default: true)",
    "credentials": (
        "the AWS credentials that clients of all services find: fake, or keep those of the environment (default: fake)"
    ),
}


def test_fixtures(pytester):
    """Pytest --fixtures says what each fixture is for in one line."""
    result = run_again(pytester, "--fixtures")

    for name, line in FIXTURES.items():
        result.stdout.fnmatch_lines([f"{name} -- *plugin.py:*", f"    {line}"], consecutive=True)


def test_markers(pytester):
    """Pytest --markers says what each marker does."""
    lines = run_again(pytester, "--markers").outlines

    for marker, text in MARKERS.items():
        assert f"@pytest.mark.{marker}: {text}" in lines


def test_command_line(pytester):
    """Pytest --help has the command-line option, and the type, meaning, range and default of each ini option."""
    result = run_again(pytester, "--help")

    result.stdout.fnmatch_lines(
        [
            "Amazon RDS export tasks:",
            "  --rds-export-failures",
            "                        list the failures for rds_export_failure and inject(),",
            "                        then exit",
        ],
        consecutive=True,
    )
    flags = (
        *("assert_all_injected", "assert_all_handled", "assert_all_delivered"),
        *("snapshot_source_type", "one_export_per_source"),
    )
    types = dict.fromkeys(flags, "bool")
    if pytest.version_tuple >= (8, 4):
        types |= {"concurrent_limit": "int", "page_size": "int"}
    found = {}
    for name in INI_OPTIONS:
        start = result.outlines.index(f"  rds_export_{name} ({types.get(name, 'string')}):") + 1
        indented = itertools.takewhile(lambda line: line.startswith(" " * 24), result.outlines[start:])
        found[name] = " ".join(line.strip() for line in indented)
    assert found == INI_OPTIONS
