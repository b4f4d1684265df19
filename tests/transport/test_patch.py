"""The one patch of botocore: what it needs, and that nothing of it is left."""

import sys
from contextlib import nullcontext
from unittest.mock import patch

import boto3
import botocore
import pytest
from botocore.hooks import HierarchicalEmitter

from helpers.errors import raises_exactly
from helpers.leftovers import differences, held_by_botocore
from pytest_rds_export import fake_rds_export

_SEAM = (
    "pytest-rds-export needs botocore.hooks.{seam}, which botocore {version} does not have. "
    "Use a supported version of botocore, or report it"
)


@pytest.mark.parametrize("error", [None, AssertionError, KeyboardInterrupt])
def test_end_of_the_block(error, botocore_unchanged):
    """The objects of botocore are unchanged after the block, however it ends."""
    client = boto3.client("rds", "us-east-1")

    def use():
        with fake_rds_export("nightly"):
            client.cancel_export_task(ExportTaskIdentifier="nightly")
            if error is not None:
                raise error

    with nullcontext() if error is None else pytest.raises(error):
        use()


def test_wrong_seed(botocore_unchanged):
    """The objects of botocore are unchanged after a seed was refused."""
    text = (
        "identifier must be at most 60 ASCII letters, digits and single hyphens, with a letter first and no hyphen "
        "last, got '9'"
    )
    with raises_exactly(ValueError, text), fake_rds_export("9"):
        pytest.fail("it was entered")  # pragma: no cover


def test_during_the_block():
    """During the block exactly one attribute of botocore is patched."""
    before = held_by_botocore()
    with fake_rds_export():
        during = held_by_botocore()
    assert {where[1:] for where in differences(before, during)} == {("HierarchicalEmitter", "emit")}


def assert_refused(seam, emit):
    """Assert that entering is refused because botocore has no such *seam*, and that *emit* stays in its place."""
    text = _SEAM.format(seam=seam, version=botocore.__version__)
    with raises_exactly(RuntimeError, text), fake_rds_export():
        pytest.fail("it was entered")  # pragma: no cover
    assert vars(HierarchicalEmitter)["emit"] is emit


@pytest.mark.parametrize("emit", [None, lambda self: None, classmethod(lambda cls, event_name, **kwargs: None)])
def test_no_emitter(emit, monkeypatch):
    """A botocore without the expected emitter is refused at once."""
    monkeypatch.setattr(HierarchicalEmitter, "emit", emit)

    assert_refused("HierarchicalEmitter.emit(self, event_name, **kwargs)", emit)


@pytest.mark.parametrize("missing", ["_lookup_cache", "_handlers"])
def test_no_list_of_handlers(missing, monkeypatch):
    """A botocore without the expected list of handlers is refused at once."""

    def emit(self, event_name, **kwargs): ...

    def init(self):
        self._lookup_cache, self._handlers = {}, {}
        delattr(self, missing)

    monkeypatch.setattr(HierarchicalEmitter, "emit", emit)
    monkeypatch.setattr(HierarchicalEmitter, "__init__", init)

    assert_refused("HierarchicalEmitter._handlers.prefix_search", emit)


def test_replaced_emit(monkeypatch):
    """An ``emit`` that another library replaced before is called for the events of other services."""
    seen = []
    botocore_emit = HierarchicalEmitter.emit

    def emit(self, event_name, **kwargs):
        seen.append(event_name)
        return botocore_emit(self, event_name, **kwargs)

    monkeypatch.setattr(HierarchicalEmitter, "emit", emit)
    with fake_rds_export("nightly"):
        HierarchicalEmitter().emit("before-call.s3.ListBuckets")
    assert seen == ["before-call.s3.ListBuckets"]
    assert vars(HierarchicalEmitter)["emit"] is emit


@pytest.mark.parametrize("outer", [True, False])
def test_imported_again(botocore_unchanged, outer):
    """A botocore that is imported again is faked, too."""
    for _ in range(2):
        with fake_rds_export() if outer else nullcontext(), patch.dict(sys.modules):
            for name in [name for name in sys.modules if name.split(".")[0] in ("boto3", "botocore")]:
                del sys.modules[name]
            import boto3 as reimported

            with fake_rds_export("nightly") as tasks:
                reimported.client("rds").describe_export_tasks()
                assert len(tasks.calls) == 1
