"""Options: defaults, what each allows, and how an ini file spells them."""

import boto3
import pytest

from _aws import raises_exactly
from _names import OPTIONS
from pytest_rds_export import Stuck, Timeline, fake_rds_export


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("region", "Dublin", "a region has a name such as 'eu-west-1', got 'Dublin'"),
        ("region", 1, "a region has a name such as 'eu-west-1', got 1"),
        ("account_id", "1234", "account_id is a text of 12 digits, got '1234'"),
        ("account_id", 123456789012, "account_id is a text of 12 digits, got 123456789012"),
        ("describe_unknown", "none", "describe_unknown is 'error' or 'empty', got 'none'"),
        ("concurrent_limit", 0, "concurrent_limit is a whole number of at least 1, got 0"),
        ("concurrent_limit", 1.5, "concurrent_limit is a whole number of at least 1, got 1.5"),
        ("concurrent_limit", True, "concurrent_limit is a whole number of at least 1, got True"),
        ("page_size", 0, "page_size is a whole number from 1 to 100, got 0"),
        ("page_size", 101, "page_size is a whole number from 1 to 100, got 101"),
        ("page_size", "20", "page_size is a whole number from 1 to 100, got '20'"),
        ("timeline", "slow", "timeline is a Timeline, Polls or Stuck, got 'slow'"),
        ("assert_all_injected", "no", "assert_all_injected is True or False, got 'no'"),
        ("assert_all_answered", 0, "assert_all_answered is True or False, got 0"),
    ],
)
def test_a_value_that_is_not_allowed(option, value, text):
    with raises_exactly(ValueError, text):
        fake_rds_export("nightly", **{option: value})


@pytest.mark.parametrize(
    ("option", "known"),
    [
        ("pagesize", ("page_size", *(name for name in OPTIONS if name != "page_size"))),
        ("speed", OPTIONS),
    ],
)
def test_an_unknown_option(option, known):
    with raises_exactly(TypeError, f"unknown option {option!r}; known: {', '.join(known)}"):
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
def test_the_region_is_the_environments(monkeypatch, variables, region):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    with fake_rds_export("nightly") as registry:
        assert (registry.region, registry["nightly"].region) == (region, region)


def test_the_region_that_is_given_is_the_environments_meanwhile(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")

    with fake_rds_export("nightly", region="eu-west-1"):
        client = boto3.client("rds")
        assert client.meta.region_name == "eu-west-1"
        assert client.describe_export_tasks()["ExportTasks"]

    assert boto3.client("rds").meta.region_name == "us-west-2"


def test_the_account_is_in_the_arns():
    with fake_rds_export("nightly", account_id="999988887777") as registry:
        assert registry["nightly"].source_arn == "arn:aws:rds:us-east-1:999988887777:snapshot:nightly"
        assert registry.seed_snapshot("nightly")["DBSnapshotArn"] == registry["nightly"].source_arn


def test_the_timeline_is_that_of_tasks_without_one():
    own = Timeline(in_progress=1)
    with fake_rds_export("nightly", timeline=Stuck()) as registry:
        assert registry["nightly"].timeline == Stuck()
        assert registry.seed("other", timeline=own).timeline == own


def test_the_closest_option_wins(pytester):
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
        ("rds_export_assert_all_injected = false", "options.assert_all_injected", False),
        ("rds_export_assert_all_injected = No", "options.assert_all_injected", False),
        ("rds_export_assert_all_answered = 1", "options.assert_all_answered", True),
    ],
)
def test_an_ini_file_spells_each_kind(pytester, line, expression, value):
    pytester.makeini(f"[pytest]\n{line}\n")
    pytester.makepyfile(f"def test_option(rds_export_tasks):\n    assert rds_export_tasks.{expression} == {value!r}\n")

    pytester.runpytest("-p", "no:randomly").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            "rds_export_page_size = many",
            "ini key rds_export_page_size: page_size is a whole number, got 'many'",
        ),
        (
            "rds_export_page_size = 101",
            "ini key rds_export_page_size: page_size is a whole number from 1 to 100, got 101",
        ),
        (
            "rds_export_assert_all_answered = maybe",
            "ini key rds_export_assert_all_answered: assert_all_answered is true or false, got 'maybe'",
        ),
    ],
)
def test_a_mistake_in_an_ini_file(pytester, line, text):
    pytester.makeini(f"[pytest]\n{line}\n")

    result = pytester.runpytest("-p", "no:randomly")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {text}"])


def test_an_unknown_option_of_the_marker(pytester):
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.rds_export_tasks(pagesize=20)
        def test_option(rds_export_tasks): ...
        """
    )

    result = pytester.runpytest("-p", "no:randomly")

    result.assert_outcomes(errors=1)
    known = ", ".join(["page_size", *(name for name in OPTIONS if name != "page_size")])
    result.stdout.fnmatch_lines([f"E *TypeError: unknown option 'pagesize'; known: {known}"])
