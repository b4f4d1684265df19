"""Where the files of an export go: S3 through a boto3 client, or a folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from .state import UNKNOWN_CAUSE

__tracebackhide__ = True

_NO_BUCKET = (
    "The S3 bucket {S3Bucket} isn't valid. Either it isn't located in the current AWS Region or it doesn't exist. "
    "Review your S3 bucket name and retry the export."
)
OTHER_REGION = (
    "The S3 bucket {S3Bucket} isn't located in the current AWS Region. "
    "Please, review your S3 bucket name and retry the export."
)
TRAILING_SLASH = "The S3 prefix must not end with a slash. Review your S3 prefix and retry the export."
_NOT_AUTHORIZED = (
    "The IAM role {IamRoleArn} isn't authorized to call s3:PutObject on the S3 bucket {S3Bucket}. "
    "Review your permissions and retry the export."
)
_NO_KEY = "KMS key check failed. Check the credentials on your KMS key and try again."
_NO_CREDENTIALS = "S3 credential check failed. Check the permissions on your S3 bucket and IAM policy."
# By error code of S3 or name of the exception. The causes are documented; which error has which is inferred.
_CAUSES = {
    "NoSuchBucket": _NO_BUCKET,
    "PermanentRedirect": OTHER_REGION,
    "AuthorizationHeaderMalformed": OTHER_REGION,
    "IllegalLocationConstraintException": OTHER_REGION,
    "AccessDenied": _NOT_AUTHORIZED,
    "PermissionError": _NOT_AUTHORIZED,
    "InvalidAccessKeyId": _NO_CREDENTIALS,
    "SignatureDoesNotMatch": _NO_CREDENTIALS,
    "ExpiredToken": _NO_CREDENTIALS,
    "InvalidToken": _NO_CREDENTIALS,
    "NoCredentialsError": _NO_CREDENTIALS,
    "PartialCredentialsError": _NO_CREDENTIALS,
}


class S3Target:
    def __init__(self, client: Any) -> None:
        self._client = client

    def __repr__(self) -> str:
        return f"<S3Target {self._client.meta.endpoint_url}>"

    def find_region(self, bucket: str) -> str | None:
        """Return the region of a bucket by HeadBucket; None if it does not exist, an empty string if S3 does not say.

        Any error but 404 is raised.
        """
        try:
            response = self._client.head_bucket(Bucket=bucket)
        except self._client.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise
        region: str = response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("x-amz-bucket-region", "")
        return region

    def put(self, bucket: str, key: str, body: bytes, kms_key_id: str) -> None:
        self._client.put_object(
            Bucket=bucket, Key=key, Body=body, ServerSideEncryption="aws:kms", SSEKMSKeyId=kms_key_id
        )


class FolderTarget:
    """A folder, below which each bucket is a folder that is created when it is needed: every bucket exists."""

    def __init__(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"to must be a folder, got the file {str(folder)!r}")
        self._folder = folder.absolute()

    def __repr__(self) -> str:
        return f"<FolderTarget {str(self._folder)!r}>"

    def find_region(self, bucket: str) -> str:  # noqa: ARG002
        """Return no region. Every bucket exists: to test a missing one, use an S3 client such as moto's."""
        return ""

    def put(self, bucket: str, key: str, body: bytes, kms_key_id: str) -> None:  # noqa: ARG002
        """Store an object as a file, which appears whole; a folder encrypts nothing."""
        parts = (bucket, *filter(None, key.split("/")))  # S3 keeps empty parts of a key, a folder cannot
        if any(part in ("", ".", "..") or os.path.basename(part) != part for part in parts):  # noqa: PTH119
            raise ValueError(f"key must name a file below the folder of its bucket, got {f'{bucket}/{key}'!r}")
        path = self._folder.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{uuid4().hex}.tmp")
        try:
            temporary.write_bytes(body)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


Target = S3Target | FolderTarget


def open_target(to: object) -> Target:
    """Return the target that a boto3 S3 client or a path stands for.

    Raises ``TypeError`` for anything else, and ``ValueError`` for the path of a file.
    """
    if isinstance(to, Path):
        return FolderTarget(to)
    got = f"got {to!r}"
    service = getattr(getattr(getattr(to, "meta", None), "service_model", None), "service_name", None)
    if isinstance(to, str):
        got = f"got a string; pass pathlib.Path({to!r})"
    elif any(base.__module__.startswith("aiobotocore.") for base in type(to).__mro__):
        got = "got a client of aiobotocore; pass boto3.client('s3')"
    elif service is None and hasattr(getattr(to, "meta", None), "client"):
        got = "got a boto3 resource; pass the client of an S3 resource, resource.meta.client"
    elif service == "s3":
        return S3Target(to)
    elif isinstance(service, str):
        got = f"got a client of {service!r}; pass boto3.client('s3')"
    raise TypeError(f"to must be a boto3 S3 client or a pathlib.Path, {got}")


def failure_cause(error: BaseException, fields: Mapping[str, Any]) -> str:
    """The FailureCause of a task with these fields whose files could not be stored because of *error*."""
    response = getattr(error, "response", None)
    details = response.get("Error") if isinstance(response, Mapping) else None
    code = str(details.get("Code")) if isinstance(details, Mapping) else type(error).__name__
    cause = _NO_KEY if code.startswith("KMS.") else _CAUSES.get(code, UNKNOWN_CAUSE)
    return cause.format_map(fields)
