"""The conformance checks: each observes one behaviour of export tasks from outside, through an ordinary client."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from botocore.exceptions import ClientError
from world import UNFINISHED

IDENTIFIER = (
    "The parameter {} is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII "
    "letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
)
BLANK, NULL = "The parameter {} must be provided and must not be blank.", "must be provided and must not be null."
INVALID, STATE = "400 InvalidParameterValue", "400 InvalidExportTaskStateFault"
EXISTS, NOT_FOUND = "400 ExportTaskAlreadyExists", "404 ExportTaskNotFound"


@dataclass(frozen=True)
class Check:
    """A behaviour, what is expected, and how to see it; the fake does not do what is not *faked*."""

    name: str
    expected: str
    look: Callable
    text: str = ""
    faked: bool = True

    def run(self, world):
        """Return what is seen in a world."""
        try:
            seen, text = self.look(world), ""
        except ClientError as error:
            response = error.response
            seen = f"{response['ResponseMetadata']['HTTPStatusCode']} {response['Error']['Code']}"
            text = response["Error"].get("Message", "")
        except Exception as error:  # noqa: BLE001 - a target in this process raises anything
            seen, text = type(error).__name__, ""
        if isinstance(seen, dict) and "ResponseMetadata" in seen:
            seen = "accepted"
        return Result(self.name, self.expected, str(seen), self.text, text.replace(world.prefix, "…"))


@dataclass(frozen=True)
class Result:
    """What a check has seen."""

    name: str
    expected: str
    seen: str
    expected_text: str
    text: str

    @property
    def outcome(self):
        """Say how what was seen compares with what is expected."""
        if self.seen != self.expected:
            return "differs"
        return "other text" if self.expected_text not in ("", self.text) else "as expected"

    def to_json(self):
        """Return the result for a JSON file."""
        return {**asdict(self), "outcome": self.outcome}


def start(**parameters):
    """Look at what StartExportTask responds."""
    return lambda world: world.start(**parameters)


def start_of(resource):
    """Look at what StartExportTask responds for another source next to the one that can be exported."""
    return lambda world: world.start(SourceArn=world.arn(resource))


def describe(**parameters):
    """Look at what DescribeExportTasks responds."""
    return lambda world: world.rds.describe_export_tasks(**parameters)


def events(**parameters):
    """Look at what DescribeEvents responds."""
    return lambda world: world.rds.describe_events(**parameters)


def filtered(**filters):
    """Look whether the main export matches filters."""
    return lambda world: world.filtered(**filters)


def send(action, **query):
    """Look at what is responded to a query that botocore would not send."""
    return lambda world: world.send(action, **query)


def started(look):
    """Look at the response that started the main export."""
    return lambda world: look(world, world.started_main())


def shown(look):
    """Look at the main export as DescribeExportTasks shows it while it runs."""
    return running(lambda world: look(world, world.task()))


def running(look):
    """Look at something while the main export runs."""

    def look_at(world):
        world.started_main()
        return look(world)

    return look_at


def canceled(look):
    """Look at the response that canceled the main export."""
    return lambda world: look(world, world.canceled_main())


def ended(look):
    """Look at something after the end of the main export."""
    return lambda world: look(world, world.ended_main())


def event(look):
    """Look at the event of the end of the main export, the last one of its source."""

    def look_at(world):
        world.ended_main()
        kind, name = world.source_arn.split(":", 6)[5:]
        found = world.rds.describe_events(SourceType=f"db-{kind}", SourceIdentifier=name, Duration=1440)["Events"]
        return look(world, [item for item in found if item["Message"].startswith("Export task")][-1])

    return look_at


def names(response):
    """Return the names of the fields of a response, sorted."""
    return " ".join(sorted(set(response) - {"ResponseMetadata"}))


def are_unfinished_first(tasks):
    """Return whether the unfinished exports of a list come before the others."""
    have_ended = [task["Status"] not in UNFINISHED for task in tasks]
    return have_ended == sorted(have_ended)


def has_one_request_id(response):
    """Return whether body and header of a response have the same request id."""
    metadata = response["ResponseMetadata"]
    return metadata.get("RequestId") == metadata["HTTPHeaders"].get("x-amzn-requestid")


def header(name):
    """Look at a header of a response."""
    return lambda world: world.rds.describe_events()["ResponseMetadata"]["HTTPHeaders"].get(name)


def error_of(look):
    """Look at an error of DescribeExportTasks."""

    def look_at(world):
        try:
            world.rds.describe_export_tasks(Filters=[{"Name": "engine", "Values": ["x"]}])
        except ClientError as error:
            return look(error.response)
        return "accepted"

    return look_at


def elsewhere(world):
    """Look for the main export in another region."""
    world.started_main()
    client = world.client("eu-west-1" if world.region != "eu-west-1" else "us-east-1")
    return client.describe_export_tasks(ExportTaskIdentifier=world.main)


FIELDS = (
    "ExportTaskIdentifier IamRoleArn KmsKeyId PercentProgress S3Bucket {}SnapshotTime SourceArn SourceType Status {}"
    "TotalExtractedDataInGB"
)
EVENT_FIELDS = "Date EventCategories Message SourceArn SourceIdentifier SourceType"
PREFIX_TEXT = (
    "Invalid value {} for S3Prefix. It must not begin with a slash, contain a colon or be longer than 60 characters."
)

# What StartExportTask refuses: nothing is created.
REFUSED = [
    *(
        Check(f"start without {name}", INVALID, start(without=(name,)), BLANK.format(name))
        for name in ("ExportTaskIdentifier", "SourceArn", "S3BucketName", "IamRoleArn", "KmsKeyId")
    ),
    Check("start with an empty identifier", INVALID, start(identifier=""), BLANK.format("ExportTaskIdentifier")),
    *(
        Check(
            f"start with the identifier {identifier!r}",
            INVALID,
            start(identifier=identifier),
            IDENTIFIER.format("ExportTaskIdentifier"),
        )
        for identifier in ("2nightly", "nightly-", "night--ly", "night_ly", "nightly.1")
    ),
    Check(
        "start with an identifier of 61 characters",
        INVALID,
        start(identifier="n" * 61),
        "The parameter ExportTaskIdentifier is not a valid identifier because it is longer than 60 characters.",
    ),
    *(
        Check(f"start with an unknown {what}", expected, start_of(f"{kind}:no-such-{what.split()[-1]}"), text)
        for what, kind, expected, text in (
            ("snapshot", "snapshot", "404 DBSnapshotNotFound", "Could not find snapshot with name no-such-snapshot"),
            ("cluster snapshot", "cluster-snapshot", "404 DBClusterSnapshotNotFoundFault", ""),
            ("cluster", "cluster", "404 DBClusterNotFoundFault", ""),
        )
    ),
    Check(
        "start with a snapshot of another region",
        "404 DBSnapshotNotFound",
        lambda world: world.start(SourceArn=world.source_arn.replace(world.region, "ap-south-1")),
    ),
    Check("start with the ARN of an instance", INVALID, start_of("db:orders")),
    Check("start with a SourceArn that is none", INVALID, start(SourceArn="nightly")),
    *(
        Check(f"start with {what} in ExportOnly", "400 InvalidExportOnly", start(ExportOnly=[form]))
        for what, form in (
            ("four parts", "shop.public.orders.id"),
            ("an empty part", "shop."),
            ("an empty string", ""),
            ("a hyphen", "my-shop"),
            ("a space", "shop.all orders"),
        )
    ),
    Check("start with ExportOnly of 201 KB", "400 InvalidExportOnly", start(ExportOnly=["a" * 1023] * 201)),
    *(
        Check(f"start with S3Prefix {what}", INVALID, start(S3Prefix=prefix), PREFIX_TEXT.format(prefix))
        for what, prefix in (
            ("that begins with a slash", "/exports"),
            ("with a colon", "exports:daily"),
            ("of 61 characters", "p" * 61),
        )
    ),
    Check(
        "start with a bucket that does not exist",
        "400 InvalidS3BucketFault",
        start(S3BucketName="no-such-bucket-c0ffee"),
        "The S3 bucket no-such-bucket-c0ffee doesn't exist.",
    ),
    Check(
        "start with a role that does not exist",
        "404 IamRoleNotFound",
        start(IamRoleArn="arn:aws:iam::123456789012:role/no-such-role"),
        "The principal export.rds.amazonaws.com isn't allowed to assume the IAM role ARN or the IAM role ARN doesn't "
        "exist.",
        faked=False,
    ),
    Check(
        "start with a key that does not exist",
        "400 KMSKeyNotAccessibleFault",
        start(KmsKeyId="00000000-0000-0000-0000-000000000000"),
        faked=False,
    ),
]

# What StartExportTask responds to the main export, which has neither S3Prefix nor ExportOnly.
STARTED = [
    Check("the response of start: fields", FIELDS.format("", ""), started(lambda _, task: names(task))),
    Check("the response of start: Status", "STARTING", started(lambda _, task: task["Status"])),
    Check("the response of start: PercentProgress", "0", started(lambda _, task: task["PercentProgress"])),
    Check("the response of start: extracted data", "0", started(lambda _, task: task["TotalExtractedDataInGB"])),
    Check("the response of start: SourceType", "SNAPSHOT", started(lambda _, task: task.get("SourceType"))),
    Check(
        "the response of start: the identifier keeps its case",
        "True",
        started(lambda world, task: task["ExportTaskIdentifier"] == world.main),
    ),
    *(
        Check(
            f"the response of start: {name} as given",
            "True",
            started(lambda world, task, name=name, what=what: task[name] == getattr(world, what)),
        )
        for name, what in (
            ("SourceArn", "source_arn"),
            ("S3Bucket", "bucket"),
            ("IamRoleArn", "role"),
            ("KmsKeyId", "key"),
        )
    ),
    Check(
        "start with an identifier in use",
        EXISTS,
        running(lambda world: world.start(world.main)),
        "The export task with the ID …-Main already exists.",
    ),
    Check("a second export of the source", EXISTS, running(lambda world: world.start(f"{world.prefix}-second"))),
    Check(
        "a second export of the source, of one table",
        EXISTS,
        running(lambda world: world.start(f"{world.prefix}-third", ExportOnly=["shop.orders"])),
    ),
]

# What DescribeExportTasks responds while the main export runs.
DESCRIBED = [
    Check("describe: fields", FIELDS.format("S3Prefix ", ""), shown(lambda _, task: names(task))),
    Check("describe: Status is in upper case", "True", shown(lambda _, task: task["Status"].isupper())),
    Check("describe: S3Prefix that was not given", "''", shown(lambda _, task: repr(task.get("S3Prefix")))),
    Check(
        "describe: times have no more than milliseconds",
        "0",
        shown(lambda _, task: task["SnapshotTime"].microsecond % 1000),
    ),
    Check(
        "describe an unknown identifier",
        NOT_FOUND,
        lambda world: world.rds.describe_export_tasks(ExportTaskIdentifier=f"{world.prefix}-none"),
    ),
    Check("describe in another region", NOT_FOUND, elsewhere),
    Check(
        "describe: no export that has ended stands before an unfinished one",
        "True",
        running(lambda world: are_unfinished_first(world.listed())),
    ),
    Check(
        "filter export-task-identifier",
        "True",
        running(lambda world: world.filtered(export_task_identifier=[world.main])),
    ),
    Check(
        "filter export-task-identifier in another case",
        "False",
        running(lambda world: world.filtered(export_task_identifier=[world.main.upper()])),
    ),
    Check("filter s3-bucket", "True", running(lambda world: world.filtered(s3_bucket=[world.bucket]))),
    Check("filter source-arn", "True", running(lambda world: world.filtered(source_arn=[world.source_arn]))),
    Check("filter status, one of two values", "True", running(filtered(status=["starting", "in_progress"]))),
    Check("filter status without a match", "False", running(filtered(status=["failed"]))),
    Check(
        "two filters, one without a match",
        "False",
        running(lambda world: world.filtered(export_task_identifier=[world.main], status=["complete"])),
    ),
    *(
        Check(
            f"filter status {what}",
            INVALID,
            filtered(status=[value]),
            f"The {value} value isn't a valid export task status.",
        )
        for what, value in (("in upper case", "IN_PROGRESS"), ("with what is none", "done"))
    ),
    Check(
        "filter export-task-identifier with what is none",
        INVALID,
        filtered(export_task_identifier=["night_ly"]),
        IDENTIFIER.format("Filter: export-task-identifier"),
    ),
    Check("an unknown filter", INVALID, filtered(engine=["mysql"]), "Unrecognized filter name: engine"),
    Check(
        "a filter without values",
        INVALID,
        send("DescribeExportTasks", **{"Filters.Filter.1.Name": "status"}),
        f"The parameter Values {NULL}",
    ),
    Check("describe by SourceArn", "True", running(lambda world: world.finds(SourceArn=world.source_arn))),
    Check(
        "describe by an unknown SourceArn",
        "False",
        lambda world: world.finds(SourceArn=world.arn("snapshot:no-such-snapshot")),
    ),
    Check("describe by SourceType SNAPSHOT", "True", running(lambda world: world.finds(SourceType="SNAPSHOT"))),
    Check("describe by SourceType CLUSTER", "False", running(lambda world: world.finds(SourceType="CLUSTER"))),
    *(
        Check(
            f"describe with MaxRecords {number}",
            INVALID,
            describe(MaxRecords=number),
            f"Invalid value {number} for MaxRecords. Must be between 20 and 100",
        )
        for number in (19, 101)
    ),
    Check("describe with MaxRecords 20", "accepted", describe(MaxRecords=20)),
    Check("describe with MaxRecords in words", INVALID, send("DescribeExportTasks", MaxRecords="many")),
    Check("describe with a Marker that is none", INVALID, describe(Marker="no-such-marker")),
]

# CancelExportTask, and what is there afterwards.
CANCELED = [
    Check("cancel an unknown identifier", NOT_FOUND, lambda world: world.cancel(f"{world.prefix}-none")),
    Check("cancel without an identifier", INVALID, send("CancelExportTask"), BLANK.format("ExportTaskIdentifier")),
    Check("the response of cancel: Status", "CANCELING", canceled(lambda _, task: task["Status"])),
    Check(
        "the response of cancel: fields",
        FIELDS.format("S3Prefix ", ""),
        canceled(lambda _, task: names({name: task[name] for name in task if name != "TaskStartTime"})),
    ),
    Check("cancel again while CANCELING", STATE, canceled(lambda world, _: world.cancel())),
    Check("a canceled export ends", "CANCELED", ended(lambda _, task: task["Status"])),
    Check(
        "a canceled export: fields",
        FIELDS.format("S3Prefix ", "TaskEndTime "),
        ended(lambda _, task: names({name: task[name] for name in task if name != "TaskStartTime"})),
    ),
    Check("cancel again after the end", STATE, ended(lambda world, _: world.cancel())),
    Check("start with the identifier of a canceled export", EXISTS, ended(lambda world, _: world.start(world.main))),
    Check("filter status after the end", "True", ended(lambda world, _: world.filtered(status=["canceled"]))),
]

# DescribeEvents.
EVENTS = [
    *(
        Check(f"the event of a canceled export: {what}", expected, event(look))
        for what, expected, look in (
            ("Message", "Export task canceled", lambda _, item: item["Message"]),
            ("fields", EVENT_FIELDS, lambda _, item: names(item)),
            ("categories", "['notification']", lambda _, item: item["EventCategories"]),
            ("SourceArn is that of the snapshot", "True", lambda world, item: item["SourceArn"] == world.source_arn),
            ("Date is the TaskEndTime", "True", lambda world, item: item["Date"] == world.ended_main()["TaskEndTime"]),
        )
    ),
    Check(
        "events with SourceIdentifier but no SourceType",
        "400 InvalidParameterCombination",
        events(SourceIdentifier="nightly"),
    ),
    Check("events with an unknown SourceType", INVALID, events(SourceType="snapshot")),
    *(
        Check(
            f"events with the StartTime {time}",
            "400 MalformedInput",
            send("DescribeEvents", StartTime=time),
            "timestamp must follow ISO8601",
        )
        for time in ("yesterday", "1772323200", "2026-03-01T00:00:00+02:00")
    ),
    Check("events with a StartTime in UTC", "accepted", send("DescribeEvents", StartTime="2026-03-01T00:00:00Z")),
]

# The protocol.
WIRE = [
    *(
        Check(
            name,
            "400 InvalidAction",
            send(action, version=version),
            f"Could not find operation {action} for version {version}",
        )
        for name, action, version in (
            ("an unknown Action", "CancelEverything", "2014-10-31"),
            ("another API version", "DescribeEvents", "2013-01-01"),
        )
    ),
    Check("Type of an error of the client", "Sender", error_of(lambda error: error["Error"].get("Type"))),
    Check("the request id of an error is in body and header", "True", error_of(has_one_request_id)),
    Check(
        "the request id of a success is in body and header",
        "True",
        lambda world: has_one_request_id(world.rds.describe_events()),
    ),
    Check("header Content-Type", "text/xml", header("content-type")),
    Check("header Strict-Transport-Security", "max-age=31536000", header("strict-transport-security")),
]

CHECKS = [*REFUSED, *STARTED, *DESCRIBED, *CANCELED, *EVENTS, *WIRE]


def run(world, *, fake):
    """Run the checks in their order, and return their results; cancel what was started."""
    results = []
    try:
        for check in CHECKS:
            if check.faked or not fake:
                results.append(check.run(world))
                if check in REFUSED and results[-1].seen == "accepted":
                    world.clean_up()  # a running export would be the reason of the next refusal
    finally:
        world.clean_up()
    return results
