"""Whatever is done to an account, in whatever order, its tasks follow the rules of Amazon RDS."""

from datetime import datetime, timedelta, timezone

from botocore import xform_name
from botocore.exceptions import ClientError
from freezegun import freeze_time
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from helpers.aws import SNAPSHOT, STATUSES
from helpers.clients import shared_client
from helpers.errors import raises_exactly
from helpers.rules import LIMIT, MOVES, ExpectedInjection, ExpectedTask
from pytest_rds_export import Failure, fake_rds_export

REGIONS = ("us-east-1", "eu-west-1")
HINTS = {
    "STARTING": "It can become 'IN_PROGRESS', 'CANCELING', 'CANCELED', 'COMPLETE' or 'FAILED'",
    "IN_PROGRESS": "It can become 'CANCELING', 'CANCELED', 'COMPLETE' or 'FAILED'",
    "CANCELING": "It can become 'CANCELED', 'COMPLETE' or 'FAILED'",
    "CANCELED": "It has ended",
    "COMPLETE": "It has ended",
    "FAILED": "It has ended",
}
OPERATIONS = ("StartExportTask", "CancelExportTask", "DescribeExportTasks")

identifiers = st.sampled_from([f"task-{number}" for number in range(8)])
regions = st.sampled_from(REGIONS)


class Account(RuleBasedStateMachine):
    """An account with two regions, and what the rules expect of it."""

    clock = None

    def __init__(self):
        super().__init__()
        self.fake = fake_rds_export(page_size=3, assert_all_injected=False)
        default = self.fake.__enter__()
        self.registries = {region: default.in_region(region) for region in REGIONS}
        self.tasks = {region: {} for region in REGIONS}
        self.injections = []
        self.called = []

    def teardown(self):
        """Leave the fake."""
        self.fake.__exit__(None, None, None)

    @property
    def now(self):
        """The time of the frozen clock."""
        return datetime.now(timezone.utc)

    def call(self, region, operation, identifier, effect, **parameters):
        """The response to a call; None if it is refused as it must be. *effect* returns the codes that may."""
        injection = next((waiting for waiting in self.injections if waiting.matches(operation, identifier)), None)
        refusals = effect() if injection is None or injection.applied else set()
        self.called.append((operation, region))
        try:
            response = getattr(shared_client(region), xform_name(operation))(**parameters)
        except ClientError as error:
            details = error.response["Error"]
            if injection is None:
                assert details["Code"] in refusals
            else:
                injection.left -= 1
                assert details == {"Type": "Sender", "Code": "AccessDenied", "Message": injection.text}
            return None
        assert injection is None
        assert not refusals
        return response

    @rule(identifier=identifiers, region=regions, status=st.sampled_from(STATUSES), percent=st.integers(0, 99))
    def seed(self, identifier, region, status, percent):
        """Seed a task, or be refused because its identifier is in use."""
        fields = {"percent_progress": percent} if status == "IN_PROGRESS" else {}
        if identifier in self.tasks[region]:
            text = (
                f"export task '{identifier}' exists already in {region}. Seed each identifier once; "
                f"registry['{identifier}'] is the task"
            )
            with raises_exactly(ValueError, text):
                self.registries[region].seed(identifier, status=status, **fields)
        else:
            self.registries[region].seed(identifier, status=status, **fields)
            self.tasks[region][identifier] = ExpectedTask(status, self.now, fields.get("percent_progress", 0))

    @rule(identifier=identifiers, region=regions, prefix=st.sampled_from([None, "rds", "rds/"]))
    def start(self, identifier, region, prefix):
        """Call StartExportTask."""
        tasks, given = self.tasks[region], {} if prefix is None else {"S3Prefix": prefix}

        def effect():
            refusals = set()
            if identifier in tasks:
                refusals.add("ExportTaskAlreadyExists")
            if sum(task.runs for task in tasks.values()) >= LIMIT:
                refusals.add("ExportTaskLimitReachedFault")
            if not refusals:
                tasks[identifier] = ExpectedTask("STARTING", self.now, fails=prefix == "rds/")
            return refusals

        response = self.call(
            region,
            "StartExportTask",
            identifier,
            effect,
            ExportTaskIdentifier=identifier,
            SourceArn=SNAPSHOT.replace("us-east-1", region),
            S3BucketName="rds-exports",
            IamRoleArn="rds-export",
            KmsKeyId="1234abcd",
            **given,
        )
        if response is not None:
            assert set(response) - {"ResponseMetadata"} == tasks[identifier].members(given=given)

    @rule(identifier=identifiers, region=regions)
    def cancel(self, identifier, region):
        """Call CancelExportTask."""
        task = self.tasks[region].get(identifier)

        def effect():
            if task is None:
                return {"ExportTaskNotFound"}
            if not task.runs:
                return {"InvalidExportTaskStateFault"}
            task.enter("CANCELING", self.now)
            return set()

        response = self.call(region, "CancelExportTask", identifier, effect, ExportTaskIdentifier=identifier)
        if response is not None:
            self.check(response, identifier, task)

    @rule(identifier=identifiers, region=regions)
    def describe_one(self, identifier, region):
        """Call DescribeExportTasks with an identifier."""
        task = self.tasks[region].get(identifier)

        def effect():
            return {"ExportTaskNotFound"} if task is None else set()

        response = self.call(region, "DescribeExportTasks", identifier, effect, ExportTaskIdentifier=identifier)
        if response is not None:
            [shown] = response["ExportTasks"]
            self.check(shown, identifier, task)

    @rule(region=regions, statuses=st.sets(st.sampled_from(STATUSES)))
    def describe_all(self, region, statuses):
        """Call DescribeExportTasks for all tasks or those of some statuses, page by page."""
        wanted = {name: task for name, task in self.tasks[region].items() if not statuses or task.status in statuses}
        values = [status.lower() for status in statuses]
        parameters = {"Filters": [{"Name": "status", "Values": values}]} if values else {}
        shown, sizes = [], []
        while True:
            response = self.call(region, "DescribeExportTasks", None, set, **parameters)
            if response is None:
                return
            shown += response["ExportTasks"]
            sizes.append(len(response["ExportTasks"]))
            if "Marker" not in response:
                break
            parameters["Marker"] = response["Marker"]
        assert [task["ExportTaskIdentifier"] for task in shown] == list(wanted)
        assert all(size == 3 for size in sizes[:-1])
        for task in shown:
            self.check(task, task["ExportTaskIdentifier"], wanted[task["ExportTaskIdentifier"]])

    @rule(region=regions, status=st.sampled_from(STATUSES), data=st.data())
    def move(self, region, status, data):
        """Move a task to a status, or be refused because it cannot."""
        if not self.tasks[region]:
            return
        identifier = data.draw(st.sampled_from(sorted(self.tasks[region])))
        live, task = self.registries[region][identifier], self.tasks[region][identifier]
        if status in MOVES.get(task.status, ()):
            live.move_to(status)
            task.enter(status, self.now)
        else:
            text = f"export task '{identifier}' is {task.status} and cannot become {status}. {HINTS[task.status]}"
            with raises_exactly(ValueError, text):
                live.move_to(status)

    @precondition(lambda self: sum(waiting.left for waiting in self.injections) < 3)
    @rule(
        operation=st.sampled_from(OPERATIONS),
        region=regions,
        identifier=st.none() | identifiers,
        times=st.integers(1, 2),
        applied=st.booleans(),
    )
    def inject(self, operation, region, identifier, times, applied):
        """Inject a failure."""
        text = f"failure {len(self.injections)}"
        failure = Failure("AccessDenied", http_status=403, message=text)
        self.registries[region].inject(
            failure, operation=operation, identifier=identifier, times=times, applied=applied
        )
        self.injections.append(ExpectedInjection(operation, identifier, text, times, applied))

    @rule(passing=st.timedeltas(timedelta(0), timedelta(minutes=12)))
    def let_time_pass(self, passing):
        """Move the clock."""
        self.clock.tick(passing - timedelta(microseconds=passing.microseconds % 1000))
        for tasks in self.tasks.values():
            for task in tasks.values():
                task.settle(self.now)

    def check(self, shown, identifier, task):
        """Check that a response shows what the rules say."""
        assert set(shown) - {"ResponseMetadata"} == task.members()
        assert shown["ExportTaskIdentifier"] == identifier
        assert (shown["Status"], shown["PercentProgress"]) == (task.status, task.percent)
        assert shown.get("TaskEndTime") == task.ended

    @invariant()
    def the_registry_follows_the_rules(self):
        """The registry has the expected tasks, in their order."""
        for region, tasks in self.tasks.items():
            registry = self.registries[region]
            assert {name: (found.status, found.percent_progress) for name, found in registry.items()} == {
                name: (task.status, task.percent) for name, task in tasks.items()
            }
            assert list(registry) == list(tasks)

    @invariant()
    def each_call_is_recorded(self):
        """The calls are recorded in their order."""
        calls = self.registries["us-east-1"].calls
        assert [(call.operation, call.region) for call in calls] == self.called


def test_account_follows_the_rules(monkeypatch):
    """After any sequence of operations, the account is as the rules of Amazon RDS say."""
    with freeze_time("2026-01-01T00:00:00Z", ignore=["hypothesis"]) as clock:
        monkeypatch.setattr(Account, "clock", clock)
        run_state_machine_as_test(Account)
