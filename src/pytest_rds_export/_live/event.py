"""RdsEvent: what Amazon RDS tells EventBridge and SNS of exports and snapshots."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from .. import _patterns, _times
from .._keywords import suggesting_keywords
from .._messages import check_choice
from .._rds.arns import Arn, split_arn
from .._rds.events import SOURCE_TYPES
from .source import ExportSource
from .task import ExportTask

__tracebackhide__ = True


class _Names(NamedTuple):
    """How a resource type is named outside the API."""

    eventbridge_type: str
    detail_type: str
    console_page: str


_NAMES = {
    "snapshot": _Names("SNAPSHOT", "RDS DB Snapshot Event", "snapshot:id="),
    "cluster-snapshot": _Names("CLUSTER_SNAPSHOT", "RDS DB Cluster Snapshot Event", "snapshot:engine=aurora;id="),
    "cluster": _Names("CLUSTER", "RDS DB Cluster Event", "dbclusters:id="),
    "db": _Names("DB_INSTANCE", "RDS DB Instance Event", "dbinstance:id="),
}
# By partition: the host of the console and the domain of SNS. Captured for aws, inferred for the other two.
_HOSTS = {
    "aws": ("console.aws.amazon.com", "amazonaws.com"),
    "aws-cn": ("console.amazonaws.cn", "amazonaws.com.cn"),
    "aws-us-gov": ("console.amazonaws-us-gov.com", "amazonaws.com"),
}
# By generation of the subscription message: the page that "Event ID" links to. Both are captured.
_EVENT_PAGES = {2021: "USER_Events.html", 2023: "USER_Events.Messages.html"}

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://pypi.org/project/pytest-rds-export/")


@suggesting_keywords
@dataclass(frozen=True, slots=True, kw_only=True)
class RdsEvent:
    """The event that Amazon RDS emits when an export task ends, and when a snapshot is created, copied or deleted.

    The creation of a DB snapshot has events of the snapshot and of its instance.

    Two events are equal if all fields except ``task`` and ``source`` are equal, so that events can be compared whole
    under a frozen clock. The message IDs in the shapes below are made up. They depend on the fields and on the task's
    identifier, so they are the same in every run and different for two tasks.

    Attributes:
        event_id: Such as ``RDS-EVENT-0161`` (documented).
        message: Such as ``Export task completed`` or ``Manual snapshot created`` (captured).
        categories: Such as ``("notification",)`` (documented).
        source_type: As the API and subscriptions spell it: ``db-snapshot``, ``db-cluster-snapshot``, ``db-cluster`` or
            ``db-instance``. EventBridge has ``SNAPSHOT``, ``CLUSTER_SNAPSHOT``, ``CLUSTER`` or ``DB_INSTANCE``.
        source_identifier: The name of the snapshot, cluster or instance. An automated snapshot's name contains a colon,
            such as ``rds:mydb-2026-01-01-00-05`` (captured).
        source_arn: The ARN of the snapshot, cluster or instance.
        date: When it happened: an aware ``datetime`` in UTC, truncated to milliseconds.
        region: The region of the task or the snapshot.
        account_id: The account.
        tags: The tags of the source, if it has any.
        task: The live task that ended; None for an event of a snapshot. It is a value in what ``copy.deepcopy``,
            ``pickle`` and ``dataclasses.asdict`` make of the event. AWS does not put it into the event, so none of the
            shapes below names it (captured).
        source: The live snapshot that was created, copied or deleted, also for an event of its instance; None for an
            event of a task.
    """

    event_id: str
    message: str
    categories: tuple[str, ...]
    source_type: str
    source_identifier: str
    source_arn: str
    date: datetime
    region: str
    account_id: str
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    task: ExportTask | None = field(default=None, compare=False)
    source: ExportSource | None = field(default=None, compare=False)

    def to_eventbridge(self) -> dict[str, Any]:
        """The event that an EventBridge rule receives, and a Lambda function that is the rule's target.

        Returns:
            The event with the keys of other captured RDS events, in their order (inferred, as no event of an export
            was captured). ``time`` is in seconds, ``detail["Date"]`` in milliseconds. ``detail["Tags"]``, which
            comes last, is there only if the source has tags (captured).
        """
        names = self._names
        return {
            "version": "0",
            "id": self._uuid("eventbridge"),
            "detail-type": names.detail_type,
            "source": "aws.rds",
            "account": self.account_id,
            "time": f"{self._iso_date[:19]}Z",
            "region": self.region,
            "resources": [self.source_arn],
            "detail": {
                "EventCategories": list(self.categories),
                "SourceType": names.eventbridge_type,
                "SourceArn": self.source_arn,
                "Date": self._iso_date,
                "Message": self.message,
                "SourceIdentifier": self.source_identifier,
                "EventID": self.event_id,
                **({"Tags": dict(self.tags)} if self.tags else {}),
            },
        }

    def to_sns(self, *, generation: Literal[2021, 2023] = 2023) -> dict[str, Any]:
        """The notification of an RDS event subscription, as SNS sends it to an HTTP endpoint or an SQS queue.

        Args:
            generation: Which message RDS writes (both captured). ``2023``, the default: ``Event ID`` links to
                ``USER_Events.Messages.html``, ``Tags`` is the last key, and the message attributes ``EventID`` and
                ``Resource`` are set (documented since 2022). ``2021``: ``Event ID`` links to ``USER_Events.html``,
                no ``Tags``, no message attributes.

        Returns:
            The notification. Its ``Message`` is compact JSON (captured). Message ID, topic, subscription, certificate
            and signature are made up. ``Timestamp`` is the date of the event; a real one is a little later (captured).

        Raises:
            ValueError: *generation* is neither 2021 nor 2023.
        """
        check_choice("generation", generation, tuple(_EVENT_PAGES))
        notification = self._subscription_notification(generation, "URL")
        if not notification["MessageAttributes"]:
            del notification["MessageAttributes"]
        return notification

    def to_lambda(
        self,
        source: Literal["subscription", "eventbridge"] = "subscription",
        *,
        generation: Literal[2021, 2023] = 2023,
    ) -> dict[str, Any]:
        """The event that a Lambda function receives when it is subscribed to an SNS topic.

        Args:
            source: What publishes to the topic. ``"subscription"``, the default: an RDS event subscription (captured).
                ``"eventbridge"``: an EventBridge rule with the topic as its target. The message is then the event of
                ``to_eventbridge()`` as JSON (relied upon by public programs), and the subject is None (inferred).
            generation: As for ``to_sns()``. It has no effect for ``"eventbridge"``.

        Returns:
            A ``dict`` with one record in ``Records``. Its ``Sns`` is the notification, with the keys ``SigningCertUrl``
            and ``UnsubscribeUrl``, and ``MessageAttributes`` even if there are none (captured).

        Raises:
            ValueError: *source* or *generation* has any other value.
        """
        check_choice("source", source, ("subscription", "eventbridge"))
        check_choice("generation", generation, tuple(_EVENT_PAGES))
        if source == "subscription":
            notification = self._subscription_notification(generation, "Url")
        else:
            message = _compact_json(self.to_eventbridge())
            notification = self._notification("sns-eventbridge", None, message, {}, "Url")
        record = {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": self._subscription_arn}
        return {"Records": [{**record, "Sns": notification}]}

    def matches(self, pattern: Mapping[str, Any] | str) -> bool:
        """Return whether an EventBridge rule with this event pattern fires: whether ``explain`` returns no reason."""
        return not self.explain(pattern)

    def explain(self, pattern: Mapping[str, Any] | str) -> list[str]:
        """Return why an EventBridge rule with this event pattern does not fire for the event.

        All operators that AWS documents are known: ``prefix``, ``suffix``, ``anything-but``, ``numeric``, ``exists``,
        ``equals-ignore-case``, ``wildcard``, ``cidr`` and ``$or``.

        Args:
            pattern: A ``dict``, or a string of JSON, as in a template.

        Returns:
            A reason for each field that does not match, such as ``detail.EventID must match 'RDS-EVENT-0161', got
            'RDS-EVENT-0159'``; an empty list if the rule fires.

        Raises:
            TypeError: *pattern* is neither.
            ValueError: For a pattern that EventBridge refuses.
        """
        reasons = _patterns.explain(_patterns.parse(pattern), self.to_eventbridge())
        return [_with_spelling(reason) for reason in reasons]

    @property
    def _arn(self) -> Arn:
        return split_arn(self.source_arn)

    @property
    def _names(self) -> _Names:
        return _NAMES[self._arn.resource_type]

    @property
    def _hosts(self) -> tuple[str, str]:
        return _HOSTS.get(self._arn.partition, _HOSTS["aws"])

    @property
    def _topic_arn(self) -> str:
        return f"arn:{self._arn.partition}:sns:{self.region}:{self.account_id}:rds-events"

    @property
    def _subscription_arn(self) -> str:
        return f"{self._topic_arn}:{uuid.uuid5(_NAMESPACE, self._topic_arn)}"

    @property
    def _iso_date(self) -> str:
        return _times.format_time(self.date)

    def _uuid(self, purpose: str) -> str:
        cause = self.source if self.task is None else self.task
        subject = "" if cause is None else cause.identifier
        identity = (self.region, self.account_id, self.source_arn, self.event_id, subject, self._iso_date)
        return str(uuid.uuid5(_NAMESPACE, "/".join((purpose, *identity))))

    def _subscription_notification(self, generation: int, url: str) -> dict[str, Any]:
        console, _ = self._hosts
        page = f"http://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/{_EVENT_PAGES[generation]}"
        message: dict[str, Any] = {
            "Event Source": self.source_type,
            "Event Time": self._iso_date.replace("T", " ").removesuffix("Z"),
            "Identifier Link": f"https://{console}/rds/home?region={self.region}"
            f"#{self._names.console_page}{self.source_identifier}",
            "Source ID": self.source_identifier,
            "Source ARN": self.source_arn,
            "Event ID": f"{page}#{self.event_id}",
            "Event Message": self.message,
        }
        attributes = {}
        if generation == 2023:
            message["Tags"] = dict(self.tags)
            values = {"EventID": self.event_id, "Resource": self.source_arn}
            attributes = {name: {"Type": "String", "Value": value} for name, value in values.items()}
        return self._notification("sns", "RDS Notification Message", _compact_json(message), attributes, url)

    def _notification(
        self, purpose: str, subject: str | None, message: str, attributes: Mapping[str, Any], url: str
    ) -> dict[str, Any]:
        """The notification of SNS. *url* is how its keys spell it: ``Url`` for Lambda, otherwise ``URL`` (captured)."""
        _, domain = self._hosts
        endpoint = f"https://sns.{self.region}.{domain}"
        return {
            "Type": "Notification",
            "MessageId": self._uuid(purpose),
            "TopicArn": self._topic_arn,
            "Subject": subject,
            "Message": message,
            "Timestamp": self._iso_date,
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            f"SigningCert{url}": f"{endpoint}/SimpleNotificationService-EXAMPLE.pem",
            f"Unsubscribe{url}": f"{endpoint}/?Action=Unsubscribe&SubscriptionArn={self._subscription_arn}",
            "MessageAttributes": attributes,
        }

    def __repr__(self) -> str:
        task = "" if self.task is None else f", task {self.task.identifier!r}"
        return (
            f"<RdsEvent {self.event_id} ({self.message}): {self.source_type} {self.source_identifier}"
            f" at {self._iso_date}{task}>"
        )


# Not in the class: the decorator looks the module up, which is not imported yet.
RdsEvent.__module__ = "pytest_rds_export.types"


def _with_spelling(reason: str) -> str:
    """Add how EventBridge spells the API's source types, if a pattern has those."""
    found = [kind for kind, source_type in SOURCE_TYPES.items() if repr(source_type) in reason]
    if not found or "detail.SourceType must match" not in reason:
        return reason
    spelled = (f"{SOURCE_TYPES[kind]!r} is {_NAMES[kind].eventbridge_type!r}" for kind in found)
    return f"{reason}. In EventBridge, {' and '.join(spelled)}"


def _compact_json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))
