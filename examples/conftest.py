"""What every example starts with."""

import pytest

from pytest_rds_export import ExportTask


@pytest.fixture
def rds_export_seed():
    """An export of last week, and one that is running."""
    return [ExportTask("last-week", status="COMPLETE"), ExportTask("running", percent_progress=42)]
