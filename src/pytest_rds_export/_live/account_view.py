"""AccountView: the user's view of what belongs to a whole account, whatever the region."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from .. import _model
from .._failures import Failure
from .._keywords import suggesting_keywords
from .._messages import format_choices, must_be_type
from .._rds.account import Account, Override, Stub
from .._rds.calls import Call
from .._rds.dispatch import ALWAYS, HANDLED
from .._rds.files import ExportFiles
from .._rds.injections import Injection
from .._rds.options import Options
from .._rds.tables import ExportedTable
from . import deliveries, outgoing
from .deliveries import Delivery, Handler
from .views import Views

if TYPE_CHECKING:
    from pathlib import Path

    from botocore.client import BaseClient
    from mypy_boto3_s3 import S3Client

__tracebackhide__ = True


@suggesting_keywords
class AccountView:
    """How an account responds to clients, where its files and events go, and what clients have asked for."""

    def __init__(self, _views: Views, /) -> None:
        self._views = _views
        self._account = _views.account

    def inject(
        self,
        failure: Failure | str | Exception | None = None,
        *,
        operation: str | None = None,
        identifier: str | None = None,
        where: Callable[[Mapping[str, Any]], object] | None = None,
        times: int | None = None,
        calls: int | None = None,
        after: int = 0,
        applied: bool = False,
        delay: timedelta | float = 0,
    ) -> Injection:
        """Make attempts of an operation fail, or their responses late. As a context manager, until its exit.

        Several injected failures are used in their order.

        Args:
            failure: A ``Failure``, the name of one (the error code, or the exception class of the service model), or an
                exception. A ``ClientError`` is sent as XML, so that botocore's retries see it. None if the response is
                only late.
            operation: The API name of the operation that fails; by default the failure's own, otherwise
                CancelExportTask.
            identifier: Fail only calls with this ExportTaskIdentifier.
            where: Fail only calls for whose parameters, in the API's shape, this function returns something true.
            times: How many attempts fail, botocore's retries included; None for every attempt.
            calls: Instead of *times*, how many calls fail, each with all its attempts.
            after: How many attempts pass before the first one fails, 0 by default; 2 fails the third poll. An attempt
                that fails with an earlier injection does not count.
            applied: Let the operation take effect and lose its response, even if that is a fault.
            delay: How late the response is, a ``timedelta`` or seconds. The operation takes effect at once; then
                ``rds_export_clock`` moves. A client with a shorter ``read_timeout`` gets ``ReadTimeoutError``, when the
                clock has moved by that. Without the clock nothing waits, and the same client gets the same error.
                Clients of the endpoint get every response.

        Returns:
            The injection, whose ``attempts`` says how often it was used.

        Raises:
            TypeError: For what is not a failure, for neither a failure nor a delay, and for both *times* and *calls*.
            ValueError: For an unknown name, a failure that the operation does not have, a value that is not allowed,
                and a failure that would never be used.
        """
        return self._account.injections.add(
            failure,
            tuple(HANDLED),
            operation=operation,
            identifier=identifier,
            where=where,
            times=times,
            calls=calls,
            after=after,
            applied=applied,
            delay=delay,
        )

    def stub(self, operation: str, response: Stub) -> None:
        """Give any other RDS operation a response, before moto or another handler is asked.

        Args:
            operation: The API name of the operation.
            response: A mapping in the API's shape, or a function that takes the parameters of a call and returns one.
                It is checked against the service model, a mapping at once. A later stub replaces it.

        Raises:
            ValueError: For an unknown operation, one that is handled anyway, and a response that the service model does
                not allow.
        """
        model = _model.operation_model(operation)
        if operation in ALWAYS:
            raise ValueError(
                f"{operation} cannot be stubbed: it is always handled. Seed a task, inject a failure or override it"
            )
        if not callable(response):
            _model.check_response(model, response)
        _check_synchronous("response", response)
        self._account.stubs[operation] = response

    def override(self, operation: str, function: Override) -> None:
        """Replace how an operation that is handled responds, where AWS does otherwise than this plugin infers.

        Args:
            operation: The API name of an operation that is handled, such as ``"CancelExportTask"``.
            function: It takes the parameters of a call, and a function without arguments that has the plugin handle the
                call: it returns the plugin's response, or raises the ``ClientError`` that the client would raise.
                *function* returns the response in the API's shape, which is checked against the service model, or
                raises a ``ClientError``. A later function replaces it.

        Raises:
            ValueError: For an operation that is not handled, and for what is not a function.
        """
        _model.operation_model(operation)
        if operation not in HANDLED:
            raise ValueError(f"{operation} cannot be overridden: it is not {format_choices(HANDLED)}. Use stub")
        if not callable(function):
            raise ValueError(must_be_type("function", "a function of two arguments", function))
        _check_synchronous("function", function)
        self._account.overrides[operation] = function

    def write_files(
        self,
        to: S3Client | Path,
        *,
        tables: Sequence[str | ExportedTable] | None = None,
        time_format: str = "text",
        uuid_of: str = "export",
        batch_folders: bool = True,
    ) -> None:
        """Have the exports of the account, in every region, write their files as they progress.

        Nothing while STARTING, the tables one after the other during IN_PROGRESS, the rest and the JSON files at
        COMPLETE (the order is inferred). A canceled or failed export keeps what it has written (AWS's documentation).
        Keys and JSON are those of a captured export. The plugin makes no S3 client of its own.

        Files are written when a task is brought up to date: at a call for it, a read of it here, and each move of
        ``rds_export_clock``. Exports that were seeded or started before get at once the files that their status and
        progress stand for; so does an export that is seeded later. A second call writes everything anew into another
        place and removes nothing from the first.

        StartExportTask checks the bucket from now on: ``InvalidS3BucketFault``, "The S3 bucket X doesn't exist."
        (captured), or the model's text if the client may not read it. A store that raises later makes the task FAILED
        with a documented ``FailureCause``; which error has which cause is inferred.

        Args:
            to: A boto3 S3 client, such as moto's or MinIO's; or a ``pathlib.Path``, below which each bucket is a
                folder. In a folder every bucket exists.
            tables: The tables of every source: names such as ``"shop.orders"`` (MySQL) and ``"shop.public.orders"``
                (PostgreSQL), or ``ExportedTable``s, narrowed by ``ExportOnly``. By default ``shop.customers`` and
                ``shop.orders``.
            time_format: Of the times in the JSON files: ``"text"`` (``Jun 26, 2024, 3:43:58 PM``, as captured) or
                ``"iso"`` (``2024-06-26T15:43:58.123Z``, which a public program expects).
            uuid_of: What has one UUID in the names of its parts: the whole ``"export"`` (captured), each ``"table"``,
                or each ``"part"`` (AWS's documentation).
            batch_folders: Whether the parts of a table are in numbered folders; False for the layout until about
                January 2022.

        Raises:
            TypeError: *to* is neither a boto3 S3 client nor a path.
            ValueError: Another value is not allowed.
            Exception: What the store raises for the files of exports that are there already, such as ``NoSuchBucket``.
        """
        try:
            self._account.write_files(
                ExportFiles(to, tables, time_format=time_format, uuid_of=uuid_of, batch_folders=batch_folders)
            )
        finally:
            outgoing.deliver(self._account.outbox)

    def deliver_events(
        self,
        to: Handler | BaseClient,
        *,
        shape: Literal["eventbridge", "subscription", "eventbridge-sns"] | None = None,
        topic: str | None = None,
        bus: str | None = None,
        pattern: Mapping[str, Any] | str | None = None,
        delay: timedelta | float = 0,
        times: int = 1,
    ) -> None:
        """Deliver each event of the account, in every region, that happens from now on.

        An event is delivered right after the change that caused it, in the thread that caused it: a call of a client, a
        read or move of a task, or a move of ``rds_export_clock``, which stops at each event on its way. What is
        delivered to may call boto3, start exports, sleep and move the clock. Events that it causes are delivered after
        it has returned, in the order of their dates. Several receivers get an event in the order of these calls.

        An exception of a receiver does not reach the code that caused the event. It is in ``deliveries`` and fails the
        test at its end, unless the option ``assert_all_delivered`` is false.

        Args:
            to: A function with the arguments of a Lambda function, event and context; a boto3 SNS client, which
                publishes as an RDS event subscription does; or a boto3 EventBridge client, which puts the event on a
                bus. With moto's clients, queues and rules behind them work. The plugin makes no client of its own.
            shape: What a function receives: ``"eventbridge"`` (the default), what a rule invokes it with;
                ``"subscription"``, the record of an SNS topic that an RDS event subscription publishes to; or
                ``"eventbridge-sns"``, the record of an SNS topic that is the target of a rule.
            topic: The ARN of the topic, for an SNS client.
            bus: The name or ARN of the event bus, for an EventBridge client; by default the bus ``default``.
            pattern: Deliver only events that an EventBridge rule with this event pattern lets through: a ``dict``, or a
                string of JSON, as in a template. An RDS event subscription has none.
            delay: Deliver each event that much later by the clock: a ``timedelta`` or a number of seconds. Without
                ``rds_export_clock``, at the first call or read after that.
            times: How often each event is delivered. AWS promises at least once.

        Raises:
            TypeError: *to* cannot be delivered to, such as an async function, or an argument is not for it.
            ValueError: Another value is not allowed, or EventBridge refuses the pattern.
            RuntimeError: The fake has ended.
        """
        where = {"shape": shape, "topic": topic, "bus": bus}
        deliveries.deliver_events(self._views, to, where, pattern, delay, times)

    @property
    def deliveries(self) -> list[Delivery]:
        """What came of each event for each receiver of ``deliver_events``.

        Those whose receiver raised fail the test at its end; clear the list if that was expected.
        """
        return self._account.outbox.deliveries

    @property
    def calls(self) -> list[Call]:
        """The calls of all clients, in order, whoever handled them."""
        return self._account.log.calls

    def calls_to(self, operation: str) -> list[Call]:
        """Return the calls to one operation, by its API name.

        Raises:
            ValueError: For an unknown operation.
        """
        _model.operation_model(operation)
        return [call for call in self.calls if call.operation == operation]

    @property
    def unhandled(self) -> list[Call]:
        """The calls that nothing handled. They fail the test at its end; clear the list if they were expected."""
        return self._account.log.unhandled

    @property
    def account_id(self) -> str:
        """The account's 12 digits."""
        return self._account.options.account_id

    @property
    def options(self) -> Options:
        """The options in force, of the marker, the ini file and the defaults."""
        return self._account.options


def account_of(view: AccountView) -> Account:
    return view._account  # noqa: SLF001 - of its own class


def _check_synchronous(name: str, function: object) -> None:
    """Raise ``ValueError`` for a coroutine function: a response is given without an event loop."""
    called = getattr(function, "__call__", None)  # noqa: B004 - of an object that is a function by its class
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called):
        raise ValueError(f"{name} must not be a coroutine function, got {function!r}. Write it with def")
