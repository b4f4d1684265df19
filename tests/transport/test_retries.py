"""botocore's own retries are real; their delays are recorded instead of slept."""

import random
import time

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.retries.bucket import TokenBucket

from helpers.calls import cancel, start
from helpers.clients import client_with, http_response
from pytest_rds_export import failures, fake_rds_export

THROTTLING = b"<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"

DEFAULT = {"standard": 3, "legacy": 5}[botocore.session.Session().get_config_variable("retry_mode")]

# The retry settings of a client, and the attempts of a throttled call.
SETTINGS = [
    ({}, DEFAULT),
    ({"mode": "standard"}, 3),
    ({"mode": "standard", "max_attempts": 0}, 1),
    ({"mode": "standard", "max_attempts": 1}, 2),
    ({"mode": "standard", "total_max_attempts": 4}, 4),
    ({"mode": "legacy"}, 5),
    ({"mode": "legacy", "max_attempts": 0}, 1),
    ({"mode": "legacy", "max_attempts": 6}, 7),
    ({"mode": "adaptive"}, 3),
    ({"mode": "adaptive", "max_attempts": 0}, 1),
    ({"mode": "adaptive", "max_attempts": 5}, 6),
]
each_mode = pytest.mark.parametrize("mode", ["standard", "legacy", "adaptive"])


@pytest.fixture
def no_sleep(monkeypatch):
    """Fail the test if it sleeps."""

    def sleep(seconds):
        assert seconds == 0, f"slept {seconds} seconds"

    monkeypatch.setattr(time, "sleep", sleep)


@pytest.fixture
def limiter(monkeypatch):
    """Record calls of the rate limiter of the adaptive mode instead of waiting."""
    buckets = []
    monkeypatch.setattr(TokenBucket, "acquire", lambda self, *args, **kwargs: buckets.append(self) or True)
    return buckets


def throttled(client):
    """Make a call that is throttled until botocore stops retrying; return the error response."""
    with pytest.raises(ClientError, match=r"\(Throttling\)") as caught:
        cancel(client)
    return caught.value.response


def throttle(client, event):
    """Throttle every attempt of this client with its own handler of *event*."""
    client.meta.events.register(event, lambda request, **_: http_response(request, 400, THROTTLING))
    return client


@pytest.mark.parametrize(("retries", "attempts"), SETTINGS)
def test_delays(slept, limiter, retries, attempts):
    """A throttled call has the attempts and the delays that botocore would have; nothing sleeps or is limited."""
    random.seed(7)
    throttled(throttle(client_with(**retries), "before-send.rds"))
    expected = list(slept)
    slept.clear()
    limiter.clear()

    with fake_rds_export() as registry:
        registry.inject("Throttling")
        random.seed(7)
        response = throttled(client_with(**retries))

    (call,) = registry.calls
    assert (call.attempts, response["ResponseMetadata"]["RetryAttempts"]) == (attempts, attempts - 1)
    assert len(expected) == attempts - 1
    assert call.retry_delays == expected
    assert not any(slept)
    assert limiter == []


@each_mode
def test_second_attempt(rds_export_tasks, no_sleep, mode):
    """A call whose second attempt succeeds is one record, with its result and one delay."""
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject("InternalFailure", times=1)

    cancel(client_with(mode=mode))

    (call,) = rds_export_tasks.calls
    assert (call.attempts, call.http_status, call.error_code, len(call.retry_delays)) == (2, 200, None, 1)
    assert call.response["Status"] == "CANCELING"


@each_mode
def test_no_sleep(rds_export_tasks, no_sleep, mode):
    """No failure that is retried sleeps, in any mode."""
    client = client_with(mode=mode, max_attempts=1)
    retried = [failure for failure in failures("StartExportTask") if failure.retried]
    for failure in retried:
        with rds_export_tasks.inject(failure), pytest.raises(failure.exception):
            start(client)

    assert [len(call.retry_delays) for call in rds_export_tasks.calls] == [1] * len(retried)


@each_mode
def test_other_services(rds_export_tasks, slept, limiter, mode):
    """Clients of other services sleep and use the rate limiter as usual."""
    client = throttle(client_with("sts", mode=mode, max_attempts=2), "before-send.sts")

    with pytest.raises(ClientError, match=r"\(Throttling\)"):
        client.get_caller_identity()

    assert len([seconds for seconds in slept if seconds > 0]) == 2
    assert len(limiter) == (2 if mode == "adaptive" else 0)
    assert rds_export_tasks.calls == []


def test_quota(rds_export_tasks, no_sleep):
    """A client whose retry quota is used up does not retry."""
    rds_export_tasks.inject("Throttling")
    client = client_with(mode="standard")

    for _ in range(120):
        throttled(client)

    attempts = [call.attempts for call in rds_export_tasks.calls]
    assert (attempts[0], attempts[-1]) == (3, 1)


def test_frozen_clock(rds_export_clock, rds_export_tasks):
    """The delays move the frozen clock."""
    start = rds_export_clock.now
    rds_export_tasks.inject("Throttling")

    throttled(client_with(mode="standard", max_attempts=4))

    advanced = (rds_export_clock.now - start).total_seconds()
    assert advanced == pytest.approx(sum(rds_export_tasks.calls[0].retry_delays), abs=1e-5)
    assert advanced > 0


def test_users_retry_handler(rds_export_tasks, no_sleep):
    """A delay that a user's retry handler returns is recorded instead of slept."""
    client = client_with()
    asked = []

    def once_more(**_kwargs):
        asked.append(1)
        return 3600 if len(asked) == 1 else None

    client.meta.events.register("needs-retry.rds", once_more)
    client.describe_export_tasks()
    assert [call.retry_delays for call in rds_export_tasks.calls] == [[3600]]
