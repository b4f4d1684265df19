"""What a failing test shows of the calls and the tasks."""

import re

import pytest

from _inner import lines_after, run

FAILING = """
def cancel(identifier="nightly", region="us-east-1"):
    try:
        boto3.client("rds", region).cancel_export_task(ExportTaskIdentifier=identifier)
    except Exception as error:
        return error

def test_it(rds_export_tasks):
    rds_export_tasks.seed("nightly", percent_progress=42)
    cancel()
    cancel()
    rds_export_tasks.inject("Throttling")
    cancel("weekly")
    assert False
"""
TITLE = "--- rds export tasks ---"
TASKS = ["tasks:", "  'nightly' CANCELING 42% in us-east-1"]


def failing(*lines):
    """A test that does this and then fails."""
    return FAILING[: FAILING.index("    rds_export_tasks.seed")] + "".join(
        f"    {line}\n" for line in (*lines, "assert False")
    )


def test_a_failing_test_shows_its_calls_and_tasks(pytester):
    result = run(pytester, FAILING)

    shown = lines_after(result, TITLE)
    assert shown[:3] == [
        "calls:",
        "  CancelExportTask 'nightly' in us-east-1: ok (HTTP 200), 1 attempt",
        "  CancelExportTask 'nightly' in us-east-1: InvalidExportTaskStateFault (HTTP 400), 1 attempt",
    ]
    assert shown[4:] == TASKS
    throttled = r"Throttling \(HTTP 400, injected\), [35] attempts, delays \d.\d\d(, \d.\d\d)+ s"
    assert re.fullmatch(rf"  CancelExportTask 'weekly' in us-east-1: {throttled}", shown[3])


def test_nothing_called_and_nothing_seeded_is_said(pytester):
    result = run(pytester, failing())

    assert lines_after(result, TITLE) == ["calls:", "  none", "tasks:", "  none"]


def test_calls_without_an_answer_say_why(pytester):
    result = run(
        pytester,
        failing(
            'rds_export_tasks.inject("ReadTimeoutError", times=20)',
            "cancel()",
            "try: boto3.client('rds', 'us-east-1').describe_db_instances()",
            "except AssertionError: pass",
        ),
    )

    result.stdout.re_match_lines(
        [
            r"  CancelExportTask 'nightly' in us-east-1: ReadTimeoutError \(injected\), [35] attempts, delays .* s$",
            r"  DescribeDBInstances in us-east-1: UnansweredOperation, 1 attempt$",
        ]
    )


def test_a_test_that_fails_and_then_fails_to_tidy_up_shows_them_once(pytester):
    broken = "@pytest.fixture\ndef broken():\n    yield\n    assert False\n"
    result = run(pytester, broken + FAILING.replace("test_it(", "test_it(broken, "))

    result.assert_outcomes(failed=1, errors=1)
    assert [line for line in result.outlines if TITLE in line] == [f"{' rds export tasks ':-^80}"]


def test_a_set_up_that_failed_shows_them_too(pytester):
    result = run(
        pytester,
        "@pytest.fixture\ndef broken(rds_export_tasks):\n    rds_export_tasks.seed('nightly')\n    assert False\n\n"
        "def test_it(broken):\n    pass\n",
    )

    assert lines_after(result, TITLE) == ["calls:", "  none", "tasks:", "  'nightly' IN_PROGRESS 0% in us-east-1"]


@pytest.mark.parametrize(
    ("lines", "hint"),
    [
        (
            ["rds_export_tasks.seed('nightly')", "cancel('nightly', 'eu-west-1')"],
            "'nightly' is in us-east-1; this call went to eu-west-1",
        ),
        (
            ["rds_export_tasks.in_region('eu-west-1').seed('nightly')", "cancel('nightly', 'us-east-1')"],
            "'nightly' is in eu-west-1; this call went to us-east-1",
        ),
        (
            ["rds_export_tasks.seed('Nightly')", "cancel('nightly')"],
            "identifiers keep their case: 'Nightly' is in us-east-1, 'nightly' was asked for",
        ),
        (
            ["rds_export_tasks.seed_all(['orders-weekly', 'orders-nightly'])", "cancel('order-nightly')"],
            "'orders-nightly' is in us-east-1; 'order-nightly' was asked for",
        ),
    ],
)
def test_likeliest_mistake_is_told_once_in_words(pytester, lines, hint):
    result = run(pytester, failing(*lines, lines[-1]))

    shown = lines_after(result, TITLE)
    assert shown[shown.index("likely mistakes:") :] == ["likely mistakes:", f"  {hint}"]


LOOK = "boto3.client('rds', 'us-east-1').describe_export_tasks(ExportTaskIdentifier='nightly')"
IN_VAIN = (
    "  'nightly' was asked for 3 times and is IN_PROGRESS: its Timeline follows the clock, which nobody moves; "
    "use rds_export_clock, Polls or move_to"
)


def test_waiting_for_a_clock_that_nobody_moves_is_a_likely_mistake(pytester):
    result = run(pytester, failing("rds_export_tasks.seed('nightly')", f"for _ in range(3): {LOOK}"))

    shown = lines_after(result, TITLE)
    assert shown[shown.index("likely mistakes:") + 1 :] == [IN_VAIN]


@pytest.mark.parametrize(
    "lines",
    [
        ["rds_export_tasks.seed('nightly')", LOOK, LOOK],
        ["rds_export_tasks.seed('nightly', timeline=Polls(in_progress=9))", *[LOOK] * 3],
        ["rds_export_tasks.seed('nightly', status='COMPLETE')", *[LOOK] * 3],
    ],
)
def test_a_task_that_need_not_move_has_no_hint(pytester, lines):
    result = run(pytester, failing(*lines))

    assert "likely mistakes:" not in lines_after(result, TITLE)


def test_waiting_on_a_frozen_clock_has_no_hint(pytester):
    lines = failing("rds_export_tasks.seed('nightly')", *[LOOK] * 3)
    result = run(pytester, lines.replace("(rds_export_tasks):", "(rds_export_tasks, rds_export_clock):"))

    assert "likely mistakes:" not in lines_after(result, TITLE)


def test_seeds_that_use_the_limit_up_are_a_likely_mistake(pytester):
    start = (
        "try: boto3.client('rds', 'us-east-1').start_export_task(ExportTaskIdentifier='one', S3BucketName='b', "
        "SourceArn='arn:aws:rds:us-east-1:123456789012:snapshot:s', IamRoleArn='role-of-the-export', KmsKeyId='k')"
    )
    result = run(pytester, failing("rds_export_tasks.seed_all(list('abcde'))", start, "except Exception: pass"))

    shown = lines_after(result, TITLE)
    assert shown[shown.index("likely mistakes:") + 1 :] == [
        "  5 exports are running in us-east-1, seeded ones too; the option concurrent_limit allows more"
    ]


def test_a_failure_that_no_send_met_is_a_likely_mistake(pytester):
    result = run(
        pytester,
        failing(
            "rds_export_tasks.seed('nightly')",
            "rds_export_tasks.inject('Throttling', operation='StartExportTask', identifier='nightly')",
            "cancel('nightly')",
        ),
    )

    shown = lines_after(result, TITLE)
    assert shown[shown.index("likely mistakes:") :] == [
        "likely mistakes:",
        "  Throttling was injected into StartExportTask of 'nightly', but no send met it",
    ]


def test_a_task_that_is_nowhere_has_no_hint(pytester):
    result = run(pytester, failing("rds_export_tasks.seed('weekly')", "cancel('nightly')", "cancel('weekly')"))

    assert "likely mistakes:" not in lines_after(result, TITLE)


def test_a_task_that_an_injected_failure_hides_has_no_hint(pytester):
    result = run(
        pytester,
        failing(
            "rds_export_tasks.seed('nightly')", "rds_export_tasks.inject('ExportTaskNotFound')", "cancel('nightly')"
        ),
    )

    assert "likely mistakes:" not in lines_after(result, TITLE)


def test_home_regions_tasks_come_first(pytester):
    result = run(
        pytester,
        failing("rds_export_tasks.in_region('eu-west-1').seed('abroad')", "rds_export_tasks.seed('at-home')"),
    )

    assert lines_after(result, TITLE)[2:] == [
        "tasks:",
        "  'at-home' IN_PROGRESS 0% in us-east-1",
        "  'abroad' IN_PROGRESS 0% in eu-west-1",
    ]


def test_many_calls_are_cut_to_the_last_and_many_tasks_to_the_first(pytester):
    result = run(
        pytester,
        failing(
            "client = boto3.client('rds', 'us-east-1')",
            "rds_export_tasks.seed_all(f'task-{i}' for i in range(35))",
            "for i in range(35): client.cancel_export_task(ExportTaskIdentifier=f'task-{i}')",
        ),
    )

    shown = lines_after(result, TITLE)
    tasks = shown.index("tasks:")
    assert shown[:3] == [
        "calls:",
        "  ... 5 earlier ...",
        "  CancelExportTask 'task-5' in us-east-1: ok (HTTP 200), 1 attempt",
    ]
    assert tasks == 2 + 30
    assert shown[tasks + 1] == "  'task-0' CANCELING 0% in us-east-1"
    assert shown[-2:] == ["  'task-19' CANCELING 0% in us-east-1", "  ... 15 more ..."]


def test_equal_calls_in_a_row_are_one_line(pytester):
    result = run(pytester, failing("for _ in range(40): cancel()", "cancel('weekly')", "cancel()"))

    assert lines_after(result, TITLE)[1:4] == [
        "  CancelExportTask 'nightly' in us-east-1: ExportTaskNotFound (HTTP 404), 1 attempt (40 times)",
        "  CancelExportTask 'weekly' in us-east-1: ExportTaskNotFound (HTTP 404), 1 attempt",
        "  CancelExportTask 'nightly' in us-east-1: ExportTaskNotFound (HTTP 404), 1 attempt",
    ]


def test_a_long_line_is_cut(pytester):
    result = run(pytester, failing(f"cancel('{'x' * 200}')"))

    line = lines_after(result, TITLE)[1]
    assert line == "  CancelExportTask '" + "x" * 137 + "..."
    assert len(line) == 160


def test_a_passing_test_shows_nothing_even_with_all_reports(pytester):
    result = run(pytester, FAILING.replace("assert False", "assert True"), "-rA")

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*rds export tasks*")


def test_a_test_without_the_fixture_shows_nothing(pytester):
    result = run(pytester, "def test_it():\n    assert False\n")

    result.stdout.no_fnmatch_line("*rds export tasks*")


@pytest.mark.parametrize("arguments", [["-rA"], ["--assert=plain"], ["--tb=short"], ["--capture=no"]], ids=str)
def test_it_is_shown_however_pytest_is_called(pytester, arguments):
    assert lines_after(run(pytester, FAILING, *arguments), TITLE)[4:] == TASKS


def test_workers_of_xdist_hand_it_over(pytester):
    pytest.importorskip("xdist")

    result = run(pytester, FAILING, "-p", "xdist.plugin", "-n1")

    assert lines_after(result, TITLE)[4:] == TASKS


def test_without_a_terminal_the_outcome_is_the_same(pytester):
    result = run(pytester, FAILING, "-p", "no:terminal")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert result.outlines == []
