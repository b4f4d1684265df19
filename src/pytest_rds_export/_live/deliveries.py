"""Where events arrive: a Lambda function, an SNS topic or an EventBridge bus; and what came of each delivery."""

from __future__ import annotations

import functools
import inspect
import json
import traceback
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from botocore.client import BaseClient

from .. import _clock, _model, _patterns
from .._messages import check_choice, must_be, must_be_type, safe_repr, shorten
from .._rds.events import Event
from .._times import format_time, to_length
from . import outgoing
from .event import RdsEvent
from .views import Views

__tracebackhide__ = True

Handler = Callable[[Any, Any], object]
_Send = Callable[[RdsEvent, datetime], Any]
"""Takes an event and the time now; returns what came back."""

_SHAPES: dict[str, Callable[[RdsEvent], dict[str, Any]]] = {
    "eventbridge": RdsEvent.to_eventbridge,
    "subscription": RdsEvent.to_lambda,
    "eventbridge-sns": functools.partial(RdsEvent.to_lambda, source="eventbridge"),
}
_PACKAGE = Path(__file__).parents[1]
_LONGEST_RUN = timedelta(minutes=15)
_LONGEST_RESULT = 60  # characters
_ALLOWED = "a function handler(event, context), or a boto3 client of SNS or EventBridge"
# How events get to what they are not delivered to directly.
_WAYS = {
    "sqs": "Queues have events from SNS or EventBridge: pass the SNS client, and subscribe the queue to the topic",
    "lambda": "Pass the handler itself, which is called as Lambda calls it",
    "stepfunctions": "Pass a function that calls start_execution",
    "rds": "Pass what receives the events, not what causes them",
}


@dataclass(eq=False, repr=False, slots=True)
class Delivery:
    """One event for one receiver, and what came of it.

    Attributes:
        receiver: What it goes to: the name of the function, the ARN of the topic or the name of the bus.
        event: The ``RdsEvent``.
        due: When it is delivered at the earliest: when the event happened, or as much later as ``delay`` says.
        time: When it was delivered; None if it was not.
        reasons: Why the ``pattern`` did not let it through; an empty list if it did, or if there is no pattern.
        returned: What the function returned, or the response of the client.
        error: The exception that the receiver raised; None if it did not.
    """

    receiver: str
    event: RdsEvent
    due: datetime
    reasons: list[str]
    time: datetime | None = None
    returned: Any = None
    error: BaseException | None = None

    @property
    def outcome(self) -> str:
        """What came of it, in a few words."""
        if self.reasons:
            return f"not delivered, because of pattern=: {'; '.join(self.reasons)}"
        if self.time is None:
            return f"not delivered yet, due at {format_time(self.due)}"
        if self.error is not None:
            return f"raised {safe_repr(self.error)}{_find_place(self.error)}"
        return f"returned {shorten(safe_repr(self.returned), _LONGEST_RESULT)}"

    def __repr__(self) -> str:
        return f"<Delivery to {self.receiver} of {self.event!r}: {self.outcome}>"


Delivery.__module__ = "pytest_rds_export.types"


def _find_place(error: BaseException) -> str:
    """Return the last line of the user's own code that an exception went through."""
    lines = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    own = [(path, line) for path, line in lines if "site-packages" not in path.parts and _PACKAGE not in path.parents]
    return f" at {own[-1][0].name}:{own[-1][1]}" if own else ""


class LambdaContext:
    """The second argument of a Lambda function, with the attributes that AWS documents."""

    client_context = None
    function_version = "$LATEST"
    identity = None
    memory_limit_in_mb = "128"

    def __init__(self, function_name: str, event: RdsEvent, begin: datetime) -> None:
        self.function_name = function_name
        self._event = event
        self._begin = begin

    # Made when they are read: few functions read them, and to make them takes as long as the rest of a delivery.
    @functools.cached_property
    def aws_request_id(self) -> str:
        return str(uuid.uuid4())

    @property
    def invoked_function_arn(self) -> str:
        region, account_id = self._event.region, self._event.account_id
        return f"arn:{_model.partition(region)}:lambda:{region}:{account_id}:function:{self.function_name}"

    @property
    def log_group_name(self) -> str:
        return f"/aws/lambda/{self.function_name}"

    @property
    def log_stream_name(self) -> str:
        return f"{self._begin:%Y/%m/%d}/[$LATEST]{self.aws_request_id.replace('-', '')}"

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may still run by the clock, of the longest time that Lambda allows."""
        return max(0, (self._begin + _LONGEST_RUN - _clock.now()) // timedelta(milliseconds=1))

    def log(self, message: object) -> None:
        """Write to the log: print it."""
        print(message)  # noqa: T201

    def __repr__(self) -> str:
        return f"<LambdaContext of {self.function_name}, request {self.aws_request_id}>"


def deliver_events(
    views: Views,
    to: Handler | BaseClient,
    where: Mapping[str, str | None],
    pattern: Mapping[str, Any] | str | None,
    delay: timedelta | float,
    times: int,
) -> None:
    """Add a receiver of the events of an account, as ``AccountView.deliver_events`` says.

    *where* has the arguments that are for one kind of receiver each.
    """
    account = views.account
    service = _find_service(to)
    kind = _KINDS[service]
    for other in _KINDS.values():
        if other is not kind and where[other.argument] is not None:
            raise TypeError(f"{other.argument} is for {other.whom}, but to is {kind.whom}: {to!r}. Leave it out")
    if pattern is not None and (service == "sns" or where["shape"] == "subscription"):
        route = f"to is a client of SNS: {to!r}" if service else f"shape is {where['shape']!r}"
        raise TypeError(
            f"pattern is for an EventBridge rule, but {route}, and an RDS event subscription has none. Leave it out, "
            "or let a rule deliver: use another shape, or a client of EventBridge"
        )
    name, send = kind.resolve(to, where[kind.argument])
    parsed = None if pattern is None else _patterns.parse(pattern)
    length = to_length("delay", delay)
    if not isinstance(times, int) or isinstance(times, bool) or times < 1:
        raise ValueError(must_be("times", "an int of at least 1", times))
    post = outgoing.post_of(account)
    if post is None:
        raise RuntimeError("the fake has ended, so no events happen any more. Call deliver_events before its end")

    def receive(region: str, event: Event, now: datetime) -> tuple[datetime, outgoing.Send] | None:
        rds_event = views.event(event, account.region(region))
        reasons = [] if parsed is None else rds_event.explain(parsed)
        delivery = Delivery(name, rds_event, now + length, reasons)
        account.outbox.deliveries.append(delivery)
        return None if reasons else (delivery.due, functools.partial(_make, delivery, send))

    account.update_all(_clock.now())  # what has happened by now is not delivered to it
    outgoing.deliver(account.outbox)
    post.add(receive, times)


def _make(delivery: Delivery, send: _Send, now: datetime) -> None:
    delivery.time = now
    try:
        delivery.returned = send(delivery.event, now)
    except BaseException as error:
        delivery.error = error
        if not isinstance(error, Exception):
            raise  # it ends the test, as KeyboardInterrupt and SleepLimitExceeded do


def _find_service(to: Any) -> str:
    """Return the service of a client that events are delivered to; an empty string for a function."""
    if not isinstance(to, BaseClient):
        _check_function(to)
        return ""
    service: str = to.meta.service_model.service_name
    allowed = "a boto3 client of SNS or EventBridge"
    if service not in _KINDS:
        way = _WAYS.get(service, "Pass a function that calls it")
        raise TypeError(f"{must_be('to', allowed, to)}, a client of {service}. {way}")
    if hasattr(to, "__aenter__"):
        raise TypeError(f"{must_be('to', allowed, to)}, an async client. Make one with boto3.client({service!r})")
    return service


def _check_function(to: Any) -> None:
    if isinstance(to, str):
        way = "For a topic, write deliver_events(boto3.client('sns'), topic=...); for a bus, boto3.client('events')"
    elif isinstance(to, type):
        way = f"Pass a method of an instance, such as {to.__name__}().handle"
    elif not callable(to):
        way = "Pass the handler of the Lambda function"
    elif inspect.iscoroutinefunction(to) or inspect.iscoroutinefunction(type(to).__call__):
        way = "Lambda does not await it: pass a function that calls asyncio.run()"
    elif not _takes_two_arguments(to):
        way = "Lambda calls it with two arguments, the event and the context"
    else:
        return
    raise TypeError(f"{must_be_type('to', _ALLOWED, to)}. {way}")


def _takes_two_arguments(function: Callable[..., object]) -> bool:
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        return False
    except ValueError:  # it has no signature that Python knows
        return True
    return True


def _to_function(handler: Handler, shape: str | None) -> tuple[str, _Send]:
    shape = "eventbridge" if shape is None else shape
    check_choice("shape", shape, tuple(_SHAPES))
    name, make_event = getattr(handler, "__name__", type(handler).__name__), _SHAPES[shape]
    return name, lambda event, now: handler(make_event(event), LambdaContext(name, event, now))


def _to_topic(client: Any, topic: str | None) -> tuple[str, _Send]:
    if not isinstance(topic, str) or ":sns:" not in topic:
        how = "Write deliver_events(sns, topic=sns.create_topic(Name='rds-events')['TopicArn'])"
        raise ValueError(f"{must_be_type('topic', 'the ARN of the topic', topic)}. {how}")

    def send(event: RdsEvent, _now: datetime) -> Any:
        notification = event.to_sns()
        attributes = {
            name: {"DataType": attribute["Type"], "StringValue": attribute["Value"]}
            for name, attribute in notification["MessageAttributes"].items()
        }
        return client.publish(
            TopicArn=topic,
            Subject=notification["Subject"],
            Message=notification["Message"],
            MessageAttributes=attributes,
        )

    return topic, send


def _to_bus(client: Any, bus: str | None) -> tuple[str, _Send]:
    bus = "default" if bus is None else bus
    if not isinstance(bus, str):
        raise ValueError(must_be_type("bus", "the name or the ARN of an event bus", bus))

    def send(event: RdsEvent, _now: datetime) -> Any:
        document = event.to_eventbridge()
        entry = {
            "EventBusName": bus,
            "Source": document["source"],
            "DetailType": document["detail-type"],
            "Resources": document["resources"],
            "Time": event.date,
            "Detail": json.dumps(document["detail"]),
        }
        response = client.put_events(Entries=[entry])
        if response["FailedEntryCount"]:
            raise RuntimeError(f"put_events failed: {response['Entries'][0]}")
        return response

    return bus, send


class _Kind(NamedTuple):
    """A kind of receiver, and the argument that says more of it."""

    whom: str
    argument: str
    resolve: Callable[[Any, Any], tuple[str, _Send]]


# By the service of a client; a function has none.
_KINDS = {
    "": _Kind("a function", "shape", _to_function),
    "sns": _Kind("a client of SNS", "topic", _to_topic),
    "events": _Kind("a client of EventBridge", "bus", _to_bus),
}
