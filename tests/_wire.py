"""Requests as the server side reads them."""

from pytest_rds_export._protocol import parser


def parse(body):
    """The operation and the parameters of a request body."""
    query = parser.parse_query(body)
    operation = parser.parse_operation(query)
    return operation, parser.parse_parameters(query, operation)
