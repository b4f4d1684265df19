"""A fake for tests of what is said about it."""

import pytest

from pytest_rds_export import fake_rds_export


@pytest.fixture
def tasks():
    """The registry of a fake whose own checks at the end are off."""
    with fake_rds_export() as registry:
        yield registry
        registry.options.assert_all_injected = registry.options.assert_all_handled = False
        registry.options.assert_all_delivered = False
