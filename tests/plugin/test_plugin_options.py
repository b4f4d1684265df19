"""Options from the marker and from the ini file: the closest wins, and a mistake is reported."""

import pytest

from helpers.inner import lines_after, run

# Before 8.4, pytest has no ini options of type "int", and the plugin converts the string.
HAS_INT = pytest.version_tuple >= (8, 4)
NOT_AN_INT = "invalid literal for int() with base 10: 'many'" if HAS_INT else "page_size must be an int, got 'many'"
SHOW = """
def test_it(rds_export_tasks):
    print(rds_export_tasks.options)
"""


def with_ini(pytester, **values):
    pytester.makeini("[pytest]\n" + "".join(f"rds_export_{name} = {value}\n" for name, value in values.items()))


def test_markers_of_module_class_and_function(pytester):
    """The seeds of all markers are added; of their options the closest one wins."""
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


def test_several_markers_on_one_function(pytester):
    """The seeds of several markers on a function are added; of their options the lowest marker's wins."""
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
    """The marker takes every form of seed."""
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


def test_ini_options(pytester):
    """Ini options apply where no marker sets the option."""
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
def test_spellings_of_a_bool(pytester, text, value):
    """A bool has several spellings in an ini file."""
    with_ini(pytester, assert_all_injected=text)

    result = run(
        pytester,
        f"def test_it(rds_export_tasks):\n    assert rds_export_tasks.options.assert_all_injected is {value}\n",
    )

    result.assert_outcomes(passed=1)


def test_pyproject_toml(pytester):
    """The options may be in pyproject.toml."""
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
def test_an_unknown_ini_option(pytester, name):
    """Pytest warns of an unknown ini option."""
    with_ini(pytester, **{name: "x"})

    result = run(pytester, "")

    result.stdout.fnmatch_lines([f"*PytestConfigWarning: Unknown config option: rds_export_{name}"])


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("region", "Ireland", "region must be a name such as 'eu-west-1', got 'Ireland'"),
        ("account_id", "12", "account_id must be a string of 12 digits, got str '12'"),
        ("describe_unknown", "raise", "describe_unknown must be 'error' or 'empty', got 'raise'"),
        ("concurrent_limit", "0", "concurrent_limit must be an int of at least 1, got 0"),
        ("page_size", "many", NOT_AN_INT),
        ("page_size", "101", "page_size must be an int from 1 to 100, got 101"),
        ("assert_all_injected", "maybe", "invalid truth value 'maybe'"),
    ],
)
def test_a_wrong_ini_option_is_a_usage_error(pytester, name, value, text):
    """A wrong value is a usage error that names the file and the option."""
    with_ini(pytester, **{name: value})

    result = run(pytester, SHOW)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.errlines[0] == f"ERROR: {pytester.path / 'tox.ini'}: rds_export_{name}: {text}"


@pytest.mark.skipif(not HAS_INT, reason="older versions of pytest have no ini options of type int")
def test_toml_may_hold_numbers_and_booleans(pytester):
    """A TOML file may hold an int and a bool instead of strings."""
    pytester.makepyprojecttoml(
        "[tool.pytest.ini_options]\nrds_export_page_size = 20\nrds_export_assert_all_injected = false\n"
    )

    result = run(
        pytester,
        """
def test_it(rds_export_tasks):
    options = rds_export_tasks.options
    assert (options.page_size, options.assert_all_injected) == (20, False)
""",
    )

    result.assert_outcomes(passed=1)


@pytest.mark.skipif(pytest.version_tuple < (9, 0), reason="older versions of pytest do not read [tool.pytest]")
def test_a_toml_value_of_the_wrong_type_is_a_usage_error(pytester):
    """A value of the wrong type in [tool.pytest] is refused with the file and the option, each named once."""
    pytester.makepyprojecttoml("[tool.pytest]\nrds_export_page_size = 20.5\n")

    result = run(pytester, SHOW)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    path = pytester.path / "pyproject.toml"
    assert result.errlines[0] == f"ERROR: {path}: config option 'rds_export_page_size' expects an int, got float: 20.5"


@pytest.mark.parametrize(
    ("marker", "text"),
    [
        ("page_sice=20", "unknown option 'page_sice'. Did you mean 'page_size'?"),
        ("page_size=0", "page_size must be an int from 1 to 100, got 0"),
        ("timeline=60", "timeline must be a Timeline, Polls or Stuck, got int 60"),
        ("timeline=Stuck", "timeline must be a Timeline, Polls or Stuck, got the class Stuck. Write Stuck()"),
        (
            "'two words'",
            (
                "identifier must be at most 60 ASCII letters, digits and single hyphens, with a letter first and no "
                "hyphen last, got 'two words'"
            ),
        ),
        (
            "7",
            (
                "a seed must be an identifier, an ExportTask, a mapping in the API's shape or a Path to a JSON file, "
                "got int 7"
            ),
        ),
    ],
)
def test_a_wrong_marker_fails_the_setup(pytester, marker, text):
    """A mistake in the marker fails the setup with the message alone, without a traceback of the plugin."""
    result = run(pytester, f"@pytest.mark.rds_export_tasks({marker}){SHOW}")

    result.assert_outcomes(errors=1)
    assert lines_after(result, "ERROR at setup of test_it") == [f"marker rds_export_tasks: {text}"]


def test_a_failed_setup_leaves_nothing_behind(pytester):
    """A setup that fails leaves botocore and the environment unchanged."""
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
