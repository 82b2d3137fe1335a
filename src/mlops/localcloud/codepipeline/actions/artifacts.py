"""Artifacts: zip archives in the pipeline's artifact store."""

import io
import secrets
import zipfile
from pathlib import Path

from botocore.client import BaseClient

from mlops.localcloud.codebuild import sources

# CodePipeline cuts the names of pipeline and artifact for the keys of its artifact store.
_PIPELINE_CHARACTERS = 20
_ARTIFACT_CHARACTERS = 10


def new_location(declaration: dict, name: str) -> dict[str, str]:
    """Bucket and key for a new artifact of this name."""
    prefix = f"{declaration['name'][:_PIPELINE_CHARACTERS]}/{name[:_ARTIFACT_CHARACTERS]}"
    return {"bucket": declaration["artifactStore"]["location"], "key": f"{prefix}/{secrets.token_hex(4)[:7]}"}


def encryption(declaration: dict) -> dict[str, str]:
    """Encryption with the artifact store's key; without one the bucket's default encryption applies."""
    key = declaration["artifactStore"].get("encryptionKey")
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key["id"]} if key else {}


def read(s3: BaseClient, location: dict[str, str], path: str) -> str:
    """A text file of an artifact. Raises KeyError when it is not there, BadZipFile, ClientError."""
    body = s3.get_object(Bucket=location["bucket"], Key=location["key"])["Body"].read()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return archive.read(path.removeprefix("./")).decode()


def write(s3: BaseClient, location: dict[str, str], files: dict[str, str], arguments: dict[str, str]) -> None:
    """Put an artifact of text files. Raises ClientError."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    s3.put_object(Bucket=location["bucket"], Key=location["key"], Body=body.getvalue(), **arguments)


def unpack(s3: BaseClient, location: dict[str, str], directory: Path) -> None:
    """Unpack an artifact into a directory. Raises BadZipFile, ClientError."""
    archive = directory.with_name(f"{directory.name}.zip")
    sources.download(s3, location["bucket"], location["key"], archive)
    try:
        sources.unpack(archive, directory)
    finally:
        archive.unlink()
