"""What an event looks like: RdsEvent, and the shapes that handlers receive."""

import json
from datetime import datetime, timezone
from uuid import UUID

import pytest

from helpers.errors import raises_exactly
from helpers.events import MYDB_1, MYDB_AUTOMATED, NOON, SHOP, SHOP_1, make_event
from pytest_rds_export.types import RdsEvent

TOPIC = "arn:aws:sns:eu-west-1:123456789012:rds-events"
SUBSCRIPTION = f"{TOPIC}:1ae0dd29-6700-5d5b-9878-a7b58c387b39"
DOCS = "http://docs.aws.amazon.com/AmazonRDS/latest/UserGuide"
ATTRIBUTES = {
    "EventID": {"Type": "String", "Value": "RDS-EVENT-0161"},
    "Resource": {"Type": "String", "Value": MYDB_1},
}


def message(event, **options):
    """The message of the notification, parsed."""
    return json.loads(event.to_sns(**options)["Message"])


# The event


@pytest.mark.parametrize(
    ("source_arn", "api", "eventbridge", "detail_type", "page"),
    [
        (MYDB_1, "db-snapshot", "SNAPSHOT", "DB Snapshot", "snapshot:id="),
        (MYDB_AUTOMATED, "db-snapshot", "SNAPSHOT", "DB Snapshot", "snapshot:id="),
        (SHOP_1, "db-cluster-snapshot", "CLUSTER_SNAPSHOT", "DB Cluster Snapshot", "snapshot:engine=aurora;id="),
        (SHOP, "db-cluster", "CLUSTER", "DB Cluster", "dbclusters:id="),
    ],
)
def test_source(source_arn, api, eventbridge, detail_type, page):
    """The API, EventBridge and the console spell the type of the source differently; its name may have a colon."""
    event, name = make_event(source_arn=source_arn), source_arn.split(":", 6)[6]
    to_eventbridge, to_sns = event.to_eventbridge(), message(event)

    assert (event.source_type, to_sns["Event Source"]) == (api, api)
    assert to_eventbridge["detail"]["SourceType"] == eventbridge
    assert to_eventbridge["detail-type"] == f"RDS {detail_type} Event"
    assert to_sns["Identifier Link"] == f"https://console.aws.amazon.com/rds/home?region=eu-west-1#{page}{name}"
    assert (event.source_identifier, to_sns["Source ID"]) == (name, name)


def test_fields():
    """The event has the fields of the task's end, and the date has milliseconds."""
    event = make_event(account_id="210987654321")

    assert event == RdsEvent(
        event_id="RDS-EVENT-0161",
        message="Export task completed",
        categories=("notification",),
        source_type="db-snapshot",
        source_identifier="mydb-1",
        source_arn=MYDB_1,
        date=datetime(2026, 3, 1, 12, 0, 7, 218000, tzinfo=timezone.utc),
        region="eu-west-1",
        account_id="210987654321",
        task=None,
    )
    assert event.task.identifier == "nightly"


def test_frozen():
    """An event cannot be changed, and it has a hash."""
    event = make_event()

    with pytest.raises(AttributeError):
        event.message = "Export task started"
    assert hash(event) == hash(make_event(task="another"))


# EventBridge


def test_eventbridge():
    """The event has the keys of captured RDS events in their order."""
    sent = make_event().to_eventbridge()
    expected = {
        "version": "0",
        "id": sent["id"],
        "detail-type": "RDS DB Snapshot Event",
        "source": "aws.rds",
        "account": "123456789012",
        "time": "2026-03-01T12:00:07Z",
        "region": "eu-west-1",
        "resources": [MYDB_1],
        "detail": {
            "EventCategories": ["notification"],
            "SourceType": "SNAPSHOT",
            "SourceArn": MYDB_1,
            "Date": "2026-03-01T12:00:07.218Z",
            "Message": "Export task completed",
            "SourceIdentifier": "mydb-1",
            "EventID": "RDS-EVENT-0161",
        },
    }

    assert sent == expected
    assert list(sent) == list(expected)
    assert list(sent["detail"]) == list(expected["detail"])


def test_whole_second():
    """A date without a fraction keeps its three zeros."""
    event = make_event(date=NOON)

    assert event.to_eventbridge()["detail"]["Date"] == "2026-03-01T12:00:00.000Z"
    assert message(event)["Event Time"] == "2026-03-01 12:00:00.000"


def test_own_dict():
    """A handler that changes what it received does not change the event."""
    event = make_event()
    event.to_eventbridge()["detail"]["EventCategories"].append("changed")

    assert event.to_eventbridge() == make_event().to_eventbridge()


def test_tags(rds_export_tasks):
    """A source with tags has them last in both messages; AWS leaves them out of EventBridge's if there are none."""
    rds_export_tasks.seed_snapshot("tagged", tag_list=[{"Key": "team", "Value": "shop"}, {"Key": "nightly"}])
    rds_export_tasks.seed_snapshot("plain", tag_list=[])
    for name in ("tagged", "plain"):
        arn = f"arn:aws:rds:us-east-1:123456789012:snapshot:{name}"
        rds_export_tasks.seed(name, source_arn=arn).move_to("COMPLETE")
    tagged, plain = rds_export_tasks.events

    assert tagged.tags == {"team": "shop", "nightly": ""}
    assert list(tagged.to_eventbridge()["detail"].items())[-1] == ("Tags", {"team": "shop", "nightly": ""})
    assert list(message(tagged).items())[-1] == ("Tags", {"team": "shop", "nightly": ""})
    tagged.to_eventbridge()["detail"]["Tags"].clear()
    assert tagged.tags
    assert "Tags" not in plain.to_eventbridge()["detail"]
    assert message(plain)["Tags"] == {}
    assert len({tagged, plain}) == 2


# SNS


def test_sns():
    """The notification of a subscription has the keys that SNS sends to HTTP and SQS, in their order."""
    sent = make_event().to_sns()
    expected = {
        "Type": "Notification",
        "MessageId": sent["MessageId"],
        "TopicArn": TOPIC,
        "Subject": "RDS Notification Message",
        "Message": '{"Event Source":"db-snapshot","Event Time":"2026-03-01 12:00:07.218",'
        '"Identifier Link":"https://console.aws.amazon.com/rds/home?region=eu-west-1#snapshot:id=mydb-1",'
        f'"Source ID":"mydb-1","Source ARN":"{MYDB_1}",'
        f'"Event ID":"{DOCS}/USER_Events.Messages.html#RDS-EVENT-0161",'
        '"Event Message":"Export task completed","Tags":{}}',
        "Timestamp": "2026-03-01T12:00:07.218Z",
        "SignatureVersion": "1",
        "Signature": "EXAMPLE",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-EXAMPLE.pem",
        "UnsubscribeURL": f"https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={SUBSCRIPTION}",
        "MessageAttributes": ATTRIBUTES,
    }

    assert sent == expected
    assert list(sent) == list(expected)
    assert list(sent["MessageAttributes"]) == ["EventID", "Resource"]


def test_sns_of_2021():
    """The older message links to the older page and has no tags; it has empty message attributes in Lambda's only."""
    event = make_event()
    sent, to_lambda = event.to_sns(generation=2021), event.to_lambda(generation=2021)["Records"][0]["Sns"]

    text = event.to_sns()["Message"]
    assert sent["Message"] == text.replace("USER_Events.Messages.html", "USER_Events.html").replace(',"Tags":{}', "")
    assert "MessageAttributes" not in sent
    assert (to_lambda["Message"], to_lambda["MessageAttributes"]) == (sent["Message"], {})


@pytest.mark.parametrize(
    ("partition", "region", "console", "sns"),
    [
        ("aws-cn", "cn-north-1", "console.amazonaws.cn", "sns.cn-north-1.amazonaws.com.cn"),
        ("aws-us-gov", "us-gov-west-1", "console.amazonaws-us-gov.com", "sns.us-gov-west-1.amazonaws.com"),
        ("aws-iso", "us-iso-east-1", "console.aws.amazon.com", "sns.us-iso-east-1.amazonaws.com"),
    ],
)
def test_partition(partition, region, console, sns):
    """The hosts and the topic follow the partition of the source; an unknown one has the hosts of aws."""
    event = make_event(source_arn=f"arn:{partition}:rds:{region}:123456789012:snapshot:mydb-1", region=region)
    sent = event.to_sns()

    assert sent["TopicArn"] == f"arn:{partition}:sns:{region}:123456789012:rds-events"
    assert sent["SigningCertURL"] == f"https://{sns}/SimpleNotificationService-EXAMPLE.pem"
    assert sent["UnsubscribeURL"].startswith(f"https://{sns}/?Action=Unsubscribe&SubscriptionArn={sent['TopicArn']}:")
    assert message(event)["Identifier Link"] == f"https://{console}/rds/home?region={region}#snapshot:id=mydb-1"


# Lambda


def test_lambda():
    """Lambda receives the notification in a record, with its own spelling of two keys."""
    event = make_event()
    spelled = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}
    sns = {spelled.get(name, name): value for name, value in event.to_sns().items()}
    expected = {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": SUBSCRIPTION, "Sns": sns}

    (record,) = event.to_lambda()["Records"]

    assert record == expected
    assert list(record) == list(expected)
    assert list(record["Sns"]) == list(sns)


def test_lambda_behind_a_rule():
    """A rule that targets a topic sends the event itself as compact JSON, without a subject."""
    event = make_event()
    sns = event.to_lambda("eventbridge")["Records"][0]["Sns"]

    assert sns["Message"] == json.dumps(event.to_eventbridge(), separators=(",", ":"))
    assert (sns["Subject"], sns["MessageAttributes"]) == (None, {})
    assert list(sns) == list(event.to_lambda()["Records"][0]["Sns"])
    assert sns["MessageId"] != event.to_sns()["MessageId"]


@pytest.mark.parametrize(
    ("shape", "options", "text"),
    [
        ("to_sns", {"generation": 1999}, "generation must be 2021 or 2023, got 1999"),
        ("to_lambda", {"generation": 1999}, "generation must be 2021 or 2023, got 1999"),
        ("to_lambda", {"source": "sns"}, "source must be 'subscription' or 'eventbridge', got 'sns'"),
    ],
)
def test_wrong_option(shape, options, text):
    """A generation or a source that does not exist is refused."""
    with raises_exactly(ValueError, text):
        getattr(make_event(), shape)(**options)


# IDs


def test_ids_are_fixed():
    """The IDs are UUIDs that never change, so that recorded events stay comparable."""
    event = make_event()

    assert event.to_eventbridge()["id"] == "2d0c8e85-096a-546c-a93e-129aaf571934"
    assert event.to_sns()["MessageId"] == "ffbbf93f-6228-5cec-ad04-5525e5c38676"
    assert UUID(SUBSCRIPTION.rpartition(":")[2]).version == 5


@pytest.mark.parametrize(
    "difference",
    [
        {"task": "another"},
        {"status": "FAILED"},
        {"source_arn": MYDB_AUTOMATED},
        {"date": NOON},
        {"region": "eu-west-2"},
        {"account_id": "210987654321"},
    ],
)
def test_ids_differ(difference):
    """Events that differ in anything have IDs that differ, and so have the shapes of one event."""
    ids = set()
    for event in (make_event(), make_event(**difference)):
        ids |= {event.to_eventbridge()["id"], event.to_sns()["MessageId"]}
        ids.add(event.to_lambda("eventbridge")["Records"][0]["Sns"]["MessageId"])

    assert len(ids) == 6


def test_tags_are_those_of_that_time(rds_export_tasks, client):
    """An event keeps the tags that its source had, also if the source is deleted, and made anew with others."""
    source = rds_export_tasks.seed_snapshot("orders", tag_list=[{"Key": "team", "Value": "sales"}])
    rds_export_tasks.seed("nightly", source_arn=source.arn).move_to("COMPLETE")
    client.delete_db_snapshot(DBSnapshotIdentifier="orders")
    rds_export_tasks.seed_snapshot("orders", tag_list=[{"Key": "team", "Value": "finance"}])

    completed, deleted = rds_export_tasks.events
    assert completed.tags == deleted.tags == {"team": "sales"}
