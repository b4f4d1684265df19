"""Where options and seeds come from: markers and the ini file. The closest wins, and a mistake names its place."""

import pytest

from helpers.inner import blocks, run

# Before 8.4, pytest has no ini options of type "int", and the plugin converts the string.
HAS_INT = pytest.version_tuple >= (8, 4)


def with_ini(pytester, **values):
    """Write an ini file with these options of the plugin."""
    pytester.makeini("[pytest]\n" + "".join(f"rds_export_{name} = {value}\n" for name, value in values.items()))


def test_markers_and_ini_file(pytester):
    """Of the options the closest wins: function, class, module, ini file; the seeds of all markers are added."""
    with_ini(
        pytester,
        region="eu-west-1",
        account_id="111111111111",
        describe_unknown="empty",
        concurrent_limit=2,
        page_size=20,
        assert_all_injected="false",
        assert_all_handled="No",
        assert_all_delivered="0",
    )
    pytester.makepyfile(
        test_ini_file="""
        def test_ini_file(rds_export_tasks):
            options = rds_export_tasks.options
            assert list(rds_export_tasks) == []
            assert (options.region, options.account_id) == ("eu-west-1", "111111111111")
            assert (options.describe_unknown, options.concurrent_limit, options.page_size) == ("empty", 2, 20)
            assert not (options.assert_all_injected or options.assert_all_handled or options.assert_all_delivered)
        """
    )
    pytester.path.joinpath("tasks.json").write_text('{"ExportTasks": [{"ExportTaskIdentifier": "from-file"}]}')
    result = run(
        pytester,
        """
from pathlib import Path

pytestmark = pytest.mark.rds_export_tasks("module", page_size=30, region="eu-west-2", describe_unknown="error")

@pytest.mark.rds_export_tasks("class", page_size=40, region="eu-west-3")
class TestClass:
    @pytest.mark.rds_export_tasks("function", page_size=50)
    def test_function(self, rds_export_tasks):
        options = rds_export_tasks.options
        assert list(rds_export_tasks) == ["module", "class", "function"]
        assert (options.page_size, options.region) == (50, "eu-west-3")
        assert (options.describe_unknown, options.account_id) == ("error", "111111111111")

@pytest.mark.rds_export_tasks("farther", page_size=20)
@pytest.mark.rds_export_tasks("closest", page_size=30)
def test_several_on_one_function(rds_export_tasks):
    assert list(rds_export_tasks) == ["module", "farther", "closest"]
    assert rds_export_tasks.options.page_size == 30

@pytest.mark.rds_export_tasks(
    "nightly", ExportTask("done", status="COMPLETE"), {"ExportTaskIdentifier": "mapping"}, Path("tasks.json"))
def test_every_form_of_seed(rds_export_tasks):
    assert list(rds_export_tasks) == ["module", "nightly", "done", "mapping", "from-file"]
""",
    )

    result.assert_outcomes(passed=4)


def test_pyproject(pytester):
    """The options may be in pyproject.toml, as strings or, if this version of pytest can, as an int and a bool."""
    number, boolean = ("20", "false") if HAS_INT else ('"20"', '"false"')
    pytester.makepyprojecttoml(
        '[tool.pytest.ini_options]\nrds_export_region = "eu-west-1"\nrds_export_concurrent_limit = "2"\n'
        f"rds_export_page_size = {number}\nrds_export_assert_all_injected = {boolean}\n"
    )

    result = run(
        pytester,
        """
def test_it(rds_export_tasks):
    options = rds_export_tasks.options
    assert (options.region, options.concurrent_limit) == ("eu-west-1", 2)
    assert (options.page_size, options.assert_all_injected) == (20, False)
""",
    )

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("region", "Ireland", "region must be a name such as 'eu-west-1', got 'Ireland'"),
        ("page_size", "many", "page_size must be an int from 1 to 100: invalid literal for int() with base 10: 'many'"),
        ("assert_all_injected", "maybe", "assert_all_injected must be True or False: invalid truth value 'maybe'"),
    ],
)
def test_wrong_ini_option(pytester, name, value, text):
    """A wrong value is a usage error that names the file and the option."""
    with_ini(pytester, **{name: value})

    result = run(pytester, "")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.errlines[0] == f"ERROR: {pytester.path / 'tox.ini'}: rds_export_{name}: {text}"


@pytest.mark.skipif(pytest.version_tuple < (9, 0), reason="older versions of pytest do not read [tool.pytest]")
def test_wrong_toml_type(pytester):
    """A value of the wrong type in [tool.pytest] is refused with the file and the option, each named once."""
    pytester.makepyprojecttoml("[tool.pytest]\nrds_export_page_size = 20.5\n")

    result = run(pytester, "")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.errlines[0] == (
        f"ERROR: page_size must be an int from 1 to 100: {pytester.path / 'pyproject.toml'}: "
        "config option 'rds_export_page_size' expects an int, got float: 20.5"
    )


def test_unknown_ini_option(pytester):
    """Pytest warns of a misspelled option, and of the option timeline, which an ini file cannot spell."""
    with_ini(pytester, regoin="eu-west-1", timeline="x")

    result = run(pytester, "")

    for name in ("regoin", "timeline"):
        result.stdout.fnmatch_lines([f"*PytestConfigWarning: Unknown config option: rds_export_{name}"])


WRONG_MARKERS = {
    "page_sice=20": "unknown option 'page_sice'. Did you mean 'page_size'?",
    "page_size=0": "page_size must be an int from 1 to 100, got 0",
    "'two words'": (
        "identifier must be at most 60 ASCII letters, digits and single hyphens, with a letter first and no hyphen "
        "last, got 'two words'"
    ),
    "'nightly', 'nightly'": (
        "export task 'nightly' exists already in us-east-1. Seed each identifier once; registry['nightly'] is the task"
    ),
    "7": (
        "a seed must be an identifier, an ExportTask, a mapping in the API's shape or a Path to a JSON file, got int 7"
    ),
}


def test_wrong_marker(pytester):
    """A mistake in a marker fails the setup with the message alone."""
    source = "".join(
        f"@pytest.mark.rds_export_tasks({marker})\ndef test_{number}(rds_export_tasks):\n    pass\n\n"
        for number, marker in enumerate(WRONG_MARKERS)
    )

    result = run(pytester, source)

    result.assert_outcomes(errors=len(WRONG_MARKERS))
    found = blocks(result)
    for number, text in enumerate(WRONG_MARKERS.values()):
        assert found[f"ERROR at setup of test_{number}"] == [f"marker rds_export_tasks: {text}"]
