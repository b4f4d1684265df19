"""Whatever was done to botocore, no RDS request leaves the process: it is handled, or fails before it is sent."""

import copy
import importlib
import importlib.util
import sys
from contextlib import nullcontext
from functools import partialmethod
from importlib.machinery import SourceFileLoader
from unittest.mock import MagicMock

import boto3
import botocore.session
import pytest
from botocore.endpoint import Endpoint
from botocore.hooks import BaseEventHooks, HierarchicalEmitter
from botocore.signers import RequestSigner

from helpers.calls import cancel
from helpers.leftovers import differences, held_by_botocore
from pytest_rds_export import fake_rds_export
from pytest_rds_export.exceptions import UnhandledOperation

BOTOCORE = ("boto3", "botocore")
REAL = {"region_name": "us-east-1", "aws_access_key_id": "AKIAREAL", "aws_secret_access_key": "secret"}


class Overriding(HierarchicalEmitter):
    """An emitter with an ``emit`` of its own."""

    names = ()

    def emit(self, event_name, **kwargs):
        """Keep the names of the events."""
        self.names += (event_name,)
        return super().emit(event_name, **kwargs)


class Wrapping(BaseEventHooks):
    """An emitter that wraps another one, as a logger or a tracer does."""

    def __init__(self, emitter=None):
        self.emitter = HierarchicalEmitter() if emitter is None else emitter
        for name in ("register", "register_first", "register_last", "unregister", "emit_until_response"):
            setattr(self, name, getattr(self.emitter, name))

    def emit(self, event_name, **kwargs):
        """Pass the event on."""
        return self.emitter.emit(event_name, **kwargs)

    def __copy__(self):
        return Wrapping(copy.copy(self.emitter))


def signed_by(client):
    """Return a list to which the Authorization header of each request of a client is added."""
    found = []
    client.meta.events.register("before-send", lambda request, **_: found.append(request.headers["Authorization"]))
    return found


@pytest.fixture
def reloaded():
    """Return a function that reloads modules of botocore, which are afterwards what they were."""
    before = {}

    def reload(*names):
        for name in names:
            module = sys.modules[f"botocore.{name}"]
            before[module] = vars(module).copy()
            importlib.reload(module)

    yield reload
    for module, namespace in before.items():
        vars(module).clear()
        vars(module).update(namespace)


def imported_anew(monkeypatch):
    """Return boto3, imported anew with botocore."""
    for name in [name for name in sys.modules if name.partition(".")[0] in BOTOCORE]:
        monkeypatch.delitem(sys.modules, name)
    return importlib.import_module("boto3")


@pytest.mark.parametrize("emitter", [Overriding, Wrapping])
@pytest.mark.parametrize("early", [True, False])
def test_emitter_of_the_user(emitter, early, before_send):
    """A client with an emitter of the user's own is handled, and its handlers see the request."""
    session = botocore.session.Session(event_hooks=emitter())
    client = session.create_client("rds", **REAL) if early else None
    with fake_rds_export("nightly") as tasks:
        client = client or session.create_client("rds", **REAL)
        handler = before_send()
        client.meta.events.register("before-send.rds", handler)

        assert cancel(client)["Status"] == "CANCELING"

        (request,) = handler.requests
        assert b"Credential=testing/" in request.headers["Authorization"]
        assert [call.attempts for call in tasks.calls] == [1]


def test_response_of_an_emitter_of_the_user(before_send, rds_export_tasks):
    """For an operation without a handler, the response of such an emitter's handler counts."""
    client = botocore.session.Session(event_hooks=Wrapping()).create_client("rds")
    body = b"<R><DescribeCertificatesResult><Marker>m</Marker></DescribeCertificatesResult></R>"
    client.meta.events.register("before-send.rds", before_send(body))

    assert client.describe_certificates()["Marker"] == "m"


def test_emitter_in_the_client(rds_export_tasks):
    """A client whose endpoint emits to something of the user's own is handled."""
    rds_export_tasks.seed("nightly")
    client = boto3.client("rds")
    own = Overriding()
    client._endpoint._event_emitter = own  # noqa: SLF001 - botocore has no public way

    assert cancel(client)["Status"] == "CANCELING"
    assert "before-send.rds.CancelExportTask" in own.names
    assert client._endpoint._event_emitter is own  # noqa: SLF001


@pytest.mark.parametrize(
    ("owner", "name"),
    [(HierarchicalEmitter, "emit"), (Endpoint, "make_request"), (RequestSigner, "get_auth_instance")],
)
@pytest.mark.parametrize("first", [True, False])
def test_wrapper(owner, name, first, monkeypatch):
    """A wrapt proxy around a method is called, whether it was made before the fake or during it."""
    wrapt = pytest.importorskip("wrapt")
    seen = []

    @wrapt.decorator
    def wrapper(wrapped, instance, args, kwargs):
        seen.append(type(instance))
        return wrapped(*args, **kwargs)

    def wrap():
        monkeypatch.setattr(owner, name, wrapper(vars(owner)[name]))

    if first:
        wrap()
    with fake_rds_export("nightly") as tasks:
        if not first:
            wrap()
        client = boto3.client("rds")
        seen.clear()
        assert cancel(client)["Status"] == "CANCELING"
        assert [call.attempts for call in tasks.calls] == [1]
    assert {issubclass(cls, owner) for cls in seen} == {True}


@pytest.mark.parametrize("reload", [True, False])
def test_imported_during_the_fake(reload, reloaded, monkeypatch):
    """A botocore that is imported anew during the fake is handled, and its modules are its own afterwards."""
    early = boto3.client("rds", **REAL)
    with fake_rds_export("nightly", "weekly") as tasks:
        if reload:
            reloaded("signers", "endpoint", "args", "client")
        client = (boto3 if reload else imported_anew(monkeypatch)).client("rds", **REAL)
        signers, endpoint = (sys.modules[f"botocore.{name}"] for name in ("signers", "endpoint"))
        headers = [signed_by(early), signed_by(client)]
        cancel(client)
        cancel(early, "weekly")
        assert [call.attempts for call in tasks.calls] == [1, 1]
    assert [b"Credential=testing/" in header for (header,) in headers] == [True, True]
    for module in (signers, endpoint):
        assert type(module.__loader__) is SourceFileLoader
        assert module.__spec__.loader is module.__loader__
    assert signers.RequestSigner.get_auth_instance.__module__ == "botocore.signers"
    assert endpoint.Endpoint.create_request.__module__ == "botocore.endpoint"


@pytest.mark.parametrize("outer", [nullcontext, fake_rds_export])
def test_imported_before_the_fake(outer, botocore_unchanged, monkeypatch):
    """A botocore that was imported anew is handled, and a client of the older one, which is signed with fake keys."""
    early = boto3.client("rds", **REAL)
    headers = signed_by(early)
    with outer(), monkeypatch.context() as patch:
        anew = imported_anew(patch)
        with fake_rds_export("nightly") as tasks:
            assert cancel(early)["Status"] == "CANCELING"
            anew.client("rds").describe_export_tasks()
            assert [call.attempts for call in tasks.calls] == [1, 1]
    assert b"Credential=testing/" in headers[0]


def test_module_that_does_not_exist(monkeypatch, rds_export_tasks):
    """An import that finds nothing raises what it always raises."""
    monkeypatch.setattr(botocore, "__path__", [])
    monkeypatch.delitem(sys.modules, "botocore.signers")
    with pytest.raises(ModuleNotFoundError, match="signers"):
        importlib.import_module("botocore.signers")


REFUSED = (
    r"\Aan RDS request \({}\) was not sent, because a fake of RDS is active but something has replaced a part of "
    r"botocore, so that the fake cannot handle it\. Replace it before the fake begins, or let it call the original\Z"
)


@pytest.mark.parametrize("url", [None, "http://127.0.0.1:4566"])
def test_patch_removed(url, monkeypatch):
    """A request fails before it is signed and sent if something has removed our patch."""
    original = Endpoint.make_request
    client = boto3.client("rds", **REAL, endpoint_url=url)
    client.meta.events.register("before-sign", lambda **_: pytest.fail("it was signed"))
    with fake_rds_export("nightly"):
        monkeypatch.setattr(Endpoint, "make_request", original)
        with pytest.raises(UnhandledOperation, match=REFUSED.format("CancelExportTask")):
            cancel(client)


def test_another_use_after_that(monkeypatch, botocore_unchanged):
    """The next use installs the patch again."""
    original = Endpoint.make_request
    with fake_rds_export():
        monkeypatch.setattr(Endpoint, "make_request", original)
        with fake_rds_export("nightly"):
            assert cancel(boto3.client("rds"))["Status"] == "CANCELING"


def test_replaced_class(monkeypatch):
    """A client is handled while a test has replaced the class of its endpoint."""
    client = boto3.client("rds", "us-east-1")
    monkeypatch.setattr("botocore.endpoint.Endpoint", MagicMock())
    with fake_rds_export("nightly"):
        assert cancel(client)["Status"] == "CANCELING"


def test_import_that_outlives_the_fake():
    """A botocore whose import ends after the fake, in another thread, is not patched."""
    with fake_rds_export():
        (finder,) = [finder for finder in sys.meta_path if type(finder).__module__.startswith("pytest_rds_export.")]
        spec = finder.find_spec("botocore.signers", botocore.__path__)
        module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.RequestSigner.get_auth_instance.__module__ == "botocore.signers"


def test_no_event(monkeypatch, rds_export_client):
    """A request fails before it is sent if something sends it without the event before-send."""
    monkeypatch.setattr(Endpoint, "_get_response", lambda self, request, *_: (self._send(request), None))
    with pytest.raises(UnhandledOperation, match=REFUSED.format(r"https://rds\.us-east-1\.amazonaws\.com/")):
        cancel(rds_export_client)


def test_subclass(rds_export_tasks):
    """An endpoint of a subclass with methods of its own is handled once."""
    rds_export_tasks.seed("nightly")

    class Own(Endpoint):
        def make_request(self, operation_model, request_dict):
            assert self._event_emitter.emit_until_response("own-event") == (None, None)
            return super().make_request(operation_model, request_dict)

    client = boto3.client("rds")
    client._endpoint.__class__ = Own  # noqa: SLF001 - botocore has no public way
    with fake_rds_export("nightly") as inner:
        assert cancel(client)["Status"] == "CANCELING"
        assert [call.attempts for call in inner.calls] == [1]
    assert rds_export_tasks.calls == []


@pytest.mark.parametrize("method", ["make_request", "create_request"])
def test_patch_restored_afterwards(method):
    """A patch of ours that a monkeypatch restores after the fake is removed, and counts nothing twice."""
    before = held_by_botocore()
    with pytest.MonkeyPatch.context() as monkeypatch, fake_rds_export("nightly"):
        monkeypatch.setattr(Endpoint, method, partialmethod(getattr(Endpoint, method)))
        cancel(boto3.client("rds"))
    for _ in range(2):
        with fake_rds_export("nightly") as tasks:
            tasks.inject("Throttling", times=1)
            cancel(boto3.client("rds"))
            (call,) = tasks.calls
            assert len(call.retry_delays) == 1
    assert differences(before, held_by_botocore()) == []
