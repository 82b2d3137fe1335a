"""Sources of a build: archives in S3, unpacked into directories."""

import shutil
import zipfile
from pathlib import Path

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from mlops.localcloud import context
from mlops.localcloud.codebuild.buildspec import BuildspecError
from mlops.localcloud.codebuild.service import PRINCIPAL

DEFAULT_BUILDSPEC = "buildspec.yml"


def fetch(source: dict, version: str | None, role_arn: str, directory: Path) -> Path:
    """Unpack a source into `directory`, under the build's role. NO_SOURCE is an empty directory.

    The location of S3 and CODEPIPELINE sources is bucket/key of a zip. Raises ClientError, and ValueError
    when the object is not a zip.
    """
    directory.mkdir(parents=True)
    if source["type"] == "NO_SOURCE":
        return directory
    bucket, _, key = source["location"].removeprefix("arn:aws:s3:::").partition("/")
    archive = directory.with_name(f"{directory.name}.zip")
    version_argument = {"VersionId": version} if version else {}
    download(context.client("s3", role_arn, PRINCIPAL), bucket, key, archive, **version_argument)
    try:
        unpack(archive, directory)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{source['location']} is not a zip archive") from error
    finally:
        archive.unlink()
    return directory


def download(s3: BaseClient, bucket: str, key: str, file: Path, **version: str) -> None:
    """Write an object to a file. Raises ClientError with the object's name."""
    try:
        # boto3's own transfer begins with a HEAD request, and the refusal of a HEAD has no reason.
        body = s3.get_object(Bucket=bucket, Key=key, **version)["Body"]
    except ClientError as error:
        details = error.response["Error"]
        message = f"{details.get('Message', '')} (arn:aws:s3:::{bucket}/{key})"
        response = {**error.response, "Error": {**details, "Message": message}}
        raise ClientError(response, error.operation_name) from error
    with file.open("wb") as output:
        shutil.copyfileobj(body, output)


def unpack(archive: Path, directory: Path) -> None:
    """Unpack a zip with the permissions of its files, which zipfile leaves out. Raises BadZipFile."""
    with zipfile.ZipFile(archive) as content:
        for entry in content.infolist():
            path = Path(content.extract(entry, directory))
            permissions = entry.external_attr >> 16 & 0o777
            if permissions and path.is_file():
                path.chmod(permissions | 0o600)


def is_inline(declared: str) -> bool:
    """Whether a project's or build's buildspec is the text itself, not the name of a file."""
    return "\n" in declared or declared.lstrip().startswith("{")


def read_buildspec(declared: str, source: Path) -> str:
    """The buildspec's text: `declared` itself when it is one, else the file of that name in the source.

    Raises BuildspecError when there is no such file.
    """
    if is_inline(declared):
        return declared
    if declared.startswith("arn:"):
        raise BuildspecError(f"{declared}: the local cloud reads a buildspec from the source, not from S3")
    path = source / (declared or DEFAULT_BUILDSPEC)
    if not path.resolve().is_relative_to(source.resolve()) or not path.is_file():
        raise BuildspecError(f"stat {declared or DEFAULT_BUILDSPEC}: no such file or directory")
    return path.read_text(encoding="utf-8")
