"""The values of options: which are allowed, and what each does."""

import boto3
import pytest

from helpers.errors import raises_exactly
from pytest_rds_export import Stuck, fake_rds_export


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("region", "Dublin", "region must be a name such as 'eu-west-1', got 'Dublin'"),
        ("region", 1, "region must be a name such as 'eu-west-1', got 1"),
        ("account_id", "1234", "account_id must be a string of 12 digits, got str '1234'"),
        (
            "account_id",
            123456789012,
            (
                "account_id must be a string of 12 digits, got int 123456789012. Put it in quotes: "
                "account_id='123456789012'"
            ),
        ),
        ("describe_unknown", "none", "describe_unknown must be 'error' or 'empty', got 'none'"),
        ("credentials", "real", "credentials must be 'fake' or 'keep', got 'real'"),
        ("credentials", None, "credentials must be 'fake' or 'keep', got None"),
        ("concurrent_limit", 0, "concurrent_limit must be an int of at least 1, got 0"),
        ("concurrent_limit", 1.5, "concurrent_limit must be an int of at least 1, got float 1.5"),
        ("concurrent_limit", True, "concurrent_limit must be an int of at least 1, got bool True"),
        ("concurrent_limit_scope", "global", "concurrent_limit_scope must be 'region' or 'account', got 'global'"),
        ("concurrent_limit_scope", None, "concurrent_limit_scope must be 'region' or 'account', got None"),
        ("page_size", 0, "page_size must be an int from 1 to 100, got 0"),
        ("page_size", 101, "page_size must be an int from 1 to 100, got 101"),
        ("page_size", True, "page_size must be an int from 1 to 100, got bool True"),
        (
            "unsupported_regions",
            ["a"],
            "unsupported_regions must be a string such as 'eu-south-2 me-south-1', got list ['a']",
        ),
        ("unsupported_regions", "eu-south-2,", "region must be a name such as 'eu-west-1', got 'eu-south-2,'"),
        ("trailing_slash", "refuse", "trailing_slash must be 'accept' or 'fail', got 'refuse'"),
        ("page_size", "20", "page_size must be an int from 1 to 100, got str '20'"),
        ("timeline", "slow", "timeline must be a Timeline, Polls or Stuck, got str 'slow'"),
        ("timeline", 60, "timeline must be a Timeline, Polls or Stuck, got int 60"),
        ("timeline", Stuck, "timeline must be a Timeline, Polls or Stuck, got the class Stuck. Write Stuck()"),
        ("assert_all_injected", "no", "assert_all_injected must be True or False, got 'no'"),
        ("assert_all_injected", 1, "assert_all_injected must be True or False, got 1"),
        ("assert_all_handled", 0, "assert_all_handled must be True or False, got 0"),
        ("assert_all_handled", None, "assert_all_handled must be True or False, got None"),
        ("assert_all_delivered", 0, "assert_all_delivered must be True or False, got 0"),
    ],
)
def test_wrong_value(option, value, text):
    """A wrong value is refused at once, with the option's name, the value and what is allowed."""
    with raises_exactly(ValueError, text):
        fake_rds_export("nightly", **{option: value})


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("pagesize", "unknown option 'pagesize'. Did you mean 'page_size'?"),
        ("regin", "unknown option 'regin'. Did you mean 'region'?"),
        ("limit", "unknown option 'limit'. Did you mean 'concurrent_limit' or 'concurrent_limit_scope'?"),
        (
            "speed",
            (
                "unknown option 'speed'. Use one of 'region', 'account_id', 'describe_unknown', 'concurrent_limit', "
                "'concurrent_limit_scope', 'one_export_per_source', 'unsupported_regions', 'page_size', "
                "'trailing_slash', 'snapshot_source_type', 'snapshots', 'assert_all_injected', 'assert_all_handled', "
                "'assert_all_delivered', 'credentials', 'timeline' or 'snapshot_timeline'"
            ),
        ),
    ],
)
def test_unknown_option(option, text):
    """An unknown option is refused with the similar ones, or with all of them."""
    with raises_exactly(TypeError, text):
        fake_rds_export(**{option: 20})


def test_empty_region(monkeypatch):
    """An empty region, the default, is that of the environment."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")

    with fake_rds_export(region="") as tasks:
        assert tasks.region == "us-west-2"


def test_region(monkeypatch):
    """A client without a region is in that of the option, and sees its tasks."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")

    with fake_rds_export("nightly", region="eu-west-1") as registry:
        client = boto3.client("rds")
        assert client.meta.region_name == registry["nightly"].region == "eu-west-1"
        assert client.describe_export_tasks()["ExportTasks"]


def test_account_id():
    """The account is in the ARNs of sources."""
    with fake_rds_export("nightly", account_id="999988887777") as registry:
        assert registry["nightly"].source_arn == "arn:aws:rds:us-east-1:999988887777:snapshot:nightly"
        assert registry.seed_snapshot("nightly").arn == registry["nightly"].source_arn
