"""The network guard of these tests refuses access, and says what was refused."""

import socket

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import HTTPClientError


def test_internet_socket(refused_network):
    """An internet socket is refused, and recorded."""
    with pytest.raises(AssertionError, match="this was an internet socket"):
        socket.socket(socket.AF_INET)
    assert refused_network == ["an internet socket"]
    refused_network.clear()


def test_dns_lookup(refused_network):
    """A DNS lookup by C code, as of an unfaked client, is refused."""
    once = Config(retries={"total_max_attempts": 1})
    client = boto3.client("rds", "eu-west-1", config=once, aws_access_key_id="AKIA", aws_secret_access_key="secret")

    with pytest.raises(HTTPClientError, match=r"this was a DNS lookup of 'rds\.eu-west-1\.amazonaws\.com'"):
        client.cancel_export_task(ExportTaskIdentifier="nightly")
    refused_network.clear()


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no Unix sockets")
def test_unix_socket():
    """A Unix socket is allowed."""
    for end in socket.socketpair():
        end.close()


@pytest.mark.loopback
def test_loopback_mark(refused_network):
    """The mark loopback allows sockets."""
    with socket.create_server(("127.0.0.1", 0)):
        assert refused_network == []
