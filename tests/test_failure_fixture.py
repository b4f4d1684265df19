"""rds_export_failure: which failures a test meets, and when it is told that it has none."""

import re
from fnmatch import fnmatch

import pytest

from _inner import lines_after, run
from pytest_rds_export import failures

MEET = """
def test_it(rds_export_failure, rds_export_tasks, rds_export_client):
    with pytest.raises(rds_export_failure.exception, match=rds_export_failure.match):
        rds_export_client.{method}({parameters})
"""
CANCEL = MEET.format(method="cancel_export_task", parameters='ExportTaskIdentifier="nightly"')
DESCRIBE = MEET.format(method="describe_export_tasks", parameters="")
NO_FAILURE = (
    "rds_export_failure has no failure here: name one with @pytest.mark.parametrize('rds_export_failure', [...], "
    "indirect=True), or, where pytest cannot parametrize (unittest, getfixturevalue), call rds_export_tasks.inject()"
)


def ids(result):
    """The ids of the parametrized tests, in the order in which they passed."""
    return re.findall(r"test_it\[(.+?)\] PASSED", result.stdout.str())


def names(operation, kinds):
    return [failure.name for failure in failures(operation, kinds)]


def test_unparametrized_it_runs_once_for_each_documented_failure_of_cancel(pytester):
    result = run(pytester, CANCEL, "-v")

    result.assert_outcomes(passed=2)
    assert ids(result) == ["ExportTaskNotFound", "InvalidExportTaskStateFault"]


@pytest.mark.parametrize(
    ("marker", "kinds"),
    [
        ('"DescribeExportTasks"', ["documented"]),
        ('operation="DescribeExportTasks", kinds=("common", "transport")', ["common", "transport"]),
        ('"DescribeExportTasks", kinds="transport"', ["transport"]),
    ],
)
def test_marker_picks_the_operation_and_the_kinds_in_the_catalogues_order(pytester, marker, kinds):
    result = run(pytester, f"@pytest.mark.rds_export_failure({marker}){DESCRIBE}", "-v")

    assert ids(result) == names("DescribeExportTasks", kinds)
    result.assert_outcomes(passed=len(ids(result)))


def test_closest_marker_wins(pytester):
    result = run(
        pytester,
        f"""
pytestmark = pytest.mark.rds_export_failure("StartExportTask")

@pytest.mark.rds_export_failure("DescribeExportTasks"){DESCRIBE}
""",
        "-v",
    )

    assert ids(result) == ["ExportTaskNotFound"]


def test_it_is_armed_for_every_send(pytester):
    result = run(
        pytester,
        """
@pytest.mark.parametrize("rds_export_failure", ["Throttling"], indirect=True)
def test_it(rds_export_failure, rds_export_tasks, rds_export_client):
    for _ in range(2):
        with pytest.raises(rds_export_failure.exception, match=rds_export_failure.match):
            rds_export_client.cancel_export_task(ExportTaskIdentifier="nightly")
    assert all(call.error_code == "Throttling" and call.attempts > 1 for call in rds_export_tasks.calls)
""",
    )

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "argnames_and_values",
    [
        '" rds_export_failure ", ["ExpiredToken", Failure("Whatever", http_status=418)]',
        '["rds_export_failure"], [("ExpiredToken",), (Failure("Whatever", http_status=418),)]',
        'argnames="rds_export_failure", argvalues=["ExpiredToken", Failure("Whatever", http_status=418)]',
    ],
)
def test_indirect_parameter_is_a_name_or_a_failure(pytester, argnames_and_values):
    ids_of = "ids=lambda given: getattr(given, 'name', given)"
    result = run(pytester, f"@pytest.mark.parametrize({argnames_and_values}, indirect=True, {ids_of}){CANCEL}", "-v")

    result.assert_outcomes(passed=2)
    assert ids(result) == ["ExpiredToken", "Whatever"]


def test_parametrize_of_something_else_multiplies_with_it(pytester):
    result = run(pytester, "@pytest.mark.parametrize('often', [1, 2])" + CANCEL.replace("(rds", "(often, rds", 1))

    result.assert_outcomes(passed=4)


def test_an_unknown_name_is_refused_with_the_known_ones(pytester):
    result = run(pytester, f'@pytest.mark.parametrize("rds_export_failure", ["Throtling"], indirect=True){CANCEL}')

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E * ValueError: unknown failure 'Throtling'; known: Throttling, *"])


def error_of_collection(result):
    """What the collection says, which has neither a traceback nor any other error."""
    assert result.ret == pytest.ExitCode.INTERRUPTED
    title = next(index for index, line in enumerate(result.outlines) if "ERROR collecting" in line)
    end = next(index for index, line in enumerate(result.outlines[title:], title) if line.startswith("==="))
    return list(filter(None, result.outlines[title + 1 : end]))


def test_marker_and_parametrize_together_are_a_usage_error_that_names_both(pytester):
    result = run(
        pytester,
        '@pytest.mark.rds_export_failure("CancelExportTask")\n'
        f'@pytest.mark.parametrize("rds_export_failure", ["Throttling"], indirect=True){CANCEL}',
    )

    (said,) = error_of_collection(result)
    assert said == (
        "test_it.py::test_it: the marker rds_export_failure and a parametrize of rds_export_failure exclude each "
        "other; keep one of them"
    )


@pytest.mark.parametrize(
    ("marker", "text"),
    [
        (
            '"cancel_export_task"',
            "operations go by the API's name: 'CancelExportTask', not 'cancel_export_task'",
        ),
        (
            '"CancelExportTask", kinds=("rare",)',
            "unknown kind of failure 'rare'; known: documented, common, transport",
        ),
        ('kind="common"', "*unexpected keyword argument 'kind'*"),
    ],
)
def test_a_marker_that_is_wrong_is_a_usage_error(pytester, marker, text):
    result = run(pytester, f"@pytest.mark.rds_export_failure({marker}){CANCEL}")

    (said,) = error_of_collection(result)
    assert fnmatch(said, f"test_it.py::test_it: marker rds_export_failure: {text}")


def test_a_fixture_of_the_users_own_is_not_parametrized(pytester):
    result = run(
        pytester,
        """
@pytest.fixture
def rds_export_failure(rds_export_tasks):
    return "the user's own"

def test_it(rds_export_failure):
    assert rds_export_failure == "the user's own"
""",
        "-v",
    )

    result.stdout.fnmatch_lines(["test_it.py::test_it PASSED*"])


def test_asked_for_at_run_time_it_says_what_to_do_in_one_sentence(pytester):
    result = run(pytester, "def test_it(request):\n    request.getfixturevalue('rds_export_failure')\n")

    result.assert_outcomes(failed=1)
    assert NO_FAILURE in lines_after(result, "test_it ____")


def test_in_a_unittest_case_it_says_what_to_do_in_one_sentence(pytester):
    result = run(
        pytester,
        """
import unittest

@pytest.mark.usefixtures("rds_export_failure")
class TestIt(unittest.TestCase):
    def test_it(self):
        pass
""",
    )

    result.assert_outcomes(errors=1)
    assert NO_FAILURE in lines_after(result, "ERROR at setup of TestIt.test_it")


def test_it_is_lifted_before_the_other_fixtures_end(pytester):
    result = run(
        pytester,
        """
@pytest.fixture
def tidy(rds_export_tasks, rds_export_client):
    yield
    rds_export_client.describe_export_tasks()

@pytest.mark.rds_export_failure("DescribeExportTasks")
def test_it(tidy, rds_export_failure, rds_export_client):
    with pytest.raises(rds_export_failure.exception, match=rds_export_failure.match):
        rds_export_client.describe_export_tasks()
""",
    )

    result.assert_outcomes(passed=1)


def test_workers_of_xdist_collect_the_same_ids(pytester):
    pytest.importorskip("xdist")
    result = run(
        pytester,
        f'@pytest.mark.rds_export_failure("DescribeExportTasks", kinds=("documented", "common")){DESCRIBE}',
        "-p",
        "xdist.plugin",
        "-n2",
        "-v",
    )

    found = re.findall(r"PASSED test_it.py::test_it\[(\w+)\]", result.stdout.str())
    assert sorted(found) == sorted(names("DescribeExportTasks", ["documented", "common"]))


@pytest.mark.parametrize(
    "marker", ['"CancelExportTask", kinds=()', '"DescribeDBEngineVersions"'], ids=["no kind", "none documented"]
)
def test_a_marker_that_picks_nothing_is_a_usage_error(pytester, marker):
    result = run(pytester, f"@pytest.mark.rds_export_failure({marker}){CANCEL}")

    (said,) = error_of_collection(result)
    assert said == "test_it.py::test_it: marker rds_export_failure: the operation has no failures of these kinds"


def test_an_operation_that_is_no_name_is_a_usage_error(pytester):
    result = run(pytester, f"@pytest.mark.rds_export_failure(['CancelExportTask']){CANCEL}")

    (said,) = error_of_collection(result)
    assert said == (
        "test_it.py::test_it: marker rds_export_failure: an operation goes by the API's name, such as "
        "'CancelExportTask', got ['CancelExportTask']"
    )
