"""Parse requests as the server side does."""

from pytest_rds_export._protocol import parser


def parse(body):
    """Return the operation and the parameters of a request body."""
    query = parser.parse_query(body)
    operation = parser.parse_operation(query)
    return operation, parser.parse_parameters(query, operation)
