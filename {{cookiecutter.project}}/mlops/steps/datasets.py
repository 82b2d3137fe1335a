"""Unpacks a data version to where the jobs read it."""

from __future__ import annotations

from pathlib import Path

from mlops import names
from mlops.aws.session import Session
from mlops.errors import InputError
from mlops.requests import Release

# Written last: where it lies, all the others lie.
_DESCRIPTION = "dataset.json"
FILES = (
    "train/train.csv",
    "validation/validation.csv",
    "test/test.csv",
    "baseline/baseline.csv",
    _DESCRIPTION,
)


def upload(session: Session, directory: Path, release: Release) -> str:
    """Put the files of the unpacked data.zip under the data version's prefix, once. Returns its S3 URI.

    Raises InputError when the archive holds no data set.
    """
    missing = [name for name in FILES if not (directory / name).is_file()]
    if missing:
        raise InputError(
            f"The data version {release.data_version} of s3://{release.bucket}/{names.DATA_KEY} has no "
            f"{', '.join(missing)}. Prepare a data set with: mlops data prepare"
        )
    client = session.client("s3")
    prefix = names.dataset_prefix(release.data_version)
    description = client.list_objects_v2(Bucket=release.bucket, Prefix=prefix + _DESCRIPTION, MaxKeys=1)
    if not description.get("KeyCount"):
        for name in FILES:
            client.upload_file(str(directory / name), release.bucket, prefix + name)
    return release.s3(prefix)
