"""A directory of a job that S3 follows while the job runs: checkpoints, and outputs that upload continuously."""

from dataclasses import dataclass, field
from pathlib import Path

from botocore.client import BaseClient

from mlops.localcloud.sagemaker.common import s3
from mlops.localcloud.sagemaker.common.s3 import Location


@dataclass
class Mirror:
    """A directory and the S3 prefix that gets what changes in it. What is deleted in it stays in S3, as on AWS."""

    client: BaseClient
    directory: Path
    prefix: Location
    kms_key: str | None = None
    _seen: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def fetch(self) -> None:
        """Bring what S3 already has into the directory."""
        folder = Location(self.prefix.bucket, self.prefix.key.rstrip("/") + "/" if self.prefix.key else "")
        # Listed with the prefix of the request: a policy may allow models/ and not models.
        keys = [key for key in s3.keys(self.client, self.prefix) if key.startswith(folder.key)]
        s3.download(self.client, folder, keys, self.directory)
        self._seen = {file: _version(file) for file in s3.files(self.directory)}

    def push(self) -> None:
        """Upload the files that are new or have changed since the last time. Raises ClientError."""
        for file in s3.files(self.directory):
            try:
                version = _version(file)
                if self._seen.get(file) == version:
                    continue
                name = file.relative_to(self.directory).as_posix()
                s3.upload(self.client, file, self.prefix / name, self.kms_key)
            except FileNotFoundError:
                continue  # programs write checkpoints under another name first
            self._seen[file] = version


def _version(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_mtime_ns, status.st_size
