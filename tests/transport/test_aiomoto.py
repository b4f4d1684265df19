"""aiomoto, which has moto respond to aiobotocore's clients, together with the fake, in any order."""

import asyncio

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


async def aiomoto_first():
    """Start aiomoto, then the fake."""
    async with aiomoto.mock_aws():
        with fake_rds_export() as tasks:
            async with rds_client() as rds:
                await check_both(rds, tasks)


async def fake_first():
    """Start the fake, then aiomoto."""
    with fake_rds_export() as tasks:
        async with aiomoto.mock_aws(), rds_client() as rds:
            await check_both(rds, tasks)


async def client_of_aiomoto_first():
    """Make the client between aiomoto and the fake."""
    async with aiomoto.mock_aws(), rds_client() as rds:
        with fake_rds_export() as tasks:
            await check_both(rds, tasks)


async def client_of_the_fake_first():
    """Make the client between the fake and aiomoto."""
    with fake_rds_export() as tasks:
        async with rds_client() as rds, aiomoto.mock_aws():
            await check_both(rds, tasks)


async def client_first():
    """Make the client before both."""
    async with rds_client() as rds:
        with aiomoto.mock_aws(), fake_rds_export() as tasks:
            await check_both(rds, tasks)


@aiomoto.mock_aws
async def decorator():
    """Have aiomoto decorate the coroutine function."""
    with fake_rds_export() as tasks:
        async with rds_client() as rds:
            await check_both(rds, tasks)


@pytest.mark.parametrize(
    "order", [aiomoto_first, fake_first, client_of_aiomoto_first, client_of_the_fake_first, client_first, decorator]
)
def test_orders(order, botocore_unchanged):
    """Databases and snapshots are moto's and exports the fake's, whatever is started or made first."""
    asyncio.run(order())


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
