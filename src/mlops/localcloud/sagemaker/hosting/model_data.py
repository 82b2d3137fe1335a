"""Download of model data from S3 into a model container's directory."""

import tarfile
from pathlib import Path

from botocore.exceptions import ClientError

from mlops import archives
from mlops.localcloud import context
from mlops.localcloud.sagemaker.common import roles
from mlops.localcloud.sagemaker.common.s3 import Location


class ModelDataUnusable(Exception):
    """Model data that cannot be fetched or unpacked. The text is SageMaker's FailureReason."""


def unpack(model: dict, root: Path) -> None:
    """Put the model's data, if it has any, below `root`/model. Raises ModelDataUnusable."""
    directory = root / "model"
    directory.mkdir(parents=True)
    uri = model["Container"].get("ModelDataUrl")
    if uri is None:
        return
    location, archive = Location.parse(uri), root / "model.tar.gz"
    try:
        s3 = context.client("s3", model["ExecutionRoleArn"], roles.PRINCIPAL)
        s3.download_file(location.bucket, location.key, str(archive))
    except (ClientError, context.RoleNotAssumable) as error:
        raise ModelDataUnusable(
            f'Failed to download model data from URL "{uri}". Please ensure that there is an object located at the '
            "URL and that the role passed to CreateModel has permissions to download the object."
        ) from error
    try:
        archives.extract(archive, directory)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ModelDataUnusable(
            f'Failed to extract model data archive from URL "{uri}". Please ensure that the object located at the '
            "URL is a valid tar.gz archive."
        ) from error
    archive.unlink()
