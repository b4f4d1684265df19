"""The environment while the fake is active: fake credentials, a region, and nothing that asks the network."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from .._rds.options import Options

__tracebackhide__ = True

FAKE_ACCESS_KEY = "testing"
FAKE_SECRET_KEY = "testing"  # noqa: S105

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
    """What a use of the environment set, and what it found there."""

    def __init__(self, variables: Mapping[str, str | None]) -> None:
        self._variables = dict(variables)
        self.found = {name: os.environ.get(name) for name in variables}

    def restore(self, before: Mapping[str, str]) -> None:
        """Restore *before* if a ``monkeypatch`` that outlived the use has restored our values."""
        with _lock:
            for name, ours in self._variables.items():
                if not _uses and os.environ.get(name) == ours != self.found[name]:
                    _set({name: before.get(name)})


@contextmanager
def environment(variables: Mapping[str, str | None]) -> Iterator[Environment]:
    """Set variables, unset those given as None, and restore them all afterwards.

    Uses may overlap: one that ends before a later one leaves it to that one to restore what it found itself.
    """
    with _lock:
        use = Environment(variables)
        _uses.append(use)
        _set(variables)
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
                    _set({name: value})
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


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
