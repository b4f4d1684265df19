"""What the fake raises, besides what botocore, Python and pytest raise."""

from ._clock import SleepLimitExceeded
from ._end_check import EndCheckFailed
from ._rds.dispatch import UnhandledOperation

__all__ = ["EndCheckFailed", "SleepLimitExceeded", "UnhandledOperation"]
