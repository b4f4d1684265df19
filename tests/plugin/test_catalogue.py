"""The catalogue of failures on the command line: --rds-export-failures."""

import re

import pytest

from helpers.inner import run
from pytest_rds_export import failures

WIDE = """\
failures of CancelExportTask:
  ExportTaskNotFound                   HTTP 404            The export task doesn't exist.
  InvalidExportTaskStateFault          HTTP 400            You can't cancel an export task that has completed.

failures of StartExportTask:
"""
NARROW = """\
failures of CancelExportTask:
  ExportTaskNotFound                   HTTP 404
    The export task doesn't exist.
  InvalidExportTaskStateFault          HTTP 400
    You can't cancel an export task that has completed.

failures of StartExportTask:
"""
WIDE_ROW = "\n  SSLError                             no status  retried  the TLS handshake failed\n"
NARROW_ROW = "\n  SSLError                             no status  retried\n    the TLS handshake failed\n"
END = """
in a test: rds_export_tasks.inject('AccessDenied', operation='StartExportTask')
one test for each: @pytest.mark.rds_export_failure('StartExportTask')
"""
ACCESS_DENIED = """\
  AccessDenied                         HTTP 403            User: arn:aws:iam::123456789012:user/exporter is not
                                                           authorized to perform: rds:CancelExportTask on resource: *
                                                           because no identity-based policy allows the
                                                           rds:CancelExportTask action
"""


@pytest.fixture
def listing(pytester, monkeypatch):
    """Return a function that returns the lines of the listing in a terminal of that width."""

    def lines(width):
        monkeypatch.setenv("COLUMNS", str(width))
        result = run(pytester, "def test_it():\n    assert False\n", "--rds-export-failures")
        assert result.ret == 0
        return result.outlines

    return lines


@pytest.mark.parametrize(("width", "start", "row"), [(108, NARROW, NARROW_ROW), (110, WIDE, WIDE_ROW)])
def test_room(listing, width, start, row):
    """The listing has each message next to its failure if there is room, otherwise below it."""
    text = "\n".join([*listing(width), ""])

    assert text.startswith(start)
    assert row in text
    assert text.endswith(END)


def test_long_message(listing):
    """A message that is too long for its line is continued below its beginning."""
    assert ACCESS_DENIED in "\n".join([*listing(117), ""])


def test_groups(listing):
    """It has the own failures of each operation that is handled, those of any, and the network's, each as a whole."""
    lines, groups = listing(80), {}
    assert max(map(len, lines)) <= 80
    joined = "".join("".join(lines).split())
    assert [found for found in failures("CancelExportTask") if "".join(found.message.split()) not in joined] == []
    for line in lines:
        if line.startswith("failures of "):
            names = groups[line] = []
        elif re.match("  [A-Z]", line):
            names.append(line.split()[0])

    def of_kind(kind, operation="CancelExportTask"):
        return [failure.name for failure in failures(operation, kind)]

    operations = [
        *("CancelExportTask", "StartExportTask", "DescribeExportTasks", "CreateDBSnapshot", "CreateDBClusterSnapshot"),
        *("CopyDBSnapshot", "CopyDBClusterSnapshot", "DeleteDBSnapshot", "DeleteDBClusterSnapshot"),
        *("DescribeDBSnapshots", "DescribeDBClusterSnapshots", "DescribeDBInstances", "DescribeDBClusters"),
    ]
    own = {f"failures of {operation}:": of_kind("documented", operation) for operation in operations}
    own["failures of StartExportTask:"].append("ExportTaskLimitReachedFault")  # a common failure of it alone
    assert groups == {
        **own,
        "failures of any operation:": of_kind("common"),
        "failures of the network:": of_kind("transport"),
    }
    assert list(groups)[-2:] == ["failures of any operation:", "failures of the network:"]
