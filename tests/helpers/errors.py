"""Assert that a block raises an error with exactly this message."""

from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError


@contextmanager
def raises_exactly(error, text):
    """Assert that the block raises *error*, not a subclass, with exactly this message."""
    with pytest.raises(error) as caught:
        yield
    assert type(caught.value) is error
    assert str(caught.value) == text


@contextmanager
def refused(code, http_status, text):
    """Assert that the block raises a ClientError with this code, status and message."""
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Message"]) == (
        code,
        http_status,
        text,
    )
