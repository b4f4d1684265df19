"""Options from the marker and from ini keys: the closest wins, and a mistake is told."""

import pytest

from _inner import run
from _names import OPTIONS

CLOSEST_FIRST = ["page_size", *(name for name in OPTIONS if name != "page_size")]
SHOW = """
def test_it(rds_export_tasks):
    print(rds_export_tasks.options)
"""


def with_ini(pytester, **values):
    pytester.makeini("[pytest]\n" + "".join(f"rds_export_{name} = {value}\n" for name, value in values.items()))


def test_seeds_of_all_markers_add_up_and_the_closest_option_wins(pytester):
    result = run(
        pytester,
        """
pytestmark = pytest.mark.rds_export_tasks("module", page_size=20, region="eu-west-1", account_id="111111111111")

@pytest.mark.rds_export_tasks("class", page_size=30, region="eu-west-2")
class TestClass:
    @pytest.mark.rds_export_tasks("function", page_size=40)
    def test_it(self, rds_export_tasks):
        options = rds_export_tasks.options
        assert list(rds_export_tasks) == ["module", "class", "function"]
        assert (options.page_size, options.region, options.account_id) == (40, "eu-west-2", "111111111111")
""",
    )

    result.assert_outcomes(passed=1)


def test_several_markers_on_one_function_add_up_and_the_lowest_wins(pytester):
    result = run(
        pytester,
        """
@pytest.mark.rds_export_tasks("farther", page_size=20)
@pytest.mark.rds_export_tasks("closest", page_size=30)
def test_it(rds_export_tasks):
    assert list(rds_export_tasks) == ["farther", "closest"]
    assert rds_export_tasks.options.page_size == 30
""",
    )

    result.assert_outcomes(passed=1)


def test_marker_takes_every_form_of_seed(pytester):
    pytester.path.joinpath("tasks.json").write_text('{"ExportTasks": [{"ExportTaskIdentifier": "from-file"}]}')
    result = run(
        pytester,
        """
from pathlib import Path

@pytest.mark.rds_export_tasks(
    "nightly", ExportTask("done", status="COMPLETE"), {"ExportTaskIdentifier": "mapping"}, Path("tasks.json"))
def test_it(rds_export_tasks):
    assert list(rds_export_tasks) == ["nightly", "done", "mapping", "from-file"]
""",
    )

    result.assert_outcomes(passed=1)


def test_ini_keys_set_what_no_marker_says(pytester):
    with_ini(
        pytester,
        region="eu-west-1",
        account_id="111111111111",
        describe_unknown="empty",
        concurrent_limit=2,
        page_size=20,
        assert_all_injected="false",
        assert_all_answered="no",
    )
    result = run(
        pytester,
        """
@pytest.mark.rds_export_tasks(page_size=30)
def test_it(rds_export_tasks):
    options = rds_export_tasks.options
    assert (options.region, options.account_id, options.describe_unknown) == ("eu-west-1", "111111111111", "empty")
    assert (options.concurrent_limit, options.page_size) == (2, 30)
    assert (options.assert_all_injected, options.assert_all_answered) == (False, False)
""",
    )

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("1", True), ("Yes", True), ("False", False), ("0", False)]
)
def test_a_flag_is_spelled_in_many_ways(pytester, text, value):
    with_ini(pytester, assert_all_injected=text)

    result = run(
        pytester,
        f"def test_it(rds_export_tasks):\n    assert rds_export_tasks.options.assert_all_injected is {value}\n",
    )

    result.assert_outcomes(passed=1)


def test_ini_file_may_be_a_pyproject(pytester):
    pytester.makepyprojecttoml(
        '[tool.pytest.ini_options]\nrds_export_region = "eu-west-1"\nrds_export_page_size = "20"\n'
    )

    result = run(
        pytester,
        """
def test_it(rds_export_tasks):
    assert (rds_export_tasks.region, rds_export_tasks.options.page_size) == ("eu-west-1", 20)
""",
    )

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("name", ["regoin", "timeline"])
def test_an_unknown_ini_key_is_told_by_pytest(pytester, name):
    with_ini(pytester, **{name: "x"})

    result = run(pytester, "")

    result.stdout.fnmatch_lines([f"*PytestConfigWarning: Unknown config option: rds_export_{name}"])


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("region", "Ireland", "a region has a name such as 'eu-west-1', got 'Ireland'"),
        ("account_id", "12", "account_id is a text of 12 digits, got '12'"),
        ("describe_unknown", "raise", "describe_unknown is 'error' or 'empty', got 'raise'"),
        ("concurrent_limit", "0", "concurrent_limit is a whole number of at least 1, got 0"),
        ("page_size", "many", "page_size is a whole number, got 'many'"),
        ("page_size", "101", "page_size is a whole number from 1 to 100, got 101"),
        ("assert_all_injected", "maybe", "assert_all_injected is true or false, got 'maybe'"),
    ],
)
def test_a_value_of_an_ini_key_that_is_not_allowed_is_a_usage_error(pytester, name, value, text):
    with_ini(pytester, **{name: value})

    result = run(pytester, SHOW)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.errlines[0] == f"ERROR: ini key rds_export_{name}: {text}"


@pytest.mark.parametrize(
    ("marker", "text"),
    [
        ("page_sice=20", f"TypeError: unknown option 'page_sice'; known: {', '.join(CLOSEST_FIRST)}"),
        ("page_size=0", "ValueError: page_size is a whole number from 1 to 100, got 0"),
        ("timeline=60", "ValueError: timeline is a Timeline, Polls or Stuck, got 60"),
        ("'two words'", "ValueError: *'two words'*"),
        ("7", "TypeError: a seed is an identifier, an ExportTask, a mapping in the API's shape or a path to *, got 7"),
    ],
)
def test_a_marker_that_is_wrong_fails_the_set_up(pytester, marker, text):
    result = run(pytester, f"@pytest.mark.rds_export_tasks({marker}){SHOW}")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["* ERROR at setup of test_it *", f"E * {text}"])


def test_a_set_up_that_failed_leaves_nothing_behind(pytester):
    result = run(
        pytester,
        """
import os
from botocore.hooks import HierarchicalEmitter

emit, environment = HierarchicalEmitter.emit, dict(os.environ)

@pytest.mark.rds_export_tasks("nightly", "nightly")
def test_wrong(rds_export_tasks):
    pass

def test_after():
    assert HierarchicalEmitter.emit is emit
    here = dict(os.environ, PYTEST_CURRENT_TEST="")
    assert here == dict(environment, PYTEST_CURRENT_TEST="")
""",
    )

    result.assert_outcomes(passed=1, errors=1)
