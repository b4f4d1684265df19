"""Names of options and failures that several tests expect."""

OPTIONS = (
    "region",
    "account_id",
    "describe_unknown",
    "concurrent_limit",
    "concurrent_limit_scope",
    "page_size",
    "timeline",
    "assert_all_injected",
    "assert_all_answered",
)
TRANSPORT = [
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "EndpointConnectionError",
    "ConnectionClosedError",
    "SSLError",
    "TruncatedResponse",
    "ProxyErrorPage",
]
