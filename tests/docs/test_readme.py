"""Every example of the README runs."""

import re

from helpers.documents import examples, text_of
from helpers.inner import run_again

EXAMPLES = examples("README.md")


def test_examples():
    """The README has these examples."""
    assert {"conftest", "test_cancel", "test_seeds", "test_failures"} == set(EXAMPLES)


def test_run(pytester):
    """All examples pass in one folder."""
    pytester.makeconftest(EXAMPLES["conftest"])
    pytester.makepyfile(**{f"{name}_of_the_readme": code for name, code in EXAMPLES.items() if name != "conftest"})

    run_again(pytester).assert_outcomes(passed=5)


def test_conftest(pytester):
    """The conftest of the README seeds what it says."""
    pytester.makeconftest(EXAMPLES["conftest"])
    pytester.makepyfile("def test_seed(rds_export_tasks): assert list(rds_export_tasks) == ['hourly', 'weekly']")

    run_again(pytester).assert_outcomes(passed=1)


def test_report_of_the_readme(pytester):
    """The report is as the README shows it."""
    report = re.search(r"```text\n(.*?)```", text_of("README.md"), re.DOTALL)[1]
    pytester.makepyfile(
        """
        import boto3

        def test_wrong_region(rds_export_tasks):
            rds_export_tasks.seed("nightly")
            boto3.client("rds", "eu-west-1").cancel_export_task(ExportTaskIdentifier="nightly")
        """
    )

    result = run_again(pytester)

    result.stdout.fnmatch_lines(report.splitlines(), consecutive=True)
