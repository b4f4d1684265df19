"""The endpoint under eight concurrent connections of a raw HTTP client in another process."""

from __future__ import annotations

import http.client
import resource
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context

from _measure import record
from pytest_rds_export._fake import serve
from pytest_rds_export._live.registry import ExportTaskRegistry
from pytest_rds_export._rds.account import Account
from pytest_rds_export._rds.options import Options

_CONNECTIONS, _CALLS = 8, 20_000


def load(port: int, names: list[str]) -> float:
    """Cancel the tasks over eight connections; return the seconds. Raises ``AssertionError`` if one fails."""

    def one(names: list[str]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        for name in names:
            body = f"Action=CancelExportTask&Version=2014-10-31&ExportTaskIdentifier={name}"
            connection.request("POST", "/", body, headers)
            response = connection.getresponse()
            content = response.read()
            assert response.status == 200, content
            assert name.encode() in content
        connection.close()

    start = time.perf_counter()
    with ThreadPoolExecutor(_CONNECTIONS) as threads:
        list(threads.map(one, (names[first::_CONNECTIONS] for first in range(_CONNECTIONS))))
    return time.perf_counter() - start


def main() -> None:
    """Measure the rate, and how much the memory of the server's process grows."""
    account = Account(Options())
    tasks = ExportTaskRegistry(account)
    names = [f"task-{index}" for index in range(_CALLS)]
    tasks.seed_all(names)
    for task in tasks.values():
        _ = task.status
    part = _CALLS // 4
    rates, peaks = [], []
    print(f"\nendpoint, {_CALLS:,} cancels over {_CONNECTIONS} connections")
    with serve(account) as url, get_context("spawn").Pool(1) as other:
        port = int(url.rsplit(":", 1)[1])
        for first in range(0, _CALLS, part):
            rates.append(part / other.apply(load, (port, names[first : first + part])))
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
            print(f"  {rates[-1]:7,.0f} calls a second, peak memory {peaks[-1]:.1f} MiB, {len(tasks.calls)} calls")
            tasks.calls.clear()
    over = f"the endpoint over {_CONNECTIONS} connections"
    record(f"cancels of {over}", statistics.median(rates), "a second", at_least=500)
    what = f"memory of {over} after {_CALLS:,} cancels, compared with after {part:,}"
    record(what, peaks[-1] / peaks[0], at_most=1.05)


if __name__ == "__main__":
    main()
