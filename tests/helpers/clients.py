"""Clients of boto3: one that tests share, and new ones with settings of their own."""

import functools
import io

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config

# One session for all clients, because each session loads the service model again.
_session = boto3.session.Session("key", "secret")


@functools.cache
def shared_client(region="us-east-1"):
    """Return the RDS client of a region that all tests share; nothing can be registered with it."""
    client = _session.client("rds", region_name=region, config=Config(ignore_configured_endpoint_urls=True))
    for name in ("register", "register_first", "register_last"):
        setattr(client.meta.events, name, _refuse)
    return client


def _refuse(*_args, **_kwargs):
    raise AssertionError("all tests share this client. Make one with client_with()")


def client_with(service="rds", region="us-east-1", *, parameter_validation=True, **retries):
    """Return a new client with these retry settings of botocore."""
    config = Config(retries=retries, parameter_validation=parameter_validation)
    return _session.client(service, region_name=region, config=config)


def guarded(credentials_class):
    """Return a class of credentials that fails the test if it is read while ``locked`` is true."""

    class Guarded(credentials_class):
        locked = False

        def __getattribute__(self, name):
            if Guarded.locked:
                pytest.fail(f"the client's own credentials were read: {name}")
            return super().__getattribute__(name)

    return Guarded


class _Body(io.BytesIO):
    def stream(self):
        yield self.read()


def http_response(request, status, body):
    """Return the response to *request* that a ``before-send`` handler returns."""
    return AWSResponse(request.url, status, {}, _Body(body))
