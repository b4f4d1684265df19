"""Uses that overlap without being nested: after the last one the process is as it was before the first."""

import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import boto3
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers.clients import shared_client
from helpers.inner import run
from helpers.leftovers import endpoint_of_children, patched_methods
from helpers.loopback import served
from pytest_rds_export import fake_rds_export

METHODS = patched_methods()
REAL = {"AWS_ACCESS_KEY_ID": "AKIAREAL", "AWS_PROFILE": "production", "AWS_REGION": "eu-north-1"}
REGIONS = ("us-west-1", "eu-west-1", "cn-north-1")
# What the code under test does while fakes are active.
ACTIONS = {
    "uses the session": lambda: getattr(boto3.DEFAULT_SESSION, "region_name", None),
    "sets a variable": lambda: os.environ.update(AWS_REGION="ca-central-1"),
    "removes a variable": lambda: os.environ.pop("AWS_REGION", None),
    "installs a session": boto3.setup_default_session,
    "removes the session": lambda: setattr(boto3, "DEFAULT_SESSION", None),
}


@st.composite
def interleavings(draw):
    """Return steps: the number of a use, which begins at its first step and ends at its second, or an action."""
    count = draw(st.integers(1, 5))
    steps = draw(st.permutations([*range(count), *range(count)]))
    for action in draw(st.lists(st.sampled_from(list(ACTIONS)), max_size=4)):
        steps.insert(draw(st.integers(1, len(steps))), action)
    return steps


def performed(steps, begin):
    """Run the steps, each action only while a use is active; yields the number of active uses after each."""
    active = {}
    for step in steps:
        if step in ACTIONS:
            if active:
                ACTIONS[step]()
        elif step in active:
            active.pop(step).close()
        else:
            active[step] = ExitStack()
            active[step].enter_context(begin(step))
        yield len(active)


def process():
    """Return what a use replaces."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    return environ, endpoint_of_children(), boto3.DEFAULT_SESSION, patched_methods(), sys.meta_path[:]


@pytest.fixture(params=["production", "nothing"])
def before(request, monkeypatch):
    """Set up the process of a user with a default session and credentials, or with neither; yields what it is."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", boto3.Session() if request.param == "production" else None)
    for name in REAL:
        monkeypatch.delenv(name, raising=False)
    if request.param == "production":
        for name, value in REAL.items():
            monkeypatch.setenv(name, value)
    return process()


@pytest.mark.loopback
@pytest.mark.parametrize("use", [fake_rds_export, served])
def test_any_interleaving(use, before):
    """Whatever the order and the code under test, everything is restored when the last use ends, and not earlier."""

    @given(interleavings())
    @example([0, 1, 0, "uses the session", 1])
    @example([0, 1, "installs a session", 1, 0])
    def check(steps):
        for active in performed(steps, lambda number: use(region=REGIONS[number % 3])):
            if active:
                assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"
                assert endpoint_of_children().startswith(b"http://127.0.0.1:")
                assert not set(patched_methods()) & set(METHODS)
            else:
                assert process() == before

    check()


def test_threads(before):
    """Uses of many threads restore everything after the last one."""

    def use(_):
        with fake_rds_export():
            shared_client().describe_export_tasks()
            return os.environ["AWS_ACCESS_KEY_ID"]

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(use, range(400))) == {"testing"}
    assert process() == before


def test_boto3_imported_meanwhile(before, monkeypatch):
    """A boto3 that is imported in the first use has no default session after the last."""
    with monkeypatch.context() as patch:
        patch.delitem(sys.modules, "boto3")
        first, second = fake_rds_export(), fake_rds_export()
        first.__enter__()
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    boto3.client("rds", "us-east-1")
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert boto3.DEFAULT_SESSION is None


def test_monkeypatch_that_outlives_the_use(pytester, monkeypatch):
    """A default session that ``monkeypatch`` restores after the fixture's end is not left behind."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    source = """
@pytest.fixture(autouse=True)
def no_session(monkeypatch):
    yield lambda: monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

def test_first(no_session, rds_export_tasks):
    boto3.client("rds")
    no_session()

def test_second():
    assert boto3.DEFAULT_SESSION is None
"""
    run(pytester, source).assert_outcomes(passed=2)


def test_coroutines_with_one_instance(before):
    """Of uses of one instance that overlap in coroutines, each ends its own account."""
    fake = fake_rds_export()
    second_is_in, first_is_out = asyncio.Event(), asyncio.Event()

    async def first():
        with fake:
            await second_is_in.wait()
        first_is_out.set()

    async def second():
        with fake as tasks:
            second_is_in.set()
            await first_is_out.wait()
            shared_client().describe_export_tasks()
            assert len(tasks.calls) == 1

    async def main():
        await asyncio.gather(first(), second())

    asyncio.run(main())
    assert process() == before
