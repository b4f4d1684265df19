"""boto3's default session while the fake is active: a new one, but botocore's data files are read once."""

from __future__ import annotations

import copy
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
    core = _new_core()
    loader = _model.loader(core.get_config_variable("data_path"))
    core.register_component("data_loader", loader)
    session = session_class(botocore_session=core)
    # Each session of boto3 adds boto3's own folder to them.
    loader.search_paths[:] = dict.fromkeys(loader.search_paths)
    return session


def _new_core() -> Any:
    """Return a new session of botocore; to register its built-in handlers anew would take longer than all the rest."""
    import botocore.handlers
    import botocore.session

    core_class = botocore.session.Session
    if core_class.__module__ != "botocore.session":  # of a test
        return botocore.session.get_session()
    emitter = _builtin_emitter(tuple(botocore.handlers.BUILTIN_HANDLERS))
    return _core_class(core_class)(event_hooks=copy.copy(emitter), include_builtin_handlers=False)


@functools.cache
def _core_class(session_class: Any) -> Any:
    """Return a class of botocore's sessions that look for credentials in the environment first.

    botocore itself first prepares the HTTPS connections to metadata services, which takes a third of making a client.
    """
    from botocore.credentials import EnvProvider

    class Session(session_class):  # type: ignore[misc]
        _credentials: Any

        def get_credentials(self) -> Any:
            # As in botocore's own order: a profile that was chosen for the session comes before the environment.
            if self._credentials is None and self.instance_variables().get("profile") is None:
                self._credentials = EnvProvider().load()
            return super().get_credentials()

    return Session


@functools.lru_cache(maxsize=1)
def _builtin_emitter(handlers: tuple[Any, ...]) -> Any:
    """Return an emitter with these handlers, which nothing else is registered with. A library may add one, as moto."""
    from botocore.handlers import REGISTER_FIRST, REGISTER_LAST
    from botocore.hooks import EventAliaser, HierarchicalEmitter

    emitter = HierarchicalEmitter()
    events = EventAliaser(emitter)
    registers = {REGISTER_FIRST: events.register_first, REGISTER_LAST: events.register_last}
    for event_name, handler, *place in handlers:
        register = registers[place[0]] if place else events.register
        register(event_name, handler)
    return emitter


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
