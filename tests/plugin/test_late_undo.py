"""The environment after tests that also patch it themselves: undone before or after the fake, nothing of it stays."""

import pytest

from helpers.inner import blocks, run

BEFORE = """
import os
import pytest
from pytest_rds_export import fake_rds_export
from unittest.mock import patch

def aws():
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}

before = aws()

"""

ORDERS = {
    "monkeypatch of the test": """
def test_it(monkeypatch, rds_export_tasks):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "mine")
    monkeypatch.setenv("AWS_PROFILE", "mine")
""",
    "set by an earlier fixture": """
@pytest.fixture
def production(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")

@pytest.mark.rds_export_tasks(region="us-east-1")
def test_it(production, rds_export_tasks):
    assert "AWS_PROFILE" not in os.environ
""",
    "variable that two tests set": """
def use(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    with fake_rds_export():
        assert "AWS_PROFILE" not in os.environ
    assert os.environ["AWS_PROFILE"] == "production"

def test_first(monkeypatch):
    use(monkeypatch)

def test_second(monkeypatch):
    assert aws() == before
    use(monkeypatch)
""",
    "failing teardown": """
@pytest.fixture
def broken():
    yield
    raise RuntimeError

def test_that_fails(monkeypatch, rds_export_tasks, broken):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
""",
    "monkeypatch of an earlier fixture": """
@pytest.fixture
def earlier(monkeypatch):
    return monkeypatch

@pytest.fixture
def faked(earlier):
    with fake_rds_export():
        yield

def test_it(earlier, faked):
    earlier.setenv("AWS_ACCESS_KEY_ID", "mine")
    earlier.delenv("AWS_SECRET_ACCESS_KEY")
""",
    "monkeypatch of a class": """
@pytest.fixture(scope="class")
def shared():
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield monkeypatch

class TestIt:
    def test_first(self, shared, rds_export_tasks):
        shared.setenv("AWS_ACCESS_KEY_ID", "mine")

    def test_between(self, shared):
        pass

    def test_last(self, shared):
        pass
""",
    "replaced os.environ": """
def test_it(monkeypatch, rds_export_tasks):
    monkeypatch.setattr(os, "environ", dict(os.environ, AWS_PROFILE="mine"))
""",
    "patch.dict": """
@pytest.fixture
def patched():
    patcher = patch.dict(os.environ)
    yield patcher
    patcher.stop()

def test_it(patched, rds_export_tasks):
    patched.start()
    os.environ["AWS_ACCESS_KEY_ID"] = "mine"
""",
    "patch.dict in the test": """
def test_it(request):
    patcher = patch.dict(os.environ, AWS_ACCESS_KEY_ID="mine")
    with fake_rds_export():
        patcher.start()
    patcher.stop()
""",
    "endpoint": """
@pytest.mark.loopback
def test_it(monkeypatch, rds_export_endpoint):
    monkeypatch.setenv("AWS_ENDPOINT_URL_RDS", "mine")
    monkeypatch.setenv("NO_PROXY", "mine")

def test_urls():
    assert "NO_PROXY" not in os.environ
""",
}

SET_BY_OTHERS = """
import os

@pytest.fixture(scope="module")
def credentials():
    os.environ["AWS_ACCESS_KEY_ID"] = "testing"  # as moto's documentation does
    yield
    del os.environ["AWS_ACCESS_KEY_ID"]

def test_credentials_like_ours(credentials, rds_export_tasks):
    assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"

def test_credentials_stay_until_the_end_of_the_module(credentials):
    assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"

@pytest.fixture
def profile():
    yield
    os.environ["AWS_PROFILE"] = "mine"

def test_variable_that_is_set_after_the_fake(profile, rds_export_tasks):
    pass

def test_it_stays():
    assert os.environ.pop("AWS_PROFILE") == "mine"
"""

AFTER = """
def test_afterwards():
    assert aws() == before
"""


@pytest.fixture
def _real(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.loopback
@pytest.mark.usefixtures("_real")
def test_environment(pytester):
    """After the tests of each file the environment is what it was before."""
    files = {f"test_{number}": BEFORE + order + AFTER for number, order in enumerate(ORDERS.values())}
    pytester.makepyfile(**files)

    result = run(pytester, SET_BY_OTHERS, "-W", "ignore::pytest.PytestUnknownMarkWarning")

    result.assert_outcomes(passed="".join([*files.values(), SET_BY_OTHERS]).count("def test_"), errors=1)
    assert list(blocks(result)) == ["ERROR at teardown of test_that_fails"]


def test_botocore(pytester):
    """A method of botocore that was patched during the fake is botocore's again, and retries are recorded once."""
    source = """
from botocore.endpoint import Endpoint

original = Endpoint.make_request

@pytest.fixture
def undone_late(monkeypatch):
    return monkeypatch

def test_first(undone_late, rds_export_tasks):
    undone_late.setattr(Endpoint, "make_request", None)

def test_between():
    assert Endpoint.make_request is original

def test_retries(rds_export_tasks, rds_export_client):
    rds_export_tasks.inject("Throttling", operation="DescribeExportTasks", times=1)
    rds_export_client.describe_export_tasks()
    assert len(rds_export_tasks.calls[0].retry_delays) == 1
"""
    run(pytester, source).assert_outcomes(passed=3)


ON_TOP = """
import datetime
import sys
import time
import types
from datetime import datetime as taken, timezone
import pytest
from unittest import mock

real = {"taken": taken, "sleep": time.sleep}
own = types.SimpleNamespace(**real)
module = sys.modules[__name__]

class Fixed(datetime.datetime):
    pass

@pytest.fixture
def patches():
    yield
    mock.patch.stopall()

def test_patch(monkeypatch, patches, rds_export_clock):
    monkeypatch.setattr("datetime.datetime", Fixed)
    monkeypatch.setattr(module, "taken", Fixed)
    mock.patch.object(time, "sleep", lambda seconds: None).start()
    rds_export_clock.tick(60)
    assert (datetime.datetime, taken) == (Fixed, Fixed)

def test_afterwards():
    assert (datetime.datetime, taken, time.sleep) == (own.taken, own.taken, own.sleep)
    assert datetime.datetime.now(timezone.utc).year == taken.now(timezone.utc).year

def test_clock_again(rds_export_clock):
    time.sleep(60)
    assert taken.now(timezone.utc) == rds_export_clock.now
"""


def test_patches_on_top_of_the_clock(pytester):
    """Patches of what the clock replaces, which are undone after its end, bring nothing of the clock back."""
    run(pytester, ON_TOP).assert_outcomes(passed=3)
