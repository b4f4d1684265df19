"""Find what the plugin could leave behind. As the conftest of an inner run, print it after each test."""

import asyncio
import ctypes
import datetime as dt
import os
import sys
import threading
import time

import boto3
import pytest
from botocore.endpoint import Endpoint
from botocore.signers import RequestSigner

_REAL = (time.time, time.sleep, time.monotonic, asyncio.sleep, dt.datetime, dt.date)
_IDS = {id(real) for real in _REAL}
_getenv = ctypes.CDLL(None).getenv
_getenv.restype = ctypes.c_char_p


def endpoint_of_children():
    """Return what a child process inherits as the endpoint of RDS, also if os.environ does not have it."""
    return _getenv(b"AWS_ENDPOINT_URL_RDS")


def patched_methods():
    """Return the methods of botocore that are replaced during a fake."""
    return Endpoint.make_request, Endpoint.create_request, RequestSigner.get_auth_instance


def held_by_botocore():
    """Return each object in a module or class of boto3, botocore or aiobotocore, by its place."""
    # Make them load what they load at the first use.
    boto3.client("rds", "us-east-1", aws_access_key_id="key", aws_secret_access_key="secret")
    held = {}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] not in {"boto3", "botocore", "aiobotocore"}:
            continue
        for attribute, value in list(vars(module).items()):
            held[name, attribute] = value
            if isinstance(value, type):
                held.update(((name, attribute, member), inner) for member, inner in vars(value).items())
    return held


def state():
    """Return objects that must be the same after a test, by their place."""
    clocks = {
        (name, attribute): value
        for name, module in list(sys.modules.items())
        for attribute, value in list(getattr(module, "__dict__", {}).items())
        if id(value) in _IDS
    }
    modules = {("sys.modules", name): module for name, module in sys.modules.items()}
    return {**held_by_botocore(), **clocks, **modules}


def environment_and_threads():
    """Return values that must be equal after a test: the environment and the threads."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    return environ, set(threading.enumerate())


def differences(before, after):
    """Return the places where another object is now."""
    return [where for where, value in before.items() if after.get(where) is not value]


class _Watch:
    def __init__(self):
        self.state, self.environment_and_threads = state(), environment_and_threads()

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logfinish(self, nodeid):
        self.report(nodeid.rpartition("::")[2])

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self):
        self.report("the run")

    def report(self, name):
        left = (
            []
            if environment_and_threads() == self.environment_and_threads
            else [environment_and_threads(), self.environment_and_threads]
        )
        sys.stdout.write(f"\nleft behind by {name}: {[*differences(self.state, state()), *left]}\n")


def pytest_sessionstart(session):
    """Watch this run."""
    session.config.pluginmanager.register(_Watch())
