"""The guard that refuses network access in the tests."""

import socket

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import HTTPClientError


def test_internet_socket_is_refused(refused_network):
    with pytest.raises(AssertionError, match="this was an internet socket"):
        socket.socket(socket.AF_INET)
    assert refused_network == ["an internet socket"]
    refused_network.clear()


def test_dns_lookup_is_refused(refused_network):
    once = Config(retries={"total_max_attempts": 1})
    client = boto3.client("rds", "eu-west-1", config=once, aws_access_key_id="AKIA", aws_secret_access_key="secret")

    with pytest.raises(HTTPClientError, match=r"this was a DNS lookup of 'rds\.eu-west-1\.amazonaws\.com'"):
        client.cancel_export_task(ExportTaskIdentifier="nightly")
    refused_network.clear()


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no Unix sockets")
def test_unix_socket_is_allowed():
    for end in socket.socketpair():
        end.close()


@pytest.mark.loopback
def test_loopback_mark_allows_sockets(refused_network):
    with socket.create_server(("127.0.0.1", 0)):
        assert refused_network == []
