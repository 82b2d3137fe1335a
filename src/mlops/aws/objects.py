"""The two objects whose versions start and identify a release: source/source.zip and data/data.zip."""

from __future__ import annotations

import tempfile
from pathlib import Path

from mlops.aws import checksums, source
from mlops.aws.session import AWSError, Session
from mlops.errors import InputError
from mlops.names import DATA_FILES, DATA_KEY, SOURCE_KEY

_MISSING = {"404", "NoSuchKey", "NoSuchBucket"}


def upload_source(session: Session, bucket: str, root: Path) -> str:
    """Put the source tree at `root` into the bucket. Returns its S3 object version."""
    return _upload(session, bucket, SOURCE_KEY, root, source.files(root), compressed=False)


def is_source(session: Session, bucket: str, version: str, root: Path) -> bool:
    """Whether this version of source.zip is the source tree at `root`, byte for byte."""
    with tempfile.TemporaryDirectory(prefix="mlops-") as directory:
        archive = source.pack(root, source.files(root), Path(directory) / "source.zip")
        return checksums.stored(session.client("s3"), bucket, SOURCE_KEY, version).sha256 == checksums.sha256(archive)


def upload_data(session: Session, bucket: str, folder: Path) -> str:
    """Put a prepared data set into the bucket. Returns its S3 object version."""
    missing = [name for name in DATA_FILES if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder} is not a prepared data set: it has no {', '.join(missing)}. Prepare one with: mlops data prepare"
        )
    return _upload(session, bucket, DATA_KEY, folder, [Path(name) for name in DATA_FILES], compressed=True)


def data_version(session: Session, bucket: str, version: str) -> str | None:
    """The S3 object version of a data set in the bucket; `latest` is the newest, None while there is none.

    InputError when the version does not exist.
    """
    client = session.client("s3")
    try:
        return checksums.stored(client, bucket, DATA_KEY, None if version == "latest" else version).version
    except AWSError as error:
        if version == "latest" and error.code in _MISSING:
            return None
        if error.code in {"400", "404", "405", "NoSuchKey", "NoSuchVersion", "InvalidArgument"}:
            raise InputError(
                f"s3://{bucket}/{DATA_KEY} has no version {version}. Allowed: latest, or the version of an earlier "
                "release's data (mlops status shows it as Data)."
            ) from error
        raise


def _upload(session: Session, bucket: str, key: str, root: Path, names: list[Path], *, compressed: bool) -> str:
    """Upload the archive unless the current version has the same content. Returns the object's version."""
    client = session.client("s3")
    with tempfile.TemporaryDirectory(prefix="mlops-") as directory:
        archive = source.pack(root, names, Path(directory) / Path(key).name, compressed=compressed)
        try:
            current = checksums.stored(client, bucket, key)
            if current.sha256 == checksums.sha256(archive):
                return current.version
        except AWSError as error:
            # HEAD has no body, so S3 can't say whether the object or the bucket is missing.
            if error.code not in _MISSING:
                raise
        try:
            return checksums.put(client, bucket, key, archive)
        except AWSError as error:
            if error.code == "NoSuchBucket":
                raise InputError(f"There is no bucket {bucket} yet. Run: mlops deploy") from error
            raise
