"""One awaited cancel of an aiobotocore client, compared with the same client and a constant response."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Any

from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.session import get_session

from _clients import CREDENTIALS, cancel, kept_response, new_names, registered
from _measure import record, side_by_side
from pytest_rds_export import fake_rds_export


class _Raw:
    def __init__(self, content: bytes) -> None:
        self._content = content

    async def read(self) -> bytes:
        return self._content


async def cancel_each(rds: Any, names: list[str]) -> float:
    """Return the median seconds of canceling one of the tasks; the first is for warming up."""
    times = []
    for name in names:
        start = time.process_time()
        await cancel(rds, name)
        times.append(time.process_time() - start)
    return statistics.median(times[1:])


async def record_response(rds: Any) -> Any:
    """Return a ``before-send`` handler that always returns the response that we returned to a cancel."""
    with fake_rds_export("nightly"), kept_response(rds) as found:
        await cancel(rds)
    headers, body = dict(found[0].headers), await found[0].content

    def respond(request: Any, **_kwargs: Any) -> Any:
        return AioAWSResponse(request.url, 200, headers, _Raw(body))

    return respond


def main() -> None:
    """Measure both in turn, on one client and one event loop."""
    run = asyncio.new_event_loop().run_until_complete
    context = get_session().create_client("rds", region_name="us-east-1", **CREDENTIALS)
    rds = run(context.__aenter__())
    handler = run(record_response(rds))

    def constant(runs: int) -> float:
        with registered(rds, "before-send.rds", handler):
            return run(cancel_each(rds, new_names(runs + 1)))

    def ours(runs: int) -> float:
        names = new_names(runs + 1)
        with fake_rds_export(*names):
            return run(cancel_each(rds, names))

    contenders = {"a constant response": constant, "ours": ours}
    _, measured = side_by_side("aiobotocore: cancel_export_task", contenders, blocks=40, runs=50)
    record("one awaited cancel, compared with a constant response", measured.ratio, at_most=1.15)
    run(context.__aexit__(None, None, None))


if __name__ == "__main__":
    main()
