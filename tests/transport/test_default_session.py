"""boto3's default session during the use of the fake, and afterwards."""

import copy
import functools
import os
import sys
from pathlib import Path

import boto3
import botocore
import botocore.credentials
import botocore.handlers
import botocore.session
import pytest
from botocore.loaders import Loader

from helpers.calls import cancel
from pytest_rds_export import fake_rds_export


@pytest.fixture(autouse=True)
def _none_yet(monkeypatch):
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


def of_botocore():
    """Return botocore's session in the default session of boto3."""
    return boto3.DEFAULT_SESSION._session  # noqa: SLF001 - as boto3 has it


def test_existing_one_stays():
    """A default session that existed before stays, also during the use."""
    boto3.setup_default_session(region_name="eu-west-1")
    mine = boto3.DEFAULT_SESSION
    with fake_rds_export():
        assert boto3.DEFAULT_SESSION is mine


def test_data_files_are_read_once():
    """The next use does not read botocore's data files again."""
    loaders = []
    for _ in range(2):
        with fake_rds_export():
            boto3.client("rds")
            loaders.append(of_botocore().get_component("data_loader"))
    assert loaders[0] is loaders[1]
    assert len(loaders[0].search_paths) == len(set(loaders[0].search_paths))


def test_data_path(tmp_path, monkeypatch):
    """The default session also knows the services on the user's data path."""
    folder = tmp_path / "shop" / "2026-01-01"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text("{}", "utf-8")
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))

    with fake_rds_export():
        assert "shop" in boto3.DEFAULT_SESSION.get_available_services()


def test_settings_are_read_anew(monkeypatch, tmp_path):
    """Each use reads the settings of boto3 again."""
    attempts = []
    for count in (1, 7):
        config = tmp_path / f"config-{count}"
        config.write_text(f"[default]\nretry_mode = standard\nmax_attempts = {count}\n")
        with fake_rds_export(), monkeypatch.context() as environment:
            environment.setenv("AWS_CONFIG_FILE", str(config))
            attempts.append(boto3.client("rds").meta.config.retries["total_max_attempts"])
    assert attempts == [1, 7]


def test_handlers_do_not_carry_over():
    """A handler that was registered in one use is not called in the next."""
    called = []
    with fake_rds_export("nightly"):
        boto3.client("rds")
        boto3.DEFAULT_SESSION.events.register("provide-client-params.rds", lambda **_: called.append(1))
        boto3.client("rds").describe_export_tasks()
    with fake_rds_export("nightly"):
        boto3.client("rds").describe_export_tasks()
    assert called == [1]


def test_without_boto3(monkeypatch):
    """The fake does not import boto3 unless something has."""
    monkeypatch.delitem(sys.modules, "boto3")
    client = botocore.session.get_session().create_client("rds", "us-east-1")
    with fake_rds_export("nightly") as tasks:
        client.describe_export_tasks()
        assert len(tasks.calls) == 1
        assert "boto3" not in sys.modules


def test_behaves_like_a_session():
    """The default session behaves like any other session."""
    with fake_rds_export(region="eu-west-1"):
        session = boto3.DEFAULT_SESSION
        assert session.region_name == "eu-west-1"
        assert repr(session) == "Session(region_name='eu-west-1')"
        assert copy.copy(session).region_name == "eu-west-1"
        with pytest.raises(AttributeError, match="'Session' object has no attribute 'regionname'"):
            session.regionname  # noqa: B018


def test_replaced_class(monkeypatch):
    """Where a test has replaced boto3's class of sessions, boto3 itself makes the default session."""
    monkeypatch.setattr(boto3.session, "Session", functools.partial(boto3.session.Session))
    with fake_rds_export("nightly"):
        assert cancel(boto3.client("rds", region_name="us-east-1"))["Status"] == "CANCELING"


def test_builtin_handlers(monkeypatch):
    """The default session has botocore's handlers, in their order, and those that a library adds later."""
    added = ("before-send", lambda **_: None)

    def registered():
        emitter = boto3.client("s3", "us-east-1").meta.events._emitter  # noqa: SLF001 - botocore has no public way
        events = ("before-parameter-build.s3.PutObject", "before-call.s3.PutObject", "before-send.rds.X")
        handlers = [handler for event in events for handler in emitter._handlers.prefix_search(event)]  # noqa: SLF001
        return [getattr(handler, "__func__", handler) for handler in handlers]

    plain = registered()
    boto3.DEFAULT_SESSION = None
    with fake_rds_export():
        assert registered() == plain
    monkeypatch.setattr("botocore.handlers.BUILTIN_HANDLERS", [*botocore.handlers.BUILTIN_HANDLERS, added])
    with fake_rds_export():
        found = registered()
        found.remove(added[1])
        assert found == plain


def test_replaced_class_of_botocore(monkeypatch):
    """A class of botocore's sessions that a test has put in its place is used."""

    class Own(botocore.session.Session):
        """A session of the test."""

    monkeypatch.setattr(botocore.session, "Session", Own)
    with fake_rds_export():
        assert isinstance(of_botocore(), Own)


def test_initializers():
    """What botocore calls for each new session is called once for a default session."""
    called = []
    botocore.register_initializer(called.append)
    try:
        with fake_rds_export():
            session = of_botocore()
    finally:
        botocore.unregister_initializer(called.append)
    assert called == [session]


def test_credentials(monkeypatch, tmp_path):
    """The default session has the credentials of the environment, or of a profile as botocore finds it."""
    config = tmp_path / "config"
    config.write_text("[profile minio]\naws_access_key_id = minio\naws_secret_access_key = minio-secret\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    with fake_rds_export():
        found = of_botocore().get_component("credential_provider").providers
        builtin = botocore.credentials.create_credential_resolver(of_botocore()).providers
        assert [provider.METHOD for provider in found] == [provider.METHOD for provider in builtin]
        credentials = boto3.DEFAULT_SESSION.get_credentials()
        assert (credentials.access_key, credentials.method) == ("testing", "env")
    with fake_rds_export(), monkeypatch.context() as patch:
        assert boto3.DEFAULT_SESSION.region_name == "us-east-1"
        patch.delenv("AWS_ACCESS_KEY_ID")
        patch.setenv("AWS_PROFILE", "minio")
        assert boto3.DEFAULT_SESSION.get_credentials().access_key == "minio"
    with fake_rds_export():
        of_botocore().set_config_variable("profile", "minio")
        assert boto3.DEFAULT_SESSION.get_credentials().access_key == "minio"


def test_hidden_files(monkeypatch):
    """A list of services that is made while botocore's files are hidden, as by pyfakefs, does not reach a later use."""
    data_path = str(Path(botocore.__file__).parent)
    monkeypatch.setenv("AWS_DATA_PATH", data_path)  # so that this test has a loader of its own
    # Not with the cache of these tests.
    monkeypatch.setattr(Loader, "list_available_services", Loader.list_available_services.__wrapped__)
    for hidden in (True, False):
        with fake_rds_export(), monkeypatch.context() as patch:
            if hidden:
                patch.setattr(os, "listdir", lambda path: [])
                patch.setattr(os.path, "isfile", lambda path: False)
            found = boto3.DEFAULT_SESSION.get_available_services()
            assert ("rds" in found) is not hidden
