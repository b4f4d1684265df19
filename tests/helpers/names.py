"""Names that tests expect in the catalogue of failures."""

TRANSPORT = [
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "EndpointConnectionError",
    "ConnectionClosedError",
    "SSLError",
    "TruncatedResponse",
    "ProxyErrorPage",
]
