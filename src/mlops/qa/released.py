"""The released model in this process, to compare the endpoint with."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path

from model.predictor import Predictor

from mlops import archives, names
from mlops.aws.session import Session
from mlops.errors import InputError, PipelineError


def load(session: Session, bucket: str, execution_id: str) -> Predictor:
    """The model that an execution releases. PipelineError when its archive holds none."""
    key = names.released_model_key(execution_id)
    with tempfile.TemporaryDirectory(prefix="qa-") as directory:
        archive = Path(directory, "model.tar.gz")
        session.client("s3").download_file(bucket, key, str(archive))
        return unpack(archive, Path(directory, "model"), f"s3://{bucket}/{key}")


def unpack(archive: Path, directory: Path, place: str) -> Predictor:
    """The model of an archive that is unpacked to `directory`; `place` names it in errors."""
    try:
        archives.extract(archive, directory)
        return Predictor(directory)
    except (tarfile.TarError, InputError) as error:
        raise PipelineError(f"{place}: {error}") from error
