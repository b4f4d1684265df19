"""The seeds of every example."""

import pytest

from pytest_rds_export import ExportTask


@pytest.fixture
def rds_export_seed():
    """Return an export of last week, and one that is running."""
    return [ExportTask("last-week", status="COMPLETE"), ExportTask("running", percent_progress=42)]
