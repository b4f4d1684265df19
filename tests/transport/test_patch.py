"""The patches of botocore: what they need, and that nothing of them is left."""

import sys
from importlib.machinery import PathFinder

import boto3
import botocore.endpoint
import pytest
from botocore.endpoint import Endpoint
from botocore.signers import RequestSigner

from helpers.clients import http_response
from helpers.errors import raises_exactly
from helpers.leftovers import differences, held_by_botocore
from pytest_rds_export import fake_rds_export

METHODS = [(Endpoint, "make_request"), (Endpoint, "create_request"), (RequestSigner, "get_auth_instance")]
each_method = pytest.mark.parametrize(("owner", "name"), METHODS)


def test_during_the_block():
    """During the block exactly these methods of botocore are patched."""
    before = held_by_botocore()
    with fake_rds_export():
        during = held_by_botocore()
    patched = {(owner.__name__, name) for owner, name in METHODS}
    assert {where[1:] for where in differences(before, during)} == patched


def test_place_among_import_hooks():
    """One import hook stands just before Python's own: libraries remove what comes first at the end of theirs."""
    before = sys.meta_path[:]
    with fake_rds_export():
        (place,) = [index for index, finder in enumerate(sys.meta_path) if finder not in before]
        assert sys.meta_path[place + 1] is PathFinder


@each_method
def test_unknown_botocore(owner, name, monkeypatch, botocore_unchanged):
    """A botocore without the expected method is refused at once."""
    text = (
        f"pytest-rds-export needs {owner.__module__}.{owner.__name__}.{name}, which botocore {botocore.__version__} "
        "does not have. Use a supported version of botocore, or report it"
    )
    with monkeypatch.context() as without:
        without.delattr(owner, name)
        with raises_exactly(RuntimeError, text), fake_rds_export():
            pytest.fail("it was entered")  # pragma: no cover


def test_unknown_class(monkeypatch, botocore_unchanged):
    """So is a botocore without the class of the method."""
    with monkeypatch.context() as without:
        without.delattr(botocore.endpoint, "Endpoint")
        with pytest.raises(RuntimeError, match=r"needs botocore\.endpoint\.Endpoint\.make_request, which botocore"):
            fake_rds_export().__enter__()


def test_other_services(monkeypatch):
    """A method that another library replaced before is called for other services, and is there afterwards."""
    seen = []
    original = Endpoint.make_request

    def make_request(self, operation_model, request_dict):
        seen.append(operation_model.name)
        return original(self, operation_model, request_dict)

    monkeypatch.setattr(Endpoint, "make_request", make_request)
    client = boto3.client("s3", "us-east-1", aws_access_key_id="key", aws_secret_access_key="secret")
    client.meta.events.register("before-send", lambda request, **_: http_response(request, 200, b"<R/>"))
    with fake_rds_export("nightly"):
        client.list_buckets()
    assert seen == ["ListBuckets"]
    assert vars(Endpoint)["make_request"] is make_request


@each_method
def test_descriptor(owner, name, monkeypatch):
    """A descriptor that another library has put in place of a method is asked for it as Python does, with the class."""
    original, seen = vars(owner)[name], []

    class Descriptor:
        def __get__(self, instance, owner):
            seen.append(owner)
            return original.__get__(instance, owner)

    monkeypatch.setattr(owner, name, Descriptor())
    with fake_rds_export("nightly"):
        boto3.client("rds").cancel_export_task(ExportTaskIdentifier="nightly")

    assert set(seen) == {owner}
