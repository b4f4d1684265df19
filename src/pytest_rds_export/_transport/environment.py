"""What the fake replaces in the process while it is active: environment variables and boto3's default session."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

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


class Environment:
    """What one use of the fake set, and what it found there."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)
        self.found = {name: _get(name) for name in values}

    def restore(self, before: Mapping[str, str]) -> None:
        """Restore *before* if a ``monkeypatch`` that outlived the use has restored our values.

        It has no default session: ours is set only if there was none.
        """
        with _lock:
            for name, ours in self._values.items():
                if not _uses and _get(name) == ours != self.found[name]:
                    _set(name, before.get(name))


@contextmanager
def environment(values: Mapping[str, Any]) -> Iterator[Environment]:
    """Set variables and the default session, unset those given as None, and restore them all afterwards.

    Uses may overlap in any order: one that ends before a later one leaves it to that one to restore what it found
    itself.
    """
    with _lock:
        use = Environment(values)
        _uses.append(use)
        for name, value in values.items():
            _set(name, value)
        _refuse_children()
    try:
        yield use
    finally:
        with _lock:
            index = next(index for index, other in enumerate(_uses) if other is use)
            del _uses[index]
            for name, value in use.found.items():
                later = next((other for other in _uses[index:] if name in other.found), None)
                if later is None:
                    _set(name, value)
                else:
                    later.found[name] = value
            _refuse_children()


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


def _set(name: str, value: Any) -> None:
    if name == DEFAULT_SESSION:
        boto3: Any = sys.modules.get("boto3")
        if boto3 is not None:
            boto3.DEFAULT_SESSION = value
    elif value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
