"""What events are delivered to: a function in three shapes, a topic and a bus of moto; and what cannot be."""

import functools
import json
import re
from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock

import boto3
import pytest

from helpers.clients import client_with, shared_client
from helpers.errors import raises_exactly
from pytest_rds_export import fake_rds_export
from pytest_rds_export.types import Delivery


class Handler:
    """An object with a method that is a handler."""

    def handle(self, event, context):
        """Return what arrived."""
        return event, context

    __call__ = handle


def delivered(tasks, to, **arguments):
    """Return the only delivery of the event of an export."""
    tasks.deliver_events(to, **arguments)
    tasks.seed("nightly").move_to("COMPLETE")
    (delivery,) = tasks.deliveries
    return delivery


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ({}, lambda event: event.to_eventbridge()),
        ({"shape": "eventbridge"}, lambda event: event.to_eventbridge()),
        ({"shape": "subscription"}, lambda event: event.to_lambda()),
        ({"shape": "eventbridge-sns"}, lambda event: event.to_lambda("eventbridge")),
    ],
)
def test_shape(rds_export_tasks, shape, expected):
    """A function receives an event as a rule, an RDS event subscription or a rule with a topic invokes it."""
    delivery = delivered(rds_export_tasks, Handler(), **shape)
    assert [delivery.event] == rds_export_tasks.events
    assert delivery.returned[0] == expected(delivery.event)


def test_own_event(rds_export_tasks):
    """Each receiver has an event of its own, which it may change."""
    seen = []

    def handler(event, context):
        seen.append(event["detail"].pop("EventID"))

    rds_export_tasks.deliver_events(handler, times=2)
    rds_export_tasks.seed("nightly").move_to("COMPLETE")
    assert seen == ["RDS-EVENT-0161", "RDS-EVENT-0161"]


def test_context(rds_export_tasks, rds_export_clock):
    """The context has what Lambda's has."""
    _, context = delivered(rds_export_tasks, Handler().handle).returned
    number = context.aws_request_id
    assert (context.function_name, context.function_version, context.memory_limit_in_mb) == ("handle", "$LATEST", "128")
    assert context.invoked_function_arn == "arn:aws:lambda:us-east-1:123456789012:function:handle"
    assert context.log_group_name == "/aws/lambda/handle"
    assert context.log_stream_name == f"2026/01/01/[$LATEST]{number.replace('-', '')}"
    assert (context.identity, context.client_context) == (None, None)
    assert repr(context) == f"<LambdaContext of handle, request {number}>"


def test_remaining_time(rds_export_tasks, rds_export_clock):
    """By the clock, a function may run for 15 minutes, the most that Lambda allows."""
    remaining = []

    def handler(event, context):
        for _ in range(3):
            remaining.append(context.get_remaining_time_in_millis())
            rds_export_clock.tick(minutes=14)

    delivered(rds_export_tasks, handler)
    assert remaining == [900_000, 60_000, 0]


def test_log(rds_export_tasks, capsys):
    """What a function logs by its context is printed."""
    delivered(rds_export_tasks, lambda event, context: context.log("loaded"))
    assert capsys.readouterr().out == "loaded\n"


@pytest.mark.parametrize(
    ("to", "name"),
    [
        (lambda event, context: None, "<lambda>"),
        (Handler().handle, "handle"),
        (Handler(), "Handler"),
        (Mock(), "Mock"),
        (functools.partial(lambda table, event, context: None, "orders"), "partial"),
        (lambda *arguments: None, "<lambda>"),
        (getattr, "getattr"),
    ],
    ids=["function", "method", "object", "mock", "partial", "arguments", "builtin"],
)
def test_function(rds_export_tasks, to, name):
    """A function is anything that can be called with an event and a context."""
    assert delivered(rds_export_tasks, to).receiver == name
    rds_export_tasks.deliveries.clear()


async def asynchronous(event, context):
    """Receive an event."""


class Asynchronous:
    """An object that is awaited."""

    __call__ = asynchronous


FUNCTION = "to must be a function handler(event, context), or a boto3 client of SNS or EventBridge, got "


@pytest.mark.parametrize(
    ("to", "message"),
    [
        (
            "arn:aws:sns:us-east-1:123456789012:x",
            (
                "str 'arn:aws:sns:us-east-1:123456789012:x'. For a topic, write "
                "deliver_events(boto3.client('sns'), topic=...); for a bus, boto3.client('events')"
            ),
        ),
        (None, "None. Pass the handler of the Lambda function"),
        (Handler, "the class Handler. Pass a method of an instance, such as Handler().handle"),
        (asynchronous, f"{asynchronous!r}. Lambda does not await it: pass a function that calls asyncio.run()"),
        (Asynchronous(), "Lambda does not await it: pass a function that calls asyncio.run()"),
        (lambda event: None, "Lambda calls it with two arguments, the event and the context"),
    ],
    ids=["arn", "none", "class", "async", "awaited object", "one argument"],
)
def test_wrong_receiver(rds_export_tasks, to, message):
    """What cannot be delivered to is refused with what to do."""
    with pytest.raises(TypeError) as caught:
        rds_export_tasks.deliver_events(to)
    assert str(caught.value).startswith(FUNCTION)
    assert str(caught.value).endswith(message)


client = functools.cache(client_with)


@pytest.mark.parametrize(
    ("service", "way"),
    [
        (
            "sqs",
            "Queues have events from SNS or EventBridge: pass the SNS client, and subscribe the queue to the topic",
        ),
        ("lambda", "Pass the handler itself, which is called as Lambda calls it"),
        ("stepfunctions", "Pass a function that calls start_execution"),
        ("rds", "Pass what receives the events, not what causes them"),
        ("s3", "Pass a function that calls it"),
    ],
)
def test_wrong_client(rds_export_tasks, service, way):
    """A client of another service is refused with the way to deliver to that service."""
    to = client(service)
    name = to.meta.service_model.service_name
    text = f"to must be a boto3 client of SNS or EventBridge, got {to!r}, a client of {name}. {way}"
    with raises_exactly(TypeError, text):
        rds_export_tasks.deliver_events(to)


@pytest.mark.parametrize(
    ("service", "arguments", "text"),
    [
        ("", {"topic": "x"}, "topic is for a client of SNS, but to is a function"),
        ("", {"bus": "x"}, "bus is for a client of EventBridge, but to is a function"),
        ("sns", {"shape": "eventbridge"}, "shape is for a function, but to is a client of SNS"),
        ("events", {"topic": "x"}, "topic is for a client of SNS, but to is a client of EventBridge"),
        ("events", {"shape": "subscription"}, "shape is for a function, but to is a client of EventBridge"),
    ],
)
def test_argument_of_another(rds_export_tasks, service, arguments, text):
    """An argument that belongs to another kind of receiver is refused."""
    to = client(service) if service else Handler().handle
    with raises_exactly(TypeError, f"{text}: {to!r}. Leave it out"):
        rds_export_tasks.deliver_events(to, **arguments)


@pytest.mark.parametrize(
    ("service", "arguments", "why"),
    [
        ("sns", {"topic": "arn:aws:sns:us-east-1:123456789012:events"}, "to is a client of SNS: {!r}"),
        ("", {"shape": "subscription"}, "shape is 'subscription'"),
    ],
)
def test_pattern_of_a_subscription(rds_export_tasks, service, arguments, why):
    """An RDS event subscription has no pattern."""
    to = client(service) if service else Handler()
    text = (
        f"pattern is for an EventBridge rule, but {why.format(to)}, and an RDS event subscription has none. Leave it "
        "out, or let a rule deliver: use another shape, or a client of EventBridge"
    )
    with raises_exactly(TypeError, text):
        rds_export_tasks.deliver_events(to, **arguments, pattern={"source": ["aws.rds"]})


TOPIC = "Write deliver_events(sns, topic=sns.create_topic(Name='rds-events')['TopicArn'])"


@pytest.mark.parametrize(
    ("service", "arguments", "message"),
    [
        ("", {"shape": "sns"}, "shape must be 'eventbridge', 'subscription' or 'eventbridge-sns', got 'sns'"),
        ("", {"times": 0}, "times must be an int of at least 1, got 0"),
        ("", {"times": True}, "times must be an int of at least 1, got True"),
        ("", {"times": 1.5}, "times must be an int of at least 1, got 1.5"),
        ("", {"delay": -1}, "delay must be a timedelta or a number of seconds, from 0 to 100 years, got -1"),
        ("", {"pattern": {}}, "pattern must be an object with at least one field, got {}"),
        ("sns", {}, f"topic must be the ARN of the topic, got None. {TOPIC}"),
        ("sns", {"topic": "events"}, f"topic must be the ARN of the topic, got str 'events'. {TOPIC}"),
        ("events", {"bus": 5}, "bus must be the name or the ARN of an event bus, got int 5"),
    ],
)
def test_wrong_value(rds_export_tasks, service, arguments, message):
    """A value that is not allowed is refused, and the receiver is not added."""
    with raises_exactly(ValueError, message):
        rds_export_tasks.deliver_events(client(service) if service else Handler(), **arguments)
    rds_export_tasks.seed("nightly").move_to("COMPLETE")
    assert rds_export_tasks.deliveries == []


# moto's topics and buses.


@pytest.fixture
def queue(moto):
    """The URL and the ARN of a queue of moto."""
    with moto.mock_aws():
        sqs = boto3.client("sqs", "us-east-1")
        url = sqs.create_queue(QueueName="events")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        yield url, attributes["QueueArn"]


def bodies(url):
    """Return the documents in a queue."""
    messages = boto3.client("sqs", "us-east-1").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in messages.get("Messages", ())]


def test_topic(rds_export_tasks, queue):
    """An SNS client publishes what an RDS event subscription does."""
    url, arn = queue
    sns = boto3.client("sns", "us-east-1")
    topic = sns.create_topic(Name="events")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    delivery = delivered(rds_export_tasks, sns, topic=topic)

    assert delivery.receiver == topic
    assert "MessageId" in delivery.returned
    expected, (got,) = delivery.event.to_sns(), bodies(url)
    names = ("Type", "Subject", "Message", "MessageAttributes")
    assert {name: got[name] for name in names} == {name: expected[name] for name in names}
    assert got["TopicArn"] == topic


@pytest.mark.parametrize("bus", [None, "exports"])
def test_bus(rds_export_tasks, rds_export_clock, queue, bus):
    """An EventBridge client puts the event on a bus, whose rules decide who has it."""
    pytest.importorskip("jsonpath_ng")  # of moto[events]
    url, arn = queue
    events = boto3.client("events", "us-east-1")
    if bus is not None:
        events.create_event_bus(Name=bus)
    place = {} if bus is None else {"EventBusName": bus}
    events.put_rule(Name="ends", EventPattern='{"detail": {"EventID": ["RDS-EVENT-0161"]}}', **place)
    events.put_targets(Rule="ends", Targets=[{"Id": "queue", "Arn": arn}], **place)
    rds_export_tasks.deliver_events(events, bus=bus)
    rds_export_tasks.seed("fails").move_to("FAILED")
    rds_export_tasks.seed("nightly").move_to("COMPLETE")

    delivery = rds_export_tasks.deliveries[1]
    assert delivery.receiver == (bus or "default")
    expected, (got,) = delivery.event.to_eventbridge(), bodies(url)
    names = ("source", "detail-type", "time", "region", "resources", "detail")
    assert {name: got[name] for name in names} == {name: expected[name] for name in names}


def test_missing_topic(rds_export_tasks, queue):
    """What a client raises is the receiver's error."""
    missing = "arn:aws:sns:us-east-1:123456789012:missing"
    delivery = delivered(rds_export_tasks, boto3.client("sns", "us-east-1"), topic=missing)
    assert delivery.error.response["Error"]["Code"] == "NotFound"
    rds_export_tasks.deliveries.clear()


def test_refused_entry(rds_export_tasks):
    """An entry that the bus refuses is the receiver's error."""
    from botocore.stub import ANY, Stubber

    events = client_with("events")
    entry = {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}
    with Stubber(events) as stub:
        stub.add_response("put_events", {"FailedEntryCount": 1, "Entries": [entry]}, {"Entries": ANY})
        delivery = delivered(rds_export_tasks, events)
    assert repr(delivery.error) == f'RuntimeError("put_events failed: {entry}")'
    rds_export_tasks.deliveries.clear()


def test_repr():
    """A delivery is shown with its receiver, its event and what came of it."""
    with fake_rds_export(assert_all_delivered=False) as tasks:
        tasks.deliver_events(Handler().handle, pattern={"source": ["aws.s3"], "region": ["x"]})
        tasks.deliver_events(lambda event, context: {"loaded": "x" * 99})
        tasks.deliver_events(lambda event, context: event["Records"])
        tasks.deliver_events(Handler(), delay=timedelta(days=1))
        tasks.seed("nightly").move_to("COMPLETE")
        found = tasks.deliveries
    assert all(isinstance(delivery, Delivery) for delivery in found)
    shown = [repr(delivery).replace(repr(found[0].event), "EVENT") for delivery in found]
    assert shown[0] == (
        "<Delivery to handle of EVENT: not delivered, because of pattern=: source must match 'aws.s3', got 'aws.rds'; "
        "region must match 'x', got 'us-east-1'>"
    )
    assert shown[1] == f"<Delivery to <lambda> of EVENT: returned {{'loaded': '{'x' * 45}...>"
    assert shown[2].startswith("<Delivery to <lambda> of EVENT: raised KeyError('Records') at test_receivers.py:")
    assert shown[3].startswith("<Delivery to Handler of EVENT: not delivered yet, due at ")


def test_place(rds_export_tasks):
    """An error of a library, which botocore raises deep inside, is shown at the line that has called it."""

    def handler(event, context):
        shared_client().cancel_export_task(ExportTaskIdentifier="unknown")

    delivery = delivered(rds_export_tasks, handler)

    place = re.search(r" at (\S+):(\d+)$", delivery.outcome)
    assert place[1] == Path(__file__).name
    line = Path(__file__).read_text(encoding="utf-8").splitlines()[int(place[2]) - 1]
    assert "cancel_export_task" in line
    rds_export_tasks.deliveries.clear()
