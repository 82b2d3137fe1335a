"""Objects in S3 by the SHA-256 of their content, which S3 computes itself and does not take from the uploader."""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops.aws.session import AWSError
from mlops.errors import PipelineError

Content = bytes | Path


@dataclass(frozen=True)
class Stored:
    """One version of an object. `sha256` is base64, and empty for an object that was uploaded without one."""

    version: str
    sha256: str


def sha256(content: Content) -> str:
    """The SHA-256 of the content in base64, as S3 writes it."""
    with _opened(content) as stream:
        return base64.b64encode(hashlib.file_digest(stream, "sha256").digest()).decode()


def stored(client: Any, bucket: str, key: str, version: str | None = None) -> Stored:
    """Version and checksum of an object, or of one version of it. Raises AWSError when there is none."""
    selected = {"VersionId": version} if version else {}
    response = client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED", **selected)
    return Stored(response["VersionId"], response.get("ChecksumSHA256", ""))


def put(client: Any, bucket: str, key: str, content: Content) -> str:
    """Write the object with its SHA-256. Returns its version."""
    return _put(client, bucket, key, content)


def put_once(client: Any, bucket: str, key: str, content: Content) -> str:
    """Write the object if there is none. Returns its version. PipelineError when it has another content.

    The roles of the builds may only write objects of these keys once, so that a later execution cannot replace what an
    earlier one was tested with.
    """
    try:
        return _put(client, bucket, key, content, IfNoneMatch="*")
    except AWSError as error:
        if error.code != "PreconditionFailed":
            raise
    return require(client, bucket, key, content)


def require(client: Any, bucket: str, key: str, content: Content) -> str:
    """The version of an object with this content. PipelineError when the object has another one."""
    current = stored(client, bucket, key)
    if current.sha256 != sha256(content):
        raise PipelineError(
            f"s3://{bucket}/{key} is not what this execution would write there: its SHA-256 is "
            f"{current.sha256 or 'unknown'}, not {sha256(content)}. Find out who wrote it, delete it, and start a new "
            "execution."
        )
    return current.version


def _put(client: Any, bucket: str, key: str, content: Content, **conditions: str) -> str:
    digest = sha256(content)
    with _opened(content) as body:
        response = client.put_object(Bucket=bucket, Key=key, Body=body, ChecksumSHA256=digest, **conditions)
    return response["VersionId"]


def _opened(content: Content) -> io.BytesIO | io.BufferedReader:
    return io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
