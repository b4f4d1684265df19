"""rds_export_failure: the failures that a test runs with, and the mistakes in asking for them."""

import re

import pytest

from helpers.inner import lines_after, run
from pytest_rds_export import failures

FAIL = """
def test_it(rds_export_failure, rds_export_tasks, rds_export_client):
    with pytest.raises(rds_export_failure.exception, match=rds_export_failure.match):
        rds_export_client.{method}({parameters})
"""
CANCEL = FAIL.format(method="cancel_export_task", parameters='ExportTaskIdentifier="nightly"')
DESCRIBE = FAIL.format(method="describe_export_tasks", parameters="")
NO_FAILURE = (
    "the fixture rds_export_failure needs a parameter, which pytest cannot give it here (unittest, getfixturevalue). "
    "Write @pytest.mark.parametrize('rds_export_failure', [...], indirect=True), or use rds_export_tasks.inject() "
    "instead"
)


def ids(result):
    """The ids of the parametrized tests, in the order in which they passed."""
    return re.findall(r"test_it\[(.+?)\] PASSED", result.stdout.str())


def names(operation, kinds):
    return [failure.name for failure in failures(operation, kinds)]


def test_default_is_documented_failures_of_cancel(pytester):
    """Without a marker the test runs once for each documented failure of CancelExportTask."""
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
def test_marker_selects_operation_and_kinds(pytester, marker, kinds):
    """The marker selects the operation and the kinds; the failures keep the order of the catalogue."""
    result = run(pytester, f"@pytest.mark.rds_export_failure({marker}){DESCRIBE}", "-v")

    assert ids(result) == names("DescribeExportTasks", kinds)
    result.assert_outcomes(passed=len(ids(result)))


@pytest.mark.parametrize(
    ("marker", "kept"),
    [
        ('exclude="ExportTaskNotFound"', ["InvalidExportTaskStateFault"]),
        ('exclude=["InvalidExportTaskStateFault"]', ["ExportTaskNotFound"]),
        ('exclude=("ExportTaskNotFoundFault",)', ["InvalidExportTaskStateFault"]),
    ],
    ids=["name", "list", "exception class"],
)
def test_exclude(pytester, marker, kept):
    """The argument exclude leaves failures out, by their names or by the names of the exception classes."""
    result = run(pytester, f"@pytest.mark.rds_export_failure({marker}){CANCEL}", "-v")

    assert ids(result) == kept
    result.assert_outcomes(passed=1)


def test_exclude_of_another_kind(pytester):
    """The argument exclude may name a failure that the kinds do not select."""
    result = run(pytester, f"@pytest.mark.rds_export_failure(exclude=['Throttling']){CANCEL}", "-v")

    assert ids(result) == ["ExportTaskNotFound", "InvalidExportTaskStateFault"]


def test_marker_without_the_fixture(pytester):
    """The marker of a class or module does nothing to a test without the fixture; that of a function fails it."""
    result = run(
        pytester,
        """
pytestmark = pytest.mark.rds_export_failure("StartExportTask")

@pytest.mark.rds_export_failure("DescribeExportTasks")
class TestIt:
    def test_of_a_class(self):
        pass

@pytest.mark.rds_export_failure("DescribeExportTasks")
def test_it():
    pass
""",
    )

    result.assert_outcomes(passed=1, errors=1)
    assert lines_after(result, "ERROR at setup of test_it") == [
        (
            "the marker rds_export_failure does nothing without the fixture. Add rds_export_failure to the arguments, "
            "or @pytest.mark.usefixtures('rds_export_failure')"
        )
    ]


def test_closest_marker_wins(pytester):
    """The marker of a function takes precedence over that of its module."""
    result = run(
        pytester,
        f"""
pytestmark = pytest.mark.rds_export_failure("StartExportTask")

@pytest.mark.rds_export_failure("DescribeExportTasks"){DESCRIBE}
""",
        "-v",
    )

    assert ids(result) == ["ExportTaskNotFound"]


def test_every_attempt_fails(pytester):
    """Every attempt of every call fails with the failure."""
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
def test_indirect_parameter(pytester, argnames_and_values):
    """An indirect parameter is the name of a failure, or a Failure."""
    ids_of = "ids=lambda given: getattr(given, 'name', given)"
    result = run(pytester, f"@pytest.mark.parametrize({argnames_and_values}, indirect=True, {ids_of}){CANCEL}", "-v")

    result.assert_outcomes(passed=2)
    assert ids(result) == ["ExpiredToken", "Whatever"]


def test_other_parametrize_multiplies(pytester):
    """Another parametrize multiplies with the failures."""
    result = run(pytester, "@pytest.mark.parametrize('often', [1, 2])" + CANCEL.replace("(rds", "(often, rds", 1))

    result.assert_outcomes(passed=4)


def test_unknown_name(pytester):
    """An unknown name is an error that suggests the closest names, without a traceback."""
    result = run(pytester, f'@pytest.mark.parametrize("rds_export_failure", ["Throtling"], indirect=True){CANCEL}')

    result.assert_outcomes(errors=1)
    assert lines_after(result, "ERROR at setup of test_it[Throtling]") == [
        (
            "fixture rds_export_failure: unknown failure 'Throtling'. Did you mean 'Throttling' or "
            "'ThrottlingException'? If another operation fails with it, pass operation="
        )
    ]


def error_of_collection(result):
    """The lines of the error of the collection, which has no traceback."""
    assert result.ret == pytest.ExitCode.INTERRUPTED
    title = next(index for index, line in enumerate(result.outlines) if "ERROR collecting" in line)
    end = next(index for index, line in enumerate(result.outlines[title:], title) if line.startswith("==="))
    return list(filter(None, result.outlines[title + 1 : end]))


def test_marker_and_parametrize_together(pytester):
    """The marker and a parametrize of the fixture together are a usage error."""
    result = run(
        pytester,
        '@pytest.mark.rds_export_failure("CancelExportTask")\n'
        f'@pytest.mark.parametrize("rds_export_failure", ["Throttling"], indirect=True){CANCEL}',
    )

    (message,) = error_of_collection(result)
    assert message == (
        "test_it.py::test_it: use the marker rds_export_failure or a parametrize of rds_export_failure, not both"
    )


@pytest.mark.parametrize(
    ("marker", "text"),
    [
        (
            '"cancel_export_task"',
            "use the API operation name 'CancelExportTask', not 'cancel_export_task'",
        ),
        (
            '"CancelExportTask", kinds=("rare",)',
            "unknown kind of failure 'rare'. Use one of 'documented', 'common' or 'transport'",
        ),
        ('kind="common"', "unknown argument 'kind'. Did you mean 'kinds'?"),
        ("kinds=5", "kinds must be a list of the names of kinds, got int 5"),
        (
            '"StartExportTask", "CancelExportTask"',
            "it takes one operation, got ('StartExportTask', 'CancelExportTask'); use a marker for each test",
        ),
        (
            'exclude="ExportTaskNotFond"',
            "unknown failure 'ExportTaskNotFond' of CancelExportTask. Did you mean 'ExportTaskNotFound'?",
        ),
    ],
)
def test_wrong_marker(pytester, marker, text):
    """A mistake in the marker is a usage error that names the test."""
    result = run(pytester, f"@pytest.mark.rds_export_failure({marker}){CANCEL}")

    (message,) = error_of_collection(result)
    assert message == f"test_it.py::test_it: marker rds_export_failure: {text}"


def test_overridden_fixture(pytester):
    """A fixture of the same name that the user defines is not parametrized."""
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


def test_getfixturevalue(pytester):
    """Requested at run time, the fixture fails with what to do instead."""
    result = run(pytester, "def test_it(request):\n    request.getfixturevalue('rds_export_failure')\n")

    result.assert_outcomes(failed=1)
    assert NO_FAILURE in lines_after(result, "test_it ____")


def test_unittest_case(pytester):
    """In a unittest.TestCase, the fixture fails with what to do instead."""
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


def test_removed_before_other_fixtures_end(pytester):
    """The failure is removed before the other fixtures of the test are torn down."""
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


def test_xdist(pytester):
    """The workers of pytest-xdist collect the same ids."""
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
    ("marker", "text"),
    [
        ('"CancelExportTask", kinds=()', "CancelExportTask has no failures left for kinds=(), exclude=()"),
        (
            '"DescribeDBEngineVersions"',
            "DescribeDBEngineVersions has no failures left for kinds=('documented',), exclude=()",
        ),
        (
            'exclude=["ExportTaskNotFound", "InvalidExportTaskStateFault"]',
            (
                "CancelExportTask has no failures left for kinds=('documented',), "
                "exclude=['ExportTaskNotFound', 'InvalidExportTaskStateFault']"
            ),
        ),
    ],
    ids=["no kind", "none documented", "all excluded"],
)
def test_marker_that_selects_nothing(pytester, marker, text):
    """A marker that selects no failure is a usage error that names its arguments."""
    result = run(pytester, f"@pytest.mark.rds_export_failure({marker}){CANCEL}")

    (message,) = error_of_collection(result)
    assert message == f"test_it.py::test_it: marker rds_export_failure: {text}"


def test_operation_that_is_not_a_string(pytester):
    """An operation that is not a string is a usage error."""
    result = run(pytester, f"@pytest.mark.rds_export_failure(['CancelExportTask']){CANCEL}")

    (message,) = error_of_collection(result)
    assert message == (
        "test_it.py::test_it: marker rds_export_failure: operation must be an API operation name such as "
        "'CancelExportTask', got list ['CancelExportTask']"
    )
