"""One awaited cancel of an aiobotocore client, compared with the same client and a constant response."""

from __future__ import annotations

import asyncio
import itertools
import statistics
from typing import Any

from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.session import get_session

from _measure import Row, api, show
from pytest_rds_export import fake_rds_export

_BLOCKS, _RUNS = 40, 50
_names = itertools.count()


class _Raw:
    def __init__(self, content: bytes) -> None:
        self._content = content

    async def read(self) -> bytes:
        return self._content


async def measure() -> list[Row]:
    """Measure both in turn, on one client and one event loop."""
    found: list[Any] = []
    credentials = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}
    async with get_session().create_client("rds", region_name="us-east-1", **credentials) as rds:

        async def median_of(names: list[str]) -> float:
            await rds.cancel_export_task(ExportTaskIdentifier=names[0])
            times = []
            for name in names[1:]:
                start = api.real_perf_counter()
                await rds.cancel_export_task(ExportTaskIdentifier=name)
                times.append(api.real_perf_counter() - start)
            return statistics.median(times)

        def keep(http_response: Any, **_kwargs: Any) -> None:
            found.append(http_response)

        rds.meta.events.register("after-call.rds", keep)
        with fake_rds_export("nightly"):
            await rds.cancel_export_task(ExportTaskIdentifier="nightly")
        rds.meta.events.unregister("after-call.rds", keep)
        headers, body = dict(found[0].headers), await found[0].content

        def respond(request: Any, **_kwargs: Any) -> Any:
            return AioAWSResponse(request.url, 200, headers, _Raw(body))

        floors, ours = [], []
        for _ in range(_BLOCKS):
            names = [f"task-{next(_names)}" for _ in range(_RUNS + 1)]
            rds.meta.events.register("before-send.rds", respond)
            floors.append(await median_of(names))
            rds.meta.events.unregister("before-send.rds", respond)
            with fake_rds_export(*names):
                ours.append(await median_of(names))
    ratio = statistics.median(our / floor for our, floor in zip(ours, floors, strict=True))
    return [
        Row("a constant response (the floor)", statistics.median(floors) * 1e6, 1.0),
        Row("ours", statistics.median(ours) * 1e6, ratio),
    ]


if __name__ == "__main__":
    show("aiobotocore: cancel_export_task, one awaited call", asyncio.run(measure()))
