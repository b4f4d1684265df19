"""The guard that keeps the test suite off every network."""

import socket

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import HTTPClientError


def test_an_internet_socket_is_refused_and_noted(refused_network):
    with pytest.raises(AssertionError, match="this was an internet socket"):
        socket.socket(socket.AF_INET)
    assert refused_network == ["an internet socket"]
    refused_network.clear()


def test_a_client_that_nothing_answers_does_not_get_as_far_as_a_look_up(refused_network):
    once = Config(retries={"total_max_attempts": 1})
    client = boto3.client("rds", "eu-west-1", config=once, aws_access_key_id="AKIA", aws_secret_access_key="secret")

    with pytest.raises(HTTPClientError, match=r"this was a look-up of 'rds\.eu-west-1\.amazonaws\.com'"):
        client.cancel_export_task(ExportTaskIdentifier="nightly")
    refused_network.clear()


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no sockets of the local machine alone")
def test_a_socket_of_the_local_machine_is_allowed():
    for end in socket.socketpair():
        end.close()


@pytest.mark.loopback
def test_a_marked_test_may_open_a_socket(refused_network):
    with socket.create_server(("127.0.0.1", 0)):
        assert refused_network == []
