"""rds_export_failure: the failures that a test runs with, and the mistakes in asking for them."""

import re

import pytest

from helpers.inner import blocks, run
from pytest_rds_export import failures

NO_PARAMETER = (
    "the fixture rds_export_failure needs a parameter, which pytest cannot give it here (unittest, getfixturevalue). "
    "Write @pytest.mark.parametrize('rds_export_failure', [...], indirect=True), or use rds_export_tasks.inject() "
    "instead"
)
NAMED = """
@pytest.mark.rds_export_tasks(assert_all_injected=False)
def test_{name}(rds_export_failure):
    pass
"""


def passed(result):
    """Return the ids of the parametrized tests that passed, in their order, by the name of the test."""
    found = {}
    for name, identifier in re.findall(r"test_(\w+)\[(.+?)\] PASSED", result.stdout.str()):
        found.setdefault(name, []).append(identifier)
    return found


def names(operation, *kinds):
    """Return the names of the failures of an operation."""
    return [failure.name for failure in failures(operation, kinds)]


def test_failing_calls(pytester):
    """Every attempt of every call fails with the failure, until the fixture ends; by default with those of a cancel."""
    result = run(
        pytester,
        """
def cancel(failure, client):
    with pytest.raises(failure.exception, match=failure.match):
        client.cancel_export_task(ExportTaskIdentifier="nightly")

@pytest.mark.parametrize("often", [1, 2])
def test_multiplied(often, rds_export_failure, rds_export_client):
    cancel(rds_export_failure, rds_export_client)

@pytest.mark.parametrize("rds_export_failure", ["Throttling"], indirect=True)
def test_every_attempt(rds_export_failure, rds_export_tasks, rds_export_client):
    for _ in range(2):
        cancel(rds_export_failure, rds_export_client)
    assert all(call.error_code == "Throttling" and call.attempts > 1 for call in rds_export_tasks.calls)

own = Failure("Whatever", http_status=418)

@pytest.mark.parametrize("often,rds_export_failure", [(2, own)], indirect=["rds_export_failure"])
def test_two_names(often, rds_export_failure, rds_export_client):
    cancel(rds_export_failure, rds_export_client)

@pytest.fixture
def tidy(rds_export_tasks, rds_export_client):
    yield
    rds_export_client.describe_export_tasks()

@pytest.mark.rds_export_failure("DescribeExportTasks")
def test_tidy(tidy, rds_export_failure, rds_export_client):
    with pytest.raises(rds_export_failure.exception, match=rds_export_failure.match):
        rds_export_client.describe_export_tasks()
""",
        "-v",
    )

    result.assert_outcomes(passed=7)
    assert passed(result) == {
        "multiplied": [
            f"{name}-{often}" for name in ("ExportTaskNotFound", "InvalidExportTaskStateFault") for often in (1, 2)
        ],
        "every_attempt": ["Throttling"],
        "two_names": ["2-rds_export_failure0"],
        "tidy": ["ExportTaskNotFound"],
    }


MARKERS = {
    '"DescribeExportTasks"': names("DescribeExportTasks", "documented"),
    'operation="DescribeExportTasks", kinds=("common", "transport")': names(
        "DescribeExportTasks", "common", "transport"
    ),
    '"DescribeExportTasks", kinds="transport"': names("DescribeExportTasks", "transport"),
    'exclude="ExportTaskNotFound"': ["InvalidExportTaskStateFault"],
    'exclude=["InvalidExportTaskStateFault"]': ["ExportTaskNotFound"],
    'exclude=("ExportTaskNotFoundFault",)': ["InvalidExportTaskStateFault"],  # the exception class
    'exclude=["Throttling"]': ["ExportTaskNotFound", "InvalidExportTaskStateFault"],  # of a kind that is not selected
}
PARAMETERS = [
    '" rds_export_failure ", ["ExpiredToken", Failure("Whatever", http_status=418)], indirect=True',
    (
        '["rds_export_failure"], [("ExpiredToken",), (Failure("Whatever", http_status=418),)], '
        'indirect=["rds_export_failure"]'
    ),
    'argnames="rds_export_failure", argvalues=["ExpiredToken", Failure("Whatever", http_status=418)], indirect=True',
]


def test_selection(pytester):
    """The marker selects failures, in the order of the catalogue; the closest marker wins; a parametrize names them."""
    source = 'pytestmark = pytest.mark.rds_export_failure("StartExportTask")\n'
    for number, marker in enumerate(MARKERS):
        source += f"\n@pytest.mark.rds_export_failure({marker}){NAMED.format(name=number)}"
    parametrized = "import pytest\nfrom pytest_rds_export import Failure\n"
    for letter, arguments in zip("abc", PARAMETERS, strict=True):
        marker = f"@pytest.mark.parametrize({arguments}, ids=['name', 'failure'])"
        parametrized += f"\n{marker}{NAMED.format(name=letter)}"
    pytester.makepyfile(test_parametrized=parametrized)

    found = passed(run(pytester, source, "-v"))

    assert [found.pop(str(number)) for number in range(len(MARKERS))] == list(MARKERS.values())
    assert found == {letter: ["name", "failure"] for letter in "abc"}


def test_without_a_failure(pytester):
    """A marker does nothing to a test without the fixture or with an own one; a failure that is missing is an error."""
    result = run(
        pytester,
        """
import unittest

@pytest.mark.rds_export_failure("StartExportTask")
class TestIt:
    def test_of_a_class(self):
        pass

@pytest.mark.rds_export_failure("StartExportTask")
class TestOwn:
    @pytest.fixture
    def rds_export_failure(self, rds_export_tasks):
        return "the user's own"

    def test_own(self, rds_export_failure):
        assert rds_export_failure == "the user's own"

def test_getfixturevalue(request):
    request.getfixturevalue("rds_export_failure")

@pytest.mark.usefixtures("rds_export_failure")
class TestCase(unittest.TestCase):
    def test_it(self):
        pass

@pytest.mark.parametrize("rds_export_failure", ["Throtling"], indirect=True)
def test_unknown(rds_export_failure):
    pass
""",
    )
    result.assert_outcomes(passed=2, failed=1, errors=2)
    found = blocks(result)
    assert NO_PARAMETER in found["ERROR at setup of TestCase.test_it"]
    assert NO_PARAMETER in found["test_getfixturevalue"]
    assert found["ERROR at setup of test_unknown[Throtling]"] == [
        (
            "fixture rds_export_failure: unknown failure 'Throtling'. Did you mean 'Throttling' or "
            "'ThrottlingException'? If another operation fails with it, pass operation="
        )
    ]


MISTAKES = {
    '"cancel_export_task"': "use the API operation name 'CancelExportTask', not 'cancel_export_task'",
    '"StartExportTask", "CancelExportTask"': (
        "it takes one operation, got ('StartExportTask', 'CancelExportTask'); use a marker for each test"
    ),
    'kind="common"': "unknown argument 'kind'. Did you mean 'kinds'?",
    'oparation="StartExportTask"': "unknown argument 'oparation'. Did you mean 'operation'?",
    'exlude="Throttling"': "unknown argument 'exlude'. Did you mean 'exclude'?",
    "kinds=5": "kinds must be a list of the names of kinds, got int 5",
    'exclude="ExportTaskNotFond"': (
        "unknown failure 'ExportTaskNotFond' of CancelExportTask. Did you mean 'ExportTaskNotFound'?"
    ),
    '"CancelExportTask", kinds=()': "CancelExportTask has no failures left for kinds=(), exclude=()",
    '"DescribeDBEngineVersions"': (
        "DescribeDBEngineVersions has no failures left for kinds=('documented',), exclude=()"
    ),
    'exclude=["ExportTaskNotFound", "InvalidExportTaskStateFault"]': (
        "CancelExportTask has no failures left for kinds=('documented',), "
        "exclude=['ExportTaskNotFound', 'InvalidExportTaskStateFault']"
    ),
}


def test_mistakes(pytester):
    """A mistake in the marker or a parametrize, and having both, is a collection error that names the test."""
    markers = {f"@pytest.mark.rds_export_failure({marker})": text for marker, text in MISTAKES.items()}
    parametrize = '@pytest.mark.parametrize("rds_export_failure", ["Throttling"], indirect=True)'
    both = f"@pytest.mark.rds_export_failure\n{parametrize}"
    direct = [
        parametrize.replace(", indirect=True", argument) for argument in ("", ", indirect=False", ", indirect=[]")
    ]
    for number, marker in enumerate([*markers, both, *direct]):
        pytester.makepyfile(**{f"test_{number:02}": f"import pytest\n\n{marker}{NAMED.format(name='x')}"})

    result = run(pytester, "")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    found = [(heading, "\n".join(lines).strip()) for heading, lines in blocks(result).items()]
    messages = [f"marker rds_export_failure: {text}" for text in markers.values()]
    messages.append("use the marker rds_export_failure or a parametrize of rds_export_failure, not both")
    messages += ["parametrize rds_export_failure with indirect=True"] * 3
    assert found == [
        (f"ERROR collecting test_{number:02}.py", f"test_{number:02}.py::test_x: {text}")
        for number, text in enumerate(messages)
    ]
