"""``sweep``: run a scenario once, then once for each of its calls and each failure that the call can have."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ReadTimeoutError

from . import _clock, _model
from ._cases import LATE, LOST, Case, What, check_item, list_cases
from ._end_check import check_end, describe_call, describe_calls
from ._failures import KINDS, Failure
from ._fake import activate, forget_ended
from ._live.registry import ExportTaskRegistry
from ._live.seeds import Seed, to_tasks
from ._messages import must_be, must_be_type, unknown_name
from ._rds.account import Account
from ._rds.options import NAMES, Options
from ._rds.state import RUNNING
from ._transport.patch import active_accounts

if TYPE_CHECKING:
    from types import TracebackType


__tracebackhide__ = True

Raises = type[BaseException] | tuple[type[BaseException], ...]

_ARGUMENTS = ("operation", "raises", "most", "seed", "seeds")


class Attempt:
    """One run of a scenario, in a fake of its own: with one call that fails, or, in the first run, with none.

    As a context manager it yields the ``ExportTaskRegistry`` of the default region. An exception that the sweep allows
    does not leave the block: by default that of the injected failure.

    Attributes:
        number: 0 for the first run, which records the calls, then from 1.
        count: How many attempts with a failure there are; None in the first run.
        call: The call that fails, as the first run recorded it; None in the first run.
        failure: What it fails with; for a lost response ReadTimeoutError, for a late one and in the first run None.
        inject_line: The line of Python that repeats the attempt alone, in a test with ``rds_export_tasks``; empty in
            the first run.
        tasks: The registry.
        raised: The exception that the block ended with, allowed or not; None before, and if it had none.
    """

    __module__ = "pytest_rds_export.types"

    def __init__(
        self, _sweep: sweep, _number: int = 0, _count: int | None = None, _case: Case | None = None, /
    ) -> None:
        self.number = _number
        self.count = _count
        self.call = None if _case is None else _case.call
        self.raised: BaseException | None = None
        self._sweep = _sweep
        self._case = _case
        # After a failure, the program need not get to what the scenario has injected itself.
        options = {} if _case is None else {"assert_all_injected": False}
        self._account = Account(Options(**{**_sweep.options, **options}))
        self.tasks = ExportTaskRegistry(self._account)
        self.tasks.seed_all(_sweep.seeds)
        self._injection = None if _case is None else _case.inject(self.tasks)
        self.failure: Failure | Exception | None = None if self._injection is None else self._injection.failure
        self.inject_line = "" if _case is None else _case.line()
        self._around = nullcontext() if _case is None else _sweep.around(self)
        self._active: AbstractContextManager[Any] = activate(self._account)
        self._running: int | None = None

    @property
    def running(self) -> int:
        """The number of exports that are STARTING or IN_PROGRESS now, or were when the block ended."""
        return self._count_running() if self._running is None else self._running

    @property
    def ended(self) -> bool:
        """Whether its block has ended."""
        return self._running is not None

    def _count_running(self) -> int:
        self._account.update_all(_clock.now())
        regions = list(self._account.regions.values())
        return sum(task.status in RUNNING for region in regions for task in list(region.tasks.values()))

    def __enter__(self) -> ExportTaskRegistry:
        if self.ended:
            raise RuntimeError(f"{self!r} was used already. Put all that the program does into one block")
        forget_ended(self.describe())
        self._around.__enter__()
        return self._active.__enter__() or self.tasks  # in one line: an interruption in between would leave the fake on

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        try:
            self.raised = error
            self._running = self._count_running()
        finally:
            self._active.__exit__(None, None, None)
        failed = error
        if error is None or self._allows(error):
            try:
                self._check()
                failed = None
            except AssertionError as problem:  # with its traceback, which subtests need
                failed = problem
        if failed is not None and hasattr(failed, "add_note"):  # since Python 3.11
            failed.add_note(self.describe())
        if self._around.__exit__(None if failed is None else type(failed), failed, traceback):
            return True
        if failed is not None and failed is not error:
            raise failed
        return failed is None

    def _allows(self, error: BaseException) -> bool:
        """Return whether an exception may leave the program because of the failure."""
        if self._injection is None or not self._injection.attempts:
            return False
        if self._sweep.raises is not None:
            return isinstance(error, self._sweep.raises)
        failure = self.failure
        if failure is None:
            return isinstance(error, ReadTimeoutError)
        if not isinstance(failure, Failure):
            return error is failure
        if failure.code is None or not isinstance(error, ClientError):
            return isinstance(error, failure.exception)
        return error.response["Error"]["Code"] == failure.code

    def _check(self) -> None:
        """Raise ``AssertionError`` for what is wrong although the program has done what it may."""
        message = check_end(self._account, self._allows)
        if self._case is not None and self._injection is not None and not self._injection.attempts:
            message = (
                f"the calls of the scenario differ from run to run. Call {self._case.position} of the first run was "
                f"{describe_call(self._case.call)}; this run called {describe_calls(self.tasks.calls)}. Let each run "
                "begin alike: with fixed identifiers and random seeds, with rds_export_clock, and with everything "
                "outside the fake made inside the loop"
            )
        if message:
            raise AssertionError(message)

    def describe(self) -> str:
        """Return which attempt it is, and how to repeat it alone."""
        if self._case is None:
            return "sweep: the first run, without a failure"
        return f"sweep: attempt {self.number} of {self.count}: {self._case}\nto repeat it alone: {self.inject_line}"

    def __repr__(self) -> str:
        if self._case is None:
            return "<Attempt without a failure, to record the calls>"
        return f"<Attempt {self.number} of {self.count}: {self._case}>"


class sweep:  # noqa: N801
    """Run a scenario once to record its calls, then once for each call and each failure that the call can have.

    The scenario is the body of the loop: ``for attempt in sweep("Throttling"):``, and in it ``with attempt as tasks:``
    around the program. Each attempt has a fake of its own, with the same seeds and options, and begins at the same time
    of ``rds_export_clock``. In the first run nothing fails.

    Args:
        *failures: Names of failures, ``"documented"``, ``"common"`` and ``"transport"`` for all of a kind, ``Failure``
            values and exceptions: the call fails with all its attempts. ``TruncatedResponse`` and ``"lost response"``,
            which is of the first attempt, take effect. A ``timedelta`` or seconds: the response is that late;
            ``"late response"`` is ten minutes late. Of each call those that its operation can have; by default all.
        operation: The API name of the operation whose calls fail, or several; by default every one, also moto's.
        raises: The exceptions that may leave the block of an attempt whose call has failed, as for
            ``pytest.raises``; ``()`` for none. By default that of the injected failure.
        most: How many attempts to make at most, of all that there are; every one by default.
        seed: Which ones: the same number picks the same attempts.
        seeds: What ``seed_all`` takes, for each attempt.
        **options: As for ``fake_rds_export``.

    Yields:
        An ``Attempt`` for each run.

    Raises:
        TypeError: For an unknown argument.
        ValueError: For a value that is not allowed; after the first run for a failure that no call can have, and if
            there was no call.
        AssertionError: At the end of an attempt: if its call did not come again, because the program does not make the
            same calls in each run, and for operations that nothing handled.
    """

    __module__ = "pytest_rds_export"

    def __init__(
        self,
        *failures: What,
        operation: str | Iterable[str] | None = None,
        raises: Raises | None = None,
        most: int | None = None,
        seed: int = 0,
        seeds: Iterable[Seed] = (),
        **options: Any,
    ) -> None:
        for name in options:
            if name not in NAMES:
                raise TypeError(unknown_name("argument", name, (*_ARGUMENTS, *NAMES)))
        Options(**options)
        if most is not None and (not isinstance(most, int) or isinstance(most, bool) or most < 1):
            raise ValueError(must_be("most", "an int of at least 1, or None for every attempt", most))
        if not isinstance(seed, int):
            raise ValueError(must_be_type("seed", "an int", seed))
        for each in raises if isinstance(raises, tuple) else [raises or Exception]:
            if not isinstance(each, type) or not issubclass(each, BaseException):
                raise TypeError(must_be_type("raises", "an exception class, or a tuple of them", each))
        self._items: list[What] = [check_item(item) for item in failures] or [*KINDS, LOST, LATE]
        self._operations = None if operation is None else [operation] if isinstance(operation, str) else list(operation)
        if self._operations == []:
            raise ValueError(must_be("operation", "the API name of an operation, or several", operation))
        for name in self._operations or ():
            _model.operation_model(name)
        self._most = most
        self._seed = seed
        self.raises = raises
        self.seeds = to_tasks(seeds)
        self.around: Callable[[Attempt], AbstractContextManager[object]] = nullcontext
        self.options = options

    def __iter__(self) -> Iterator[Attempt]:
        # Behind its block an attempt has no fake any more, and no request may reach AWS from there.
        outside = activate(Account(Options(**self.options), refusal=_OUTSIDE))
        with nullcontext() if active_accounts() else outside:
            yield from self._attempts()

    def _attempts(self) -> Iterator[Attempt]:
        clock = _clock.active_clock()
        restore_clock = None if clock is None else clock.save()
        first = Attempt(self)
        yield first
        _check_ended(first)
        cases = self._pick(list_cases(self._items, self._operations, first.tasks.calls))
        for number, case in enumerate(cases, 1):
            if restore_clock is not None:
                restore_clock()
            attempt = Attempt(self, number, len(cases), case)
            yield attempt
            _check_ended(attempt)
        forget_ended()

    def _pick(self, cases: list[Case]) -> list[Case]:
        """Return as many cases as are wanted: the same in each run, in their order."""
        if self._most is None or self._most >= len(cases):
            return cases
        picked = random.Random(self._seed).sample(range(len(cases)), self._most)  # noqa: S311 - no secret
        return [cases[index] for index in sorted(picked)]

    def __repr__(self) -> str:
        return f"<sweep with {', '.join(map(str, self._items))}>"


_OUTSIDE = (
    "an RDS request was not sent, because no attempt of the sweep is under way. Call the program inside "
    "'with attempt as tasks:', and assert behind it only what needs no request, such as attempt.running"
)


def _check_ended(attempt: Attempt) -> None:
    if not attempt.ended:
        raise RuntimeError(f"{attempt!r} was not used. Write 'with attempt as tasks:' around the program in the loop")
