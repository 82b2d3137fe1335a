"""Transfer of a job's data from and to S3, under the job's role."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from mlops.localcloud import context
from mlops.localcloud.errors import AWSError
from mlops.localcloud.sagemaker.common import roles


@dataclass(frozen=True)
class Location:
    """A bucket and a key or key prefix."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> Location:
        """The location of an s3:// URI. Raises AWSError for any other."""
        match = re.fullmatch(r"s3://([^/]+)(?:/(.*))?", uri)
        if not match:
            raise AWSError("ValidationException", f"S3 URI {uri} must have the form s3://bucket/prefix.")
        return cls(match[1], match[2] or "")

    def __truediv__(self, name: str) -> Location:
        return Location(self.bucket, f"{self.key.rstrip('/')}/{name}".lstrip("/"))

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def keys(s3: BaseClient, prefix: Location) -> list[str]:
    """Keys of the objects below a prefix, in S3's order; folder markers are left out. Raises ClientError."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=prefix.bucket, Prefix=prefix.key)
    names = (item["Key"] for page in pages for item in page.get("Contents", []))
    return [key for key in names if not key.endswith("/")]


def of_manifest(s3: BaseClient, manifest: Location) -> tuple[Location, list[str]]:
    """The prefix that a manifest names, and the keys of its objects, in the manifest's order.

    Source: Amazon SageMaker API Reference, S3DataSource. Raises ClientError, and ValueError for another content.
    """
    content = json.loads(s3.get_object(Bucket=manifest.bucket, Key=manifest.key)["Body"].read())
    match content:
        case [{"prefix": str(uri)}, *names] if names and all(isinstance(name, str) for name in names):
            prefix = Location.parse(uri)
            return prefix, [f"{prefix.key}{name}" for name in names]
    raise ValueError('it is not of the form [{"prefix": "s3://bucket/prefix/"}, "name", …]')


def shard(all_keys: Sequence[str], distribution: str, index: int, count: int) -> Sequence[str]:
    """The keys that instance `index` of `count` gets: all of them, or its part under ShardedByS3Key."""
    return all_keys[index::count] if distribution == "ShardedByS3Key" else all_keys


def download(s3: BaseClient, prefix: Location, selected: Sequence[str], directory: Path) -> None:
    """Write objects below `directory`, by their names relative to the prefix. Raises ClientError."""
    directory.mkdir(parents=True, exist_ok=True)
    for key in selected:
        file = directory / relative_name(prefix.key, key)
        file.parent.mkdir(parents=True, exist_ok=True)
        body = s3.get_object(Bucket=prefix.bucket, Key=key)["Body"]
        with file.open("wb") as output:
            shutil.copyfileobj(body, output)


def relative_name(prefix: str, key: str) -> str:
    """The path of an object of an input below its directory.

    A prefix that is a folder gives the rest of the key, one that is a whole key its last part, and one that ends
    within a name the name in full.
    """
    rest = key[len(prefix) :]
    if prefix.endswith("/") or not prefix or rest.startswith("/"):
        return rest.lstrip("/")
    return key[prefix.rfind("/") + 1 :]


def upload(s3: BaseClient, file: Path, target: Location, kms_key: str | None = None) -> None:
    """Put a file into S3, encrypted with a KMS key when one is given. Raises ClientError."""
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
    with file.open("rb") as body:
        s3.put_object(Bucket=target.bucket, Key=target.key, Body=body, **encryption)


def files(directory: Path) -> list[Path]:
    """All files below a directory, in order; none when it does not exist."""
    return sorted(path for path in directory.rglob("*") if path.is_file())


def require_objects(role_arn: str, uris: Sequence[str]) -> None:
    """Raise AWSError in SageMaker's words unless the role finds an object under each of the URIs."""
    for uri in uris:
        prefix = Location.parse(uri)
        reason = ""
        try:
            s3 = context.client("s3", role_arn, roles.PRINCIPAL)
            if s3.list_objects_v2(Bucket=prefix.bucket, Prefix=prefix.key, MaxKeys=1)["KeyCount"]:
                continue
        except ClientError as error:
            reason = f" Error message from S3: {error.response['Error']['Message']}"
        raise AWSError(
            "ValidationException",
            f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket '
            f"exists in the selected region ({context.region()}), that objects exist under that S3 prefix, and that "
            f'the role "{role_arn}" has "s3:ListBucket" permissions on bucket "{prefix.bucket}".{reason}',
        )


def require_listing(role_arn: str, uri: str) -> None:
    """Raise AWSError when the role may not list a location of an output, with the prefix as the request has it."""
    prefix = Location.parse(uri)
    try:
        s3 = context.client("s3", role_arn, roles.PRINCIPAL)
        s3.list_objects_v2(Bucket=prefix.bucket, Prefix=prefix.key, MaxKeys=1)
    except ClientError as error:
        # Other faults, such as a bucket that does not exist, fail the job's upload.
        if error.response["Error"]["Code"] == "AccessDenied":
            raise AWSError(
                "ValidationException", f'The role "{role_arn}" may not list {uri}: {error_text(error)}'
            ) from error


def error_text(error: ClientError) -> str:
    """S3's answer as SageMaker quotes it, for example "AccessDenied (403): Access Denied"."""
    details = error.response["Error"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return f"{details['Code']} ({status}): {details['Message']}"
