"""The two objects whose versions start and identify a release: source/source.zip and data/data.zip."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from mlops.aws import source
from mlops.aws.session import AWSError, Session
from mlops.errors import InputError
from mlops.names import DATA_KEY, SOURCE_KEY

_DATA_FILES = (
    "dataset.json",
    "train/train.csv",
    "validation/validation.csv",
    "test/test.csv",
    "baseline/baseline.csv",
)


def upload_source(session: Session, bucket: str, root: Path) -> str:
    """Put the source tree at `root` into the bucket. Returns its S3 object version."""
    return _upload(session, bucket, SOURCE_KEY, root, source.files(root))


def upload_data(session: Session, bucket: str, folder: Path) -> str:
    """Put a prepared data set into the bucket. Returns its S3 object version."""
    missing = [name for name in _DATA_FILES if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder} is no prepared data set: {', '.join(missing)} missing. Make one with: mlops data prepare"
        )
    return _upload(session, bucket, DATA_KEY, folder, [Path(name) for name in _DATA_FILES])


def data_version(session: Session, bucket: str, wanted: str) -> str | None:
    """The S3 object version of a data set in the bucket; `latest` is the newest, None while there is none.

    InputError when there is no such version.
    """
    client = session.client("s3")
    if wanted == "latest":
        return _head(client, bucket, DATA_KEY).get("VersionId")
    try:
        return client.head_object(Bucket=bucket, Key=DATA_KEY, VersionId=wanted)["VersionId"]
    except AWSError as error:
        if error.code in {"400", "404", "405", "NoSuchKey", "NoSuchVersion", "InvalidArgument"}:
            raise InputError(
                f"s3://{bucket}/{DATA_KEY} has no version {wanted}. Allowed: latest, or a version that a release "
                "has had (mlops status shows it as Data)."
            ) from error
        raise


def _upload(session: Session, bucket: str, key: str, root: Path, names: list[Path]) -> str:
    """Upload only what differs from the current object: a version stands for a content, not for a moment."""
    client = session.client("s3")
    with tempfile.TemporaryDirectory(prefix="mlops-") as directory:
        archive = source.pack(root, names, Path(directory) / Path(key).name)
        with archive.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        current = _head(client, bucket, key)
        if current.get("Metadata", {}).get("sha256") == digest:
            return current["VersionId"]
        return _put(client, bucket, key, archive, digest)


def _head(client, bucket: str, key: str) -> dict:
    try:
        return client.head_object(Bucket=bucket, Key=key)
    except AWSError as error:
        # HEAD has no body, so S3 can't say whether the object or the bucket is missing.
        if error.code in {"404", "NoSuchKey", "NoSuchBucket"}:
            return {}
        raise


def _put(client, bucket: str, key: str, archive: Path, digest: str) -> str:
    try:
        with archive.open("rb") as content:
            answer = client.put_object(Bucket=bucket, Key=key, Body=content, Metadata={"sha256": digest})
    except AWSError as error:
        if error.code == "NoSuchBucket":
            raise InputError(f"There is no bucket {bucket} yet. Run: mlops deploy") from error
        raise
    return answer["VersionId"]
