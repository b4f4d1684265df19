"""moto, if it is on in this process: asked for the sources and events that it has."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from botocore.awsrequest import AWSRequest
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from .. import _model
from .._rds.sources import RESOURCE_TYPES

__tracebackhide__ = True


def find_stubber() -> Any:
    """Return moto's handler of requests, if a ``mock_aws`` is active; otherwise None."""
    models = sys.modules.get("moto.core.models")
    return models.botocore_stubber if models is not None and models.botocore_stubber.enabled else None


def ask(
    operation: str, parameters: Mapping[str, Any], region: str, authorization: str | bytes | None
) -> Mapping[str, Any] | None:
    """Return moto's response to an ordinary request; an empty one if moto refuses it, None if moto is not on for RDS.

    *authorization* is the header of the request that is being handled: moto finds the account and the region there.
    """
    stubber: Any = find_stubber()
    if stubber is None:
        return None
    model: Any = _model.operation_model(operation)
    body = create_serializer("query").serialize_to_request(dict(parameters), model)["body"]
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if authorization is not None:
        # botocore has it as bytes once a request is prepared.
        headers["Authorization"] = (
            authorization.decode("latin-1") if isinstance(authorization, bytes) else authorization
        )
    request = AWSRequest("POST", f"https://rds.{region}.amazonaws.com/", headers, urlencode(body)).prepare()
    # Of mock_aws(config={"core": {"service_whitelist": [...]}}). In an older moto there is no such error.
    not_on_for_rds = getattr(sys.modules.get("moto.core.exceptions"), "ServiceNotWhitelisted", ())
    try:
        response = stubber(f"before-send.rds.{operation}", request)
    except not_on_for_rds:
        return None
    except NotImplementedError:  # by an older moto, which lacks the operation
        return {}
    if response is None:
        return None
    if response.status_code >= 300:
        return {}
    raw = {"status_code": response.status_code, "headers": response.headers, "body": response.content}
    parsed: Mapping[str, Any] = create_parser("query").parse(raw, model.output_shape)
    return parsed


def find_sources(region: str, authorization: str | bytes | None) -> list[str]:
    """Return the ARNs of what moto has of each kind that can be exported."""
    found = []
    for type_ in RESOURCE_TYPES.values():
        if type_.is_exportable:
            records = (ask(f"Describe{type_.shape}s", {}, region, authorization) or {}).get(f"{type_.shape}s", ())
            found += [record[type_.arn] for record in records]
    return found
