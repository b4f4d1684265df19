"""The environment while the fake answers: fake credentials, a region, nothing that asks the network."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

__tracebackhide__ = True

FAKE_ACCESS_KEY = "testing"
FAKE_SECRET_KEY = "testing"  # noqa: S105


_lock = threading.Lock()
# What each use found, the latest last.
_found: list[dict[str, str | None]] = []


@contextmanager
def environment(variables: Mapping[str, str | None]) -> Iterator[None]:
    """Set variables, unset those given as None, and afterwards put each back exactly as it was.

    Uses may overlap: one that ends before a later one leaves it to that one to put back what it found itself.
    """
    with _lock:
        before = {name: os.environ.get(name) for name in variables}
        _found.append(before)
        _put(variables)
    try:
        yield
    finally:
        with _lock:
            index = next(index for index, other in enumerate(_found) if other is before)
            del _found[index]
            for name, value in before.items():
                later = next((other for other in _found[index:] if name in other), None)
                if later is None:
                    _put({name: value})
                else:
                    later[name] = value


def fake_aws(region: str) -> dict[str, str | None]:
    """The variables that keep an AWS client off real credentials, profiles and instance metadata."""
    return {
        "AWS_ACCESS_KEY_ID": FAKE_ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": FAKE_SECRET_KEY,
        "AWS_SESSION_TOKEN": None,
        "AWS_SECURITY_TOKEN": None,
        "AWS_CREDENTIAL_EXPIRATION": None,
        "AWS_ACCOUNT_ID": None,
        "AWS_PROFILE": None,
        "AWS_DEFAULT_PROFILE": None,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
    }


def endpoint_variables(url: str) -> dict[str, str | None]:
    """The variables that send a child process's RDS client to *url*, past any proxy."""
    variables: dict[str, str | None] = {"AWS_ENDPOINT_URL_RDS": url, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": None}
    for name in ("NO_PROXY", "no_proxy"):
        variables[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1"]))
    return variables


def _put(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
