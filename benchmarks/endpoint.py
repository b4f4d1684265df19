"""The endpoint under eight concurrent connections of a raw HTTP client in another process."""

from __future__ import annotations

import http.client
import resource
import sys
import threading
import time
from multiprocessing import get_context

from pytest_rds_export._rds.account import Account
from pytest_rds_export._rds.options import Options
from pytest_rds_export._rds.registry import registry_of
from pytest_rds_export._transport.endpoint import endpoint

_CONNECTIONS, _CALLS = 8, 20_000


def load(port: int, count: int, first: int) -> None:
    """Cancel *count* tasks over each of eight connections; exit with 1 if a response is not a success."""
    errors = []

    def one(worker: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        for index in range(count):
            name = f"task-{first + worker * count + index}"
            body = f"Action=CancelExportTask&Version=2014-10-31&ExportTaskIdentifier={name}"
            connection.request("POST", "/", body, headers)
            response = connection.getresponse()
            if response.status != 200 or name.encode() not in response.read():
                errors.append(name)
        connection.close()

    threads = [threading.Thread(target=one, args=(worker,)) for worker in range(_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.exit(bool(errors))


def main() -> None:
    """Print the rate, and how much memory the process of the server uses."""
    account = Account(Options())
    tasks = registry_of(account.region())
    tasks.seed_all(f"task-{index}" for index in range(_CALLS))
    with endpoint(account) as url:
        port = int(url.rsplit(":", 1)[1])
        for task in tasks.values():
            _ = task.status
        part = _CALLS // 4
        print(f"\nendpoint, {_CALLS} cancels over {_CONNECTIONS} connections")
        for quarter in range(4):
            start = time.perf_counter()
            worker = get_context("spawn").Process(target=load, args=(port, part // _CONNECTIONS, quarter * part))
            worker.start()
            worker.join()
            elapsed = time.perf_counter() - start
            calls = len(tasks.calls)
            kept = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            failed = "no error" if worker.exitcode == 0 else "ERRORS"
            print(f"  {part / elapsed:7.0f} calls a second, {failed}, peak memory {kept:.0f} MiB, {calls} calls")
            tasks.calls.clear()


if __name__ == "__main__":
    main()
