"""Objects in the bucket."""

from __future__ import annotations

import json
from typing import Any

from mlops.aws.session import AWSError, Session


def read(session: Session, bucket: str, key: str) -> bytes | None:
    """The object's content; None when there is no such object."""
    try:
        return session.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except AWSError as error:
        if error.code != "NoSuchKey":
            raise
        return None


def read_json(session: Session, bucket: str, key: str) -> dict[str, Any] | None:
    """The object's JSON document; None when there is no such object."""
    content = read(session, bucket, key)
    return None if content is None else json.loads(content)


def size(session: Session, bucket: str, key: str) -> int | None:
    """The object's bytes; None when there is no such object. Needs no permission to read it."""
    found = session.client("s3").list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [])
    return next((each["Size"] for each in found if each["Key"] == key), None)
