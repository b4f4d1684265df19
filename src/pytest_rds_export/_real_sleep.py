"""The real ``time.sleep``, read when pytest starts, before a test can replace it."""

import time

REAL_SLEEP = time.sleep
