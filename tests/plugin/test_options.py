"""Options: defaults, allowed values, and their spelling in an ini file."""

import boto3
import pytest

from helpers.aws import raises_exactly
from pytest_rds_export import Stuck, Timeline, fake_rds_export

# Before 8.4, pytest has no ini options of type "int", and the plugin converts the string.
NOT_AN_INT = (
    "invalid literal for int() with base 10: 'many'"
    if pytest.version_tuple >= (8, 4)
    else "page_size must be an int, got 'many'"
)


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("region", "Dublin", "region must be a name such as 'eu-west-1', got 'Dublin'"),
        ("region", 1, "region must be a name such as 'eu-west-1', got 1"),
        ("account_id", "1234", "account_id must be a string of 12 digits, got str '1234'"),
        (
            "account_id",
            123456789012,
            (
                "account_id must be a string of 12 digits, got int 123456789012. Put it in quotes: "
                "account_id='123456789012'"
            ),
        ),
        ("describe_unknown", "none", "describe_unknown must be 'error' or 'empty', got 'none'"),
        ("concurrent_limit", 0, "concurrent_limit must be an int of at least 1, got 0"),
        ("concurrent_limit", 1.5, "concurrent_limit must be an int of at least 1, got float 1.5"),
        ("concurrent_limit", True, "concurrent_limit must be an int of at least 1, got bool True"),
        (
            "concurrent_limit_scope",
            "global",
            "concurrent_limit_scope must be 'region' or 'account', got 'global'",
        ),
        ("concurrent_limit_scope", None, "concurrent_limit_scope must be 'region' or 'account', got None"),
        ("page_size", 0, "page_size must be an int from 1 to 100, got 0"),
        ("page_size", 101, "page_size must be an int from 1 to 100, got 101"),
        ("page_size", "20", "page_size must be an int from 1 to 100, got str '20'"),
        ("timeline", "slow", "timeline must be a Timeline, Polls or Stuck, got str 'slow'"),
        ("timeline", Stuck, "timeline must be a Timeline, Polls or Stuck, got the class Stuck. Write Stuck()"),
        ("assert_all_injected", "no", "assert_all_injected must be True or False, got 'no'"),
        ("assert_all_answered", 0, "assert_all_answered must be True or False, got 0"),
    ],
)
def test_a_value_that_is_not_allowed(option, value, text):
    """A wrong value is refused with the option's name and what is allowed."""
    with raises_exactly(ValueError, text):
        fake_rds_export("nightly", **{option: value})


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("pagesize", "unknown option 'pagesize'. Did you mean 'page_size'?"),
        ("limit", "unknown option 'limit'. Did you mean 'concurrent_limit' or 'concurrent_limit_scope'?"),
        (
            "speed",
            (
                "unknown option 'speed'. Use one of 'region', 'account_id', 'describe_unknown', 'concurrent_limit', "
                "'concurrent_limit_scope', 'page_size', 'assert_all_injected', 'assert_all_answered' or 'timeline'"
            ),
        ),
    ],
)
def test_an_unknown_option(option, text):
    """An unknown option is refused with the similar ones, or with all of them."""
    with raises_exactly(TypeError, text):
        fake_rds_export(**{option: 20})


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({}, "us-east-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_REGION": "eu-central-1"}, "eu-central-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-central-1"}, "eu-west-1"),
    ],
)
def test_the_region_of_the_environment(monkeypatch, variables, region):
    """The default region is that of the environment, otherwise us-east-1."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    with fake_rds_export("nightly") as registry:
        assert (registry.region, registry["nightly"].region) == (region, region)


def test_the_region_is_in_the_environment(monkeypatch):
    """The option region sets the region in the environment while the fake is active."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")

    with fake_rds_export("nightly", region="eu-west-1"):
        client = boto3.client("rds")
        assert client.meta.region_name == "eu-west-1"
        assert client.describe_export_tasks()["ExportTasks"]

    assert boto3.client("rds").meta.region_name == "us-west-2"


def test_the_account_is_in_the_arns():
    """The option account_id is in the ARNs of sources."""
    with fake_rds_export("nightly", account_id="999988887777") as registry:
        assert registry["nightly"].source_arn == "arn:aws:rds:us-east-1:999988887777:snapshot:nightly"
        assert registry.seed_snapshot("nightly").arn == registry["nightly"].source_arn


def test_the_timeline():
    """The option timeline is that of tasks that have no timeline of their own."""
    own = Timeline(in_progress=1)
    with fake_rds_export("nightly", timeline=Stuck()) as registry:
        assert registry["nightly"].timeline == Stuck()
        assert registry.seed("other", timeline=own).timeline == own


def test_the_closest_option_wins(pytester):
    """The marker of a function overrides that of its module, which overrides the ini file."""
    pytester.makeini("[pytest]\nrds_export_page_size = 3\nrds_export_account_id = 999988887777\n")
    pytester.makepyfile(
        """
        import pytest

        pytestmark = pytest.mark.rds_export_tasks("first", "second", "third", "fourth", page_size=2)

        def size(client):
            return len(client.describe_export_tasks()["ExportTasks"])

        def test_of_the_module(rds_export_client, rds_export_tasks):
            assert size(rds_export_client) == 2
            assert rds_export_tasks.account_id == "999988887777"

        @pytest.mark.rds_export_tasks(page_size=1)
        def test_of_the_function(rds_export_client):
            assert size(rds_export_client) == 1
        """
    )
    pytester.makepyfile(
        test_of_the_ini_file="""
        def test_of_the_ini_file(rds_export_tasks, rds_export_client):
            rds_export_tasks.seed_all(["first", "second", "third", "fourth"])
            assert len(rds_export_client.describe_export_tasks()["ExportTasks"]) == 3
        """
    )

    pytester.runpytest("-p", "no:randomly").assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("line", "expression", "value"),
    [
        ("rds_export_region = eu-west-1", "region", "eu-west-1"),
        ("rds_export_concurrent_limit = 2", "options.concurrent_limit", 2),
        ("rds_export_concurrent_limit_scope = account", "options.concurrent_limit_scope", "account"),
        ("rds_export_assert_all_injected = false", "options.assert_all_injected", False),
        ("rds_export_assert_all_injected = No", "options.assert_all_injected", False),
        ("rds_export_assert_all_answered = 1", "options.assert_all_answered", True),
    ],
)
def test_an_option_in_an_ini_file(pytester, line, expression, value):
    """An ini file can hold options of each type."""
    pytester.makeini(f"[pytest]\n{line}\n")
    pytester.makepyfile(f"def test_option(rds_export_tasks):\n    assert rds_export_tasks.{expression} == {value!r}\n")

    pytester.runpytest("-p", "no:randomly").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("rds_export_page_size = many", f"rds_export_page_size: {NOT_AN_INT}"),
        ("rds_export_page_size = 101", "rds_export_page_size: page_size must be an int from 1 to 100, got 101"),
        ("rds_export_assert_all_answered = maybe", "rds_export_assert_all_answered: invalid truth value 'maybe'"),
    ],
)
def test_a_mistake_in_an_ini_file(pytester, line, text):
    """A wrong value in an ini file is a usage error that names the file and the option."""
    pytester.makeini(f"[pytest]\n{line}\n")

    result = pytester.runpytest("-p", "no:randomly")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.errlines[0] == f"ERROR: {pytester.path / 'tox.ini'}: {text}"


def test_an_unknown_option_of_the_marker(pytester):
    """An unknown option of the marker fails the setup with the marker's name."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.rds_export_tasks(pagesize=20)
        def test_option(rds_export_tasks): ...
        """
    )

    result = pytester.runpytest("-p", "no:randomly")

    result.assert_outcomes(errors=1)
    text = "marker rds_export_tasks: unknown option 'pagesize'. Did you mean 'page_size'?"
    result.stdout.fnmatch_lines(["* ERROR at setup of test_option *", text])
