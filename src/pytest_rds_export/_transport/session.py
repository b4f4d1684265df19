"""boto3's default session while the fake is active: a new one, but botocore's data files are read once."""

from __future__ import annotations

import functools
import sys
import threading
from typing import TYPE_CHECKING, Any

from .. import _model

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient

__tracebackhide__ = True

_lock = threading.RLock()


def new_client(region: str) -> RDSClient:
    """Return an RDS client of boto3's default session in *region*.

    botocore makes the exception classes of clients anew for each session: these match what ``boto3.client`` raises.
    """
    import boto3

    return boto3.client("rds", region_name=region)


def default_session() -> Any:
    """Return boto3's default session if there is one, otherwise a new one; None if boto3 is not imported."""
    boto3: Any = sys.modules.get("boto3")
    if boto3 is None or boto3.DEFAULT_SESSION is not None:
        return getattr(boto3, "DEFAULT_SESSION", None)
    session_class = boto3.session.Session
    # Of a class that a test has put in its place, boto3 itself makes the session.
    return _late(session_class)() if session_class.__module__ == "boto3.session" else None


def _new_session(session_class: Any) -> Any:
    import botocore.session

    core = botocore.session.get_session()
    loader = _model.loader(core.get_config_variable("data_path"))
    core.register_component("data_loader", loader)
    session = session_class(botocore_session=core)
    # Each session of boto3 adds boto3's own folder to them.
    loader.search_paths[:] = dict.fromkeys(loader.search_paths)
    return session


@functools.cache
def _late(session_class: Any) -> Any:
    """Return a class whose sessions are made when they are first used: making one takes longer than most tests."""

    class Session(session_class):  # type: ignore[misc]
        def __init__(self) -> None:
            """Do nothing yet."""

        def __getattr__(self, name: str) -> Any:
            with _lock:
                if not name.startswith("__") and "_session" not in vars(self):
                    self.__dict__.update(vars(_new_session(session_class)))
            return object.__getattribute__(self, name)

    return Session
