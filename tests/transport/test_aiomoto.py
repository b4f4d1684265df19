"""aiomoto, which has moto respond to aiobotocore's clients, together with the fake, in any order."""

import asyncio
from contextlib import AsyncExitStack
from itertools import permutations

import pytest

from helpers.calls import cancel, start
from pytest_rds_export import fake_rds_export

pytest.importorskip("aiomoto")

import aiomoto
import moto
from aiobotocore.session import AioSession


async def check_both(rds, tasks):
    """Assert that moto handles databases and their snapshots, and the fake the export of one."""
    await rds.create_db_instance(
        DBInstanceIdentifier="orders", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20
    )
    made = await rds.create_db_snapshot(DBSnapshotIdentifier="daily", DBInstanceIdentifier="orders")
    started = await start(rds, source=made["DBSnapshot"]["DBSnapshotArn"])
    with pytest.raises(rds.exceptions.DBSnapshotNotFoundFault):
        await start(rds, "weekly")
    cancelled = await cancel(rds)

    assert (started["Status"], cancelled["Status"]) == ("STARTING", "CANCELING")
    assert list(tasks) == ["nightly"]
    assert moto.backends.get_backend("rds")["123456789012"]["us-east-1"].export_tasks == {}
    assert [call.outcome for call in tasks.calls if call.identifier != "weekly"] == ["ok (HTTP 200)"] * 4


def rds_client():
    """Return a client, to be entered."""
    return AioSession().create_client("rds", "us-east-1")


@pytest.mark.parametrize("order", list(permutations(["aiomoto", "fake", "client"])), ids="-".join)
def test_orders(order, botocore_unchanged):
    """Databases and snapshots are moto's and exports the fake's, whatever is started or made first."""

    async def main():
        async with AsyncExitStack() as stack:
            for name in order:
                if name == "aiomoto":
                    await stack.enter_async_context(aiomoto.mock_aws())
                elif name == "fake":
                    tasks = stack.enter_context(fake_rds_export())
                else:
                    rds = await stack.enter_async_context(rds_client())
            await check_both(rds, tasks)

    asyncio.run(main())


@pytest.mark.parametrize("decorator", [True, False])
def test_other_uses(decorator, botocore_unchanged):
    """Aiomoto may decorate a coroutine function, or be entered by with, after the client is made."""

    async def use(rds):
        with fake_rds_export() as tasks:
            await check_both(rds, tasks)

    async def main():
        async with rds_client() as rds:
            if decorator:
                await aiomoto.mock_aws(use)(rds)
            else:
                with aiomoto.mock_aws():
                    await use(rds)

    asyncio.run(main())


def test_aiomoto_ends_first():
    """The fake handles calls also after an aiomoto has ended that was started before it."""

    async def main():
        context = aiomoto.mock_aws()
        context.start()
        with fake_rds_export("nightly"):
            async with rds_client() as rds:
                context.stop()
                return await cancel(rds)

    assert asyncio.run(main())["Status"] == "CANCELING"
