"""The environment after tests that use pytest's monkeypatch as well as the fixtures."""

import pytest

from helpers.inner import blocks, run


@pytest.mark.loopback
def test_environment(pytester, monkeypatch):
    """The environment is restored, whether a monkeypatch is undone before or after the fixture, or the test fails."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "real")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    result = run(
        pytester,
        """
import os

@pytest.fixture(autouse=True)
def nothing_is_left():
    found = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED"):
        del found[name]
    assert found == {"AWS_ACCESS_KEY_ID": "real", "AWS_REGION": "us-east-1"}

def test_undone_after_the_fixture(monkeypatch, rds_export_tasks):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_PROFILE", "other")

def test_set_before_the_fixture(monkeypatch, request):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    request.getfixturevalue("rds_export_tasks")
    assert "AWS_PROFILE" not in os.environ

@pytest.fixture
def production(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")

@pytest.mark.rds_export_tasks(region="us-east-1")
def test_set_by_an_earlier_fixture(production, rds_export_tasks):
    assert "AWS_PROFILE" not in os.environ

def test_asked_for_at_run_time(monkeypatch, request):
    request.getfixturevalue("rds_export_tasks")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")

@pytest.fixture
def broken():
    yield
    raise RuntimeError

def test_fails_at_teardown(monkeypatch, rds_export_tasks, broken):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")

def test_endpoint(monkeypatch, rds_export_endpoint):
    monkeypatch.delenv("AWS_ENDPOINT_URL_RDS")

def test_after():
    pass
""",
    )

    result.assert_outcomes(passed=7, errors=1)
    assert list(blocks(result)) == ["ERROR at teardown of test_fails_at_teardown"]
