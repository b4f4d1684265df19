"""Functions that run in many threads at once."""

import sys
import threading
from contextlib import contextmanager

from botocore.exceptions import ClientError


def at_once(*functions):
    """What each function returns, or the code of the fault that it raises; each in a thread, all starting together."""
    # A pool may run two functions in one thread, which would then wait at the barrier for itself.
    barrier = threading.Barrier(len(functions) + 1)
    there = threading.Semaphore(0)
    outcomes = [None] * len(functions)

    def run(index, function):
        there.release()
        barrier.wait()
        try:
            outcomes[index] = function()
        except ClientError as error:
            outcomes[index] = error.response["Error"]["Code"]

    threads = [threading.Thread(target=run, args=item) for item in enumerate(functions)]
    for thread in threads:
        thread.start()
        # On Python 3.11 a thread dies at its start if another one is just being given coverage's tracer.
        there.acquire()
    with _many_switches():
        barrier.wait()
        for thread in threads:
            thread.join()
    return outcomes


@contextmanager
def _many_switches():
    """Python changes from thread to thread as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
