"""botocore's own retries are real; their waiting is recorded instead of slept."""

import random
import time

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.retries.bucket import TokenBucket

from _operations import CALLS, client_with, http_answer
from pytest_rds_export import failures, fake_rds_export

THROTTLING = b"<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"

# The settings of a client, and how often it sends a throttled call.
SETTINGS = [
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
each_setting = pytest.mark.parametrize(
    ("retries", "sends"), SETTINGS, ids=["-".join(map(str, retries.values())) for retries, _ in SETTINGS]
)
each_mode = pytest.mark.parametrize("mode", ["standard", "legacy", "adaptive"])


@pytest.fixture
def no_sleep(monkeypatch):
    """Sleeping is an error."""

    def sleep(seconds):
        assert seconds == 0, f"slept {seconds} seconds"

    monkeypatch.setattr(time, "sleep", sleep)


@pytest.fixture
def limiter(monkeypatch):
    """The token buckets of the adaptive mode's rate limiter that were asked, whose waiting is left out."""
    asked = []
    monkeypatch.setattr(TokenBucket, "acquire", lambda self, *args, **kwargs: asked.append(self) or True)
    return asked


def throttled(client, operation="CancelExportTask"):
    """The answer to a call that is throttled until botocore gives up."""
    with pytest.raises(ClientError, match=r"\(Throttling\)") as caught:
        CALLS[operation](client)
    return caught.value.response


def throttle(client, event):
    """Have *event* of this client answered by a handler of its own."""
    client.meta.events.register(event, lambda request, **_: http_answer(request, 400, THROTTLING))
    return client


@each_setting
def test_a_throttled_call_is_sent_as_often_as_botocore_says(rds_export_tasks, no_sleep, retries, sends):
    rds_export_tasks.inject("Throttling")

    answer = throttled(client_with(**retries))

    (call,) = rds_export_tasks.calls
    assert (call.attempts, len(call.retry_delays)) == (sends, sends - 1)
    assert answer["ResponseMetadata"]["RetryAttempts"] == sends - 1


def test_default_is_the_installed_botocores(rds_export_tasks, no_sleep):
    rds_export_tasks.inject("Throttling")

    throttled(client_with())

    default = botocore.session.Session().get_config_variable("retry_mode")
    assert rds_export_tasks.calls[0].attempts == {"standard": 3, "legacy": 5}[default]


@each_setting
def test_delays_are_the_seconds_that_botocore_would_have_slept(slept, limiter, retries, sends):
    random.seed(7)
    throttled(throttle(client_with(**retries), "before-send.rds"))
    alone = list(slept)
    slept.clear()

    with fake_rds_export() as registry:
        registry.inject("Throttling")
        random.seed(7)
        throttled(client_with(**retries))

    assert len(alone) == sends - 1
    assert registry.calls[0].retry_delays == alone
    assert not any(slept)


@each_mode
def test_a_call_that_succeeds_at_the_second_send_has_one_delay(rds_export_tasks, no_sleep, mode):
    rds_export_tasks.seed("nightly")
    rds_export_tasks.inject("InternalFailure", times=1)

    CALLS["CancelExportTask"](client_with(mode=mode))

    (call,) = rds_export_tasks.calls
    assert (call.attempts, call.http_status, call.error_code, len(call.retry_delays)) == (2, 200, None, 1)


@each_mode
@pytest.mark.parametrize(
    "failure", [failure for failure in failures("StartExportTask") if failure.retried], ids=lambda failure: failure.name
)
def test_no_retry_of_any_failure_sleeps(rds_export_tasks, no_sleep, mode, failure):
    rds_export_tasks.inject(failure)

    with pytest.raises(failure.exception):
        CALLS["StartExportTask"](client_with(mode=mode, max_attempts=1))

    assert len(rds_export_tasks.calls[0].retry_delays) == 1


def test_a_stubbed_operation_is_retried_without_sleeping(rds_export_tasks, no_sleep):
    rds_export_tasks.stub("DescribeDBInstances", {"DBInstances": []})
    rds_export_tasks.inject("Throttling", operation="DescribeDBInstances", times=2)

    answer = client_with(mode="standard").describe_db_instances()

    assert answer["ResponseMetadata"]["RetryAttempts"] == 2
    assert len(rds_export_tasks.calls[0].retry_delays) == 2


def test_the_adaptive_rate_limiter_is_not_asked(rds_export_tasks, no_sleep, limiter):
    rds_export_tasks.inject("Throttling")
    client = client_with(mode="adaptive")

    for _ in range(3):
        throttled(client)

    assert [call.attempts for call in rds_export_tasks.calls] == [3, 3, 3]
    assert limiter == []


@each_mode
def test_another_services_waiting_is_left_alone(rds_export_tasks, slept, limiter, mode):
    client = throttle(client_with("sts", mode=mode, max_attempts=2), "before-send.sts")

    with pytest.raises(ClientError, match=r"\(Throttling\)"):
        client.get_caller_identity()

    assert len([seconds for seconds in slept if seconds > 0]) == 2
    assert len(limiter) == (2 if mode == "adaptive" else 0)
    assert rds_export_tasks.calls == []


def test_many_throttled_calls_use_up_the_clients_retry_quota(rds_export_tasks, no_sleep):
    rds_export_tasks.inject("Throttling")
    client = client_with(mode="standard")

    for _ in range(120):
        throttled(client)

    attempts = [call.attempts for call in rds_export_tasks.calls]
    assert (attempts[0], attempts[-1]) == (3, 1)


def test_on_a_frozen_clock_the_delays_move_it(rds_export_clock, rds_export_tasks):
    start = rds_export_clock.now
    rds_export_tasks.inject("Throttling")

    throttled(client_with(mode="standard", max_attempts=4))

    moved = (rds_export_clock.now - start).total_seconds()
    assert moved == pytest.approx(sum(rds_export_tasks.calls[0].retry_delays), abs=1e-5)
    assert moved > 0
