"""The catalogue of failures on the command line: --rds-export-failures."""

import re

import pytest

from helpers.inner import run
from pytest_rds_export import Failure, failures
from pytest_rds_export._failures import format_catalogue
from pytest_rds_export._rds.operations import HANDLED

CATALOGUE = [failure for operation in HANDLED for failure in failures(operation)]
WIDE = """\
failures of CancelExportTask:
  ExportTaskNotFound              HTTP 404            The export task doesn't exist.
  InvalidExportTaskStateFault     HTTP 400            You can't cancel an export task that has completed.

failures of StartExportTask:
"""
NARROW = """\
failures of CancelExportTask:
  ExportTaskNotFound              HTTP 404
    The export task doesn't exist.
  InvalidExportTaskStateFault     HTTP 400
    You can't cancel an export task that has completed.

failures of StartExportTask:
"""
WIDE_END = """\
  SSLError                        no status  retried  the TLS handshake failed
  TruncatedResponse               no status           the XML of the response breaks off
  ProxyErrorPage                  HTTP 502   retried  a proxy responded with 502 and an HTML page

in a test: rds_export_tasks.inject('AccessDenied', operation='StartExportTask')
one test for each: @pytest.mark.rds_export_failure('StartExportTask')
"""
NARROW_END = """\
  SSLError                        no status  retried
    the TLS handshake failed
  TruncatedResponse               no status
    the XML of the response breaks off
  ProxyErrorPage                  HTTP 502   retried
    a proxy responded with 502 and an HTML page

in a test: rds_export_tasks.inject('AccessDenied', operation='StartExportTask')
one test for each: @pytest.mark.rds_export_failure('StartExportTask')
"""


@pytest.mark.parametrize(
    ("width", "start", "end"),
    [(80, NARROW, NARROW_END), (103, NARROW, NARROW_END), (105, WIDE, WIDE_END), (200, WIDE, WIDE_END)],
)
def test_room(width, start, end):
    """The catalogue has each message next to its failure if there is room, otherwise below it."""
    text = "\n".join([*format_catalogue(CATALOGUE, width), ""])

    assert text.startswith(start)
    assert text.endswith(end)


@pytest.mark.parametrize("width", [80, 100, 120])
def test_complete(width):
    """The catalogue has every message as a whole, in lines of at most the width."""
    lines = format_catalogue(CATALOGUE, width)

    assert max(map(len, lines)) <= width
    text = " ".join(line.strip() for line in lines)
    messages = {failure.name: failure.message for failure in reversed(CATALOGUE)}
    joined = re.sub(r"\s+", "", text)
    assert [message for message in messages.values() if re.sub(r"\s+", "", message) not in joined] == []


HEAD = "  AccessDenied  HTTP 403"
MESSAGE = "User: you is not authorized to perform this, nor is anybody else in the company"


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (
            86,
            [
                f"{HEAD}            User: you is not authorized to perform this, nor",
                "                                    is anybody else in the company",
            ],
        ),
        (85, [HEAD, f"    {MESSAGE}"]),
        (60, [HEAD, "    User: you is not authorized to perform this, nor is", "    anybody else in the company"]),
    ],
)
def test_long_message(width, lines):
    """A message that is too long for its line is continued below its beginning."""
    assert format_catalogue([Failure("AccessDenied", http_status=403, message=MESSAGE)], width)[1:-3] == lines


def test_groups():
    """The catalogue has each operation's own failures, then those of any operation, then those of the network."""
    groups = {}
    for line in format_catalogue(CATALOGUE, 80):
        if line.startswith("failures of "):
            names = groups[line] = []
        elif re.match("  [A-Z]", line):
            names.append(line.split()[0])

    def of_kind(kind, operation="CancelExportTask"):
        return [failure.name for failure in failures(operation, kind)]

    limit = "ExportTaskLimitReachedFault"  # a common failure of this operation alone
    assert list(groups.items()) == [
        ("failures of CancelExportTask:", of_kind("documented")),
        ("failures of StartExportTask:", [*of_kind("documented", "StartExportTask"), limit]),
        ("failures of DescribeExportTasks:", of_kind("documented", "DescribeExportTasks")),
        ("failures of any operation:", of_kind("common")),
        ("failures of the network:", of_kind("transport")),
    ]


def test_command_line(pytester, monkeypatch):
    """The command-line option prints the catalogue in the terminal's width, and no test runs."""
    monkeypatch.setenv("COLUMNS", "120")

    result = run(pytester, "def test_it():\n    assert False\n", "--rds-export-failures")

    assert result.ret == 0
    assert result.outlines == format_catalogue(CATALOGUE, 120)
