"""What the fake replaces in the process while it is active: environment variables and boto3's default session."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from .._entering import call_locked
from .._rds.options import Options

__tracebackhide__ = True

FAKE_ACCESS_KEY = "testing"
FAKE_SECRET_KEY = "testing"  # noqa: S105
# Among the names of environment variables: the place of boto3's default session.
DEFAULT_SESSION = "boto3.DEFAULT_SESSION"

# The endpoint of RDS for child processes. Its port is not a number: a request fails before it is sent, with this text.
_ENDPOINT = "AWS_ENDPOINT_URL_RDS"
_NO_ENDPOINT = (
    "http://127.0.0.1:RDS is faked only in the process of the test. For other processes request the fixture "
    "rds_export_endpoint"
)

_lock = threading.Lock()
# The uses that have not ended, the latest last.
_uses: list[Environment] = []
# What the uses of this test that have ended set and found, by the name.
_ended: dict[str, tuple[Any, Any]] = {}
# What those of earlier tests set. A patch of a class or module that was made during one may bring it back much later.
_ended_earlier: dict[str, Any] = {}


class Environment:
    """What one use of the fake sets, and what it found there.

    Uses may overlap in any order: one that ends before a later one leaves it to that one to restore what it found
    itself.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.found: dict[str, Any] = {}
        self._values = dict(values)
        self._environ = os.environ

    @property
    def served(self) -> str | None:
        """The URL of the endpoint of this use, if it has one."""
        return self._values.get(_ENDPOINT)

    def begin(self) -> None:
        """Set variables and the default session, and unset those given as None, until ``end``."""
        call_locked(_lock, self._begin)

    def end(self) -> None:
        """Restore what was found. It may be called again."""
        call_locked(_lock, self._end)

    def _begin(self) -> None:
        self.found = {name: _get(name) for name in self._values}
        _uses.append(self)
        for name, value in self._values.items():
            if value != self.found[name]:
                _set(name, value)
        _refuse_children()

    def _end(self) -> None:
        if self in _uses:
            later = _uses[_uses.index(self) + 1 :]
            for name, value in self.found.items():
                heir = next((other for other in later if name in other.found), None)
                if heir is not None:
                    heir.found[name] = value
                else:
                    _set(name, value)
                    # A test may have replaced os.environ, and will put this one back.
                    if self._environ is not os.environ and name != DEFAULT_SESSION:
                        _set(name, value, self._environ)
                # The first one of a test has found what was there before all of them.
                _ended[name] = (self._values[name], _ended.get(name, (None, value))[1])
            _uses.remove(self)
        _refuse_children()


def begin_test() -> None:
    """Note that the uses that have ended are those of earlier tests."""
    _ended_earlier.update((name, ours) for name, (ours, _) in _ended.items())
    _ended.clear()


def values_set_earlier() -> dict[str, Any]:
    """Return the present values of what uses of earlier tests set; nothing during a use."""
    return {} if _uses else {name: _get(name) for name in _ended_earlier}


def remove_leftovers(before_test: Mapping[str, str] | None, before_teardown: Mapping[str, Any]) -> None:
    """Remove what a patch has brought back that was made during a use and undone after it.

    Of a use of this test, what it set and did not find; of one of an earlier test, what has come back during the
    teardown. It is replaced by what was there before the test, which has no default session: ours is set only if there
    was none.
    """
    if _uses:
        return
    if before_test is not None:  # otherwise a patch that the use has found may just have been undone
        for name, (ours, found) in _ended.items():
            if _get(name) == ours != found:
                _set(name, before_test.get(name))
    for name, value in before_teardown.items():
        # A variable that is unset now is most likely one that a patch of this test had set.
        if _get(name) == _ended_earlier[name] != value and _ended_earlier[name] is not None:
            _set(name, value)


def fake_aws(options: Options) -> dict[str, str | None]:
    """Return the variables that keep an AWS client off real credentials, profiles and instance metadata.

    If the environment is to keep its credentials, only the region is set. RDS requests do not use them either way.
    """
    # In a child process that has a fake of its own, the refusal of its parent does not count.
    refused = os.environ.get(_ENDPOINT) == _NO_ENDPOINT
    variables: dict[str, str | None] = {
        **({_ENDPOINT: None} if refused else {}),
        "AWS_DEFAULT_REGION": options.region,
        "AWS_REGION": options.region,
    }
    if options.credentials == "keep":
        return variables
    return {
        **variables,
        "AWS_ACCESS_KEY_ID": FAKE_ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": FAKE_SECRET_KEY,
        "AWS_SESSION_TOKEN": None,
        "AWS_SECURITY_TOKEN": None,
        "AWS_CREDENTIAL_EXPIRATION": None,
        "AWS_ACCOUNT_ID": None,
        "AWS_PROFILE": None,
        "AWS_DEFAULT_PROFILE": None,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def is_other_fake(url: str) -> bool:
    """Return whether a URL is that of a moto server, LocalStack or the like on this machine, and not of this fake."""
    parts = urlsplit(url)
    if parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        return False
    with _lock:
        return not any(urlsplit(use.served).port == parts.port for use in _uses if use.served)


def endpoint_variables(url: str) -> dict[str, str | None]:
    """Return the variables that send a child process's RDS client to *url*, past any proxy."""
    variables: dict[str, str | None] = {_ENDPOINT: url, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": None}
    for name in ("NO_PROXY", "no_proxy"):
        variables[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1"]))
    return variables


def _refuse_children() -> None:
    """During a use, have RDS requests of child processes fail that would go to AWS, with the fake credentials.

    What ``putenv`` sets is inherited by child processes, but not seen in ``os.environ``, so clients of this process do
    not change. A child that is started with ``env={**os.environ}`` does not get it.
    """
    if _ENDPOINT in os.environ:
        return
    if _uses and "AWS_ENDPOINT_URL" not in os.environ:
        os.putenv(_ENDPOINT, _NO_ENDPOINT)
    else:
        os.unsetenv(_ENDPOINT)


def _get(name: str) -> Any:
    if name == DEFAULT_SESSION:
        return getattr(sys.modules.get("boto3"), "DEFAULT_SESSION", None)
    return os.environ.get(name)


def _set(name: str, value: Any, environ: MutableMapping[str, str] | None = None) -> None:
    environ = os.environ if environ is None else environ
    if name == DEFAULT_SESSION:
        boto3: Any = sys.modules.get("boto3")
        if boto3 is not None:
            boto3.DEFAULT_SESSION = value
    elif value is None:
        environ.pop(name, None)
    else:
        environ[name] = value
