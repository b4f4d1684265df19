"""The patches of botocore, installed while at least one account responds and removed afterwards.

- ``Endpoint.make_request``: a call of RDS is made with our handlers of its events, and with a connection that
  reaches only another fake on this machine.
- ``Endpoint.create_request``: a call of RDS that has got past the former, whatever did that, is refused.
- ``RequestSigner.get_auth_instance``: RDS requests and presigned URLs are signed with fake credentials.

All clients come here: sync and async, whatever emitter they have, and whenever botocore was imported.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator, Iterator
from importlib import import_module
from importlib.machinery import PathFinder
from typing import Any, NamedTuple
from weakref import WeakSet

from .._entering import call_locked
from .._rds.account import Account
from .._rds.dispatch import UnhandledOperation
from .environment import FAKE_ACCESS_KEY, FAKE_SECRET_KEY, is_other_fake
from .handlers import CallEvents

__tracebackhide__ = True

_lock = threading.Lock()
# Replaced as a whole, never changed, so that a call in another thread sees one state of it.
_responding: tuple[Account, ...] = ()


def begin_responding(account: Account) -> None:
    """Have *account* respond to every RDS client of the process, until ``end_responding``.

    Of nested accounts the innermost one responds. Raises ``RuntimeError`` if the installed botocore does not have what
    this needs.
    """
    for module, *_ in _SEAMS:
        import_module(module)  # without the lock: another thread may import it now, which needs the lock below
    call_locked(_lock, _begin, account)


def end_responding(account: Account) -> None:
    """Have *account* respond no more. It may be called again."""
    # The finder is what the end of the last account removes last.
    if account in _responding or (not _responding and _finder in sys.meta_path):
        call_locked(_lock, _end, account)


def remove_leftovers() -> None:
    """Remove a patch that another one has brought back after the last account ended, as a ``monkeypatch`` does."""
    if not _responding and any(map(_is_present, _patches)):
        call_locked(_lock, _uninstall)


def active_accounts() -> tuple[Account, ...]:
    """Return the accounts that respond now, the innermost last."""
    return _responding


def _begin(account: Account) -> None:
    global _responding
    _responding = (*_responding, account)
    _install()


def _end(account: Account) -> None:
    global _responding
    _responding = tuple(other for other in _responding if other is not account)
    if not _responding:
        _uninstall()


class _Patch(NamedTuple):
    """One method of one class, ours and the original."""

    owner: Any
    name: str
    ours: Any
    original: Any


# The latest last. A patch stays here after it is removed: another library's may bring it back at any time.
_patches: list[_Patch] = []


# Enough for several botocores, and for tests that each replace a method by one of their own.
_KEPT = 50


def _is_present(patch: _Patch) -> bool:
    return vars(patch.owner).get(patch.name) is patch.ours


def _install() -> None:
    for module, class_name, methods in _SEAMS:
        # One that is being imported lacks it, and comes here again.
        if module in sys.modules:
            for owner in _find_classes(module, class_name, methods):
                for name, make in methods.items():
                    if name in vars(owner):
                        _patch(owner, name, make)
    if _finder not in sys.meta_path:
        # Just before Python's own. Libraries such as pyfakefs remove whatever comes first at their end.
        end = len(sys.meta_path)
        place = next((index for index, finder in enumerate(sys.meta_path) if finder is PathFinder), end)
        sys.meta_path.insert(place, _finder)


def _patch(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    present = vars(owner)[name]
    same = [patch for patch in _patches if patch.owner is owner and patch.name == name]
    if any(patch.ours is present for patch in same):
        return
    found = next((patch for patch in same if patch.original is present), None)
    if found is None:
        found = _Patch(owner, name, make(present), present)
        # Noted first: a patch whose installation is interrupted is removed.
        _patches.append(found)
    setattr(owner, name, found.ours)


def _uninstall() -> None:
    # The latest first, because one may be on top of another.
    for patch in reversed(_patches):
        if _is_present(patch):
            setattr(patch.owner, patch.name, patch.original)
    del _patches[:-_KEPT]
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)


# The classes of each botocore that was imported. An old one lives on in its clients when botocore is imported anew.
_known: WeakSet[Any] = WeakSet()


def _find_classes(module: str, name: str, methods: dict[str, Any]) -> list[Any]:
    """Return every class of that name in every botocore that was imported, and their subclasses.

    Raises ``RuntimeError`` if the class of the present botocore lacks one of the methods.
    """
    present = getattr(sys.modules[module], name, None)
    for method in methods:
        if not callable(getattr(present, method, None)):
            raise RuntimeError(_missing(f"{module}.{name}.{method}"))
    if present not in _known:
        _known.update(cls for cls in object.__subclasses__() if (cls.__module__, cls.__name__) == (module, name))
    found = dict.fromkeys(cls for cls in _known if cls.__name__ == name)
    if isinstance(present, type):
        found[present] = None
    return list(dict.fromkeys(below for cls in found for below in _with_subclasses(cls)))


def _with_subclasses(cls: Any) -> Iterator[Any]:
    yield cls
    for below in cls.__subclasses__():
        yield from _with_subclasses(below)


def _missing(name: str) -> str:
    import botocore

    return (
        f"pytest-rds-export needs {name}, which botocore {botocore.__version__} does not have. "
        "Use a supported version of botocore, or report it"
    )


class _Finder:
    """Has the classes patched of a botocore that is imported, anew or for the first time, while an account responds."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in _MODULES:
            return None
        finders = (finder for finder in list(sys.meta_path) if finder is not self)
        spec: Any = next(filter(None, (finder.find_spec(name, path, target) for finder in finders)), None)
        if spec is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader:
    """Loads a module with its own loader, then patches it."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        module.__loader__ = module.__spec__.loader = self._loader  # nothing of ours stays in the module
        self._loader.exec_module(module)
        call_locked(_lock, _install_again)


def _install_again() -> None:
    if _responding:
        _install()


_finder: Any = _Finder()


# Each of ours binds the original as Python does: another library may have put a descriptor of its own there.


def _make_request(original: Any) -> Callable[..., Any]:
    def make_request(self: Any, operation_model: Any, request_dict: Any) -> Any:
        accounts = _responding
        if accounts and _would_reach_rds(self, operation_model):
            # A copy, because other threads use the endpoint, too.
            endpoint = _copy(self)
            # Whatever the emitter is, the events pass through ours.
            endpoint._event_emitter = CallEvents(accounts[-1], self, request_dict["context"])  # noqa: SLF001 - botocore has no public way
            endpoint.http_session = _Connection(self.http_session)
            self = endpoint
        return original.__get__(self, type(self))(operation_model, request_dict)

    return make_request


def _create_request(original: Any) -> Callable[..., Any]:
    def create_request(self: Any, params: Any, operation_model: Any = None) -> Any:
        if _responding and operation_model is not None and _would_reach_rds(self, operation_model):
            raise UnhandledOperation(_refusal(operation_model.name))
        return original.__get__(self, type(self))(params, operation_model)

    return create_request


def _get_auth_instance(original: Any) -> Callable[..., Any]:
    def get_auth_instance(self: Any, signing_name: str, *args: Any, **kwargs: Any) -> Any:
        # The name for a token with which to log in to a database is "rds-db".
        if _responding and signing_name == "rds" and self._service_id == "RDS":
            kwargs.pop("request_credentials", None)
            self = _copy(self)
            self._credentials = _FAKE_CREDENTIALS
        return original.__get__(self, type(self))(signing_name, *args, **kwargs)

    return get_auth_instance


_SEAMS: tuple[tuple[str, str, dict[str, Callable[[Any], Any]]], ...] = (
    ("botocore.endpoint", "Endpoint", {"make_request": _make_request, "create_request": _create_request}),
    ("botocore.signers", "RequestSigner", {"get_auth_instance": _get_auth_instance}),
)
_MODULES = tuple(library + module for library in ("", "aio") for module, *_ in _SEAMS)


class _Credentials(NamedTuple):
    """Credentials that a client of either kind reads: aiobotocore awaits them."""

    access_key: str
    secret_key: str
    token: None = None
    account_id: None = None

    def get_frozen_credentials(self) -> _Credentials:
        return self

    def __await__(self) -> Generator[Any, None, _Credentials]:
        yield from ()
        return self


_FAKE_CREDENTIALS = _Credentials(FAKE_ACCESS_KEY, FAKE_SECRET_KEY)


class _Connection(NamedTuple):
    """The HTTP session of a call that is handled: only a request to another fake on this machine is sent."""

    session: Any

    def send(self, request: Any) -> Any:
        if not is_other_fake(request.url):
            raise UnhandledOperation(_refusal(request.url))
        return self.session.send(request)


def _copy(instance: Any) -> Any:
    """Return a shallow copy; ``copy.copy`` takes five times as long, twice in each call."""
    copied = object.__new__(type(instance))
    copied.__dict__.update(vars(instance))
    return copied


def _would_reach_rds(endpoint: Any, operation_model: Any) -> bool:
    """Return whether an endpoint that is not a copy of ours is about to make a call of RDS."""
    return operation_model.service_model.service_id == "RDS" and not isinstance(endpoint.http_session, _Connection)


def _refusal(what: str) -> str:
    return (
        f"an RDS request ({what}) was not sent, because a fake of RDS is active but something has replaced a part of "
        "botocore, so that the fake cannot handle it. Replace it before the fake begins, or let it call the original"
    )
