"""The sleep that is real: as it was when pytest started, before any test put another one in its place."""

import time

REAL_SLEEP = time.sleep
