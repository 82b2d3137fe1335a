"""Uploads the files of a data version to the prefix that the jobs read."""

from __future__ import annotations

from pathlib import Path

from mlops import names, prepared
from mlops.aws import checksums
from mlops.aws.session import Session
from mlops.errors import InputError
from mlops.names import DATA_FILES
from mlops.rendering import Release


def upload(session: Session, directory: Path, release: Release) -> str:
    """Put the files of the unpacked data.zip under the data version's prefix, unless they exist. Returns its S3 URI.

    InputError when the archive holds no data set, or not what model/features.py allows, PipelineError when an existing
    file differs from the archive's.
    """
    missing = [name for name in DATA_FILES if not (directory / name).is_file()]
    if missing:
        raise InputError(
            f"The data version {release.data_version} of s3://{release.bucket}/{names.DATA_KEY} has no "
            f"{', '.join(missing)}. Prepare a data set with: mlops data prepare"
        )
    for progress in prepared.check(
        directory,
        f"The data version {release.data_version} of s3://{release.bucket}/{names.DATA_KEY} can't be released:",
        "Correct `prepare` in data/, or model/features.py. Then run: mlops data prepare, and mlops start",
    ):
        print(progress, flush=True)
    client = session.client("s3")
    prefix = names.dataset_prefix(release.data_version)
    listed = client.list_objects_v2(Bucket=release.bucket, Prefix=prefix)
    # Compare the files that an earlier release of the same data uploaded, instead of uploading them again.
    existing = {each["Key"] for each in listed.get("Contents", [])}
    for name in DATA_FILES:
        write = checksums.require if prefix + name in existing else checksums.put_once
        write(client, release.bucket, prefix + name, directory / name)
    return release.s3(prefix)
