"""The features and the target of a released model, which model/features.py may not have any more."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path

from mlops.container.kinds import Feature, Target
from mlops.container.schema import SCHEMA_FILE, load_schema
from mlops.errors import InputError, PipelineError
from mlops.release.repository import Repository


def read(repository: Repository, model_data_url: str) -> tuple[tuple[Feature, ...], Target]:
    """Read them from the archive of the model. PipelineError where it does not have them."""
    bucket, _, key = model_data_url.removeprefix("s3://").partition("/")
    body = repository.session.client("s3").get_object(Bucket=bucket, Key=key)["Body"]
    with tempfile.TemporaryDirectory(prefix="schema-") as folder:
        with tarfile.open(fileobj=body, mode="r|gz") as archive:
            for member in archive:
                content = archive.extractfile(member) if Path(member.name).name == SCHEMA_FILE else None
                if content is not None:
                    Path(folder, SCHEMA_FILE).write_bytes(content.read())
                    break
        try:
            features, target = load_schema(Path(folder))
        except InputError as error:
            raise PipelineError(f"{model_data_url} has no usable {SCHEMA_FILE}") from error
    return features, target
