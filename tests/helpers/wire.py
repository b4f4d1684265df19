"""Parse requests and serialize responses as the server side does."""

from pytest_rds_export._failures import Fault
from pytest_rds_export._model import service_model
from pytest_rds_export._protocol import parser
from pytest_rds_export._protocol.serializer import serialize_failure, serialize_result

__all__ = ["Fault", "parse", "serialize_failure", "serialize_result", "service_model"]


def parse(body):
    """Return the operation and the parameters of a request body."""
    query = parser.parse_query(body)
    operation = parser.parse_operation(query)
    return operation, parser.parse_parameters(query, operation)
