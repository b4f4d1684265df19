"""The AWS query protocol, server side, driven by botocore's service model."""
