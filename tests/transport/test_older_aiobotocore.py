"""What an older aiobotocore, such as 2.15, reads of a response."""

import boto3


def test_raw_headers(rds_export_tasks):
    """The body of a response has the headers as aiohttp has them: pairs of bytes."""
    seen = []
    client = boto3.client("rds", "us-east-1")
    client.meta.events.register("after-call.rds", lambda http_response, **_: seen.append(http_response))

    client.describe_export_tasks()

    (response,) = seen
    assert [(name.decode(), value.decode()) for name, value in response.raw.raw_headers] == [*response.headers.items()]
    assert (b"Content-Type", b"text/xml") in response.raw.raw_headers
