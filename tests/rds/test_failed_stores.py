"""Exports whose files cannot be stored."""

from helpers.exported import MemoryS3
from pytest_rds_export import Stuck


class BrokenS3(MemoryS3):
    """A store that is full."""

    def put_object(self, **_):
        """Raise an error."""
        raise OSError("disk full")


def test_failed_before_anything_was_stored(rds_export_tasks, rds_export_clock):
    """An export that fails at its first files has begun: it has a TaskStartTime, as every one since IN_PROGRESS has."""
    rds_export_tasks.write_files(BrokenS3("rds-exports"))
    task = rds_export_tasks.seed("nightly", status="STARTING", timeline=Stuck())

    task.move_to("COMPLETE")

    assert task.status == "FAILED"
    assert task.task_start_time == task.task_end_time == rds_export_clock.now


def test_nothing_of_the_completion(rds_export_tasks):
    """An export whose last files cannot be stored has nothing of what its completion was to set."""
    rds_export_tasks.write_files(BrokenS3("rds-exports"))
    task = rds_export_tasks.seed("nightly", percent_progress=40, timeline=Stuck())

    task.move_to("COMPLETE", warning_message="one table was skipped", total_extracted_data_in_gb=7)

    assert (task.status, task.warning_message, task.total_extracted_data_in_gb) == ("FAILED", None, 40)
