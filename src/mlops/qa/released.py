"""Loads the released model in this process: the endpoint's predictions must be equal to its own."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mlops import archives, names, team
from mlops.aws.session import Session
from mlops.container.programs import prediction
from mlops.container.rows import parse_csv
from mlops.contract import Category, Predictor
from mlops.errors import InputError, PipelineError
from mlops.qa.predictions import Classified, Prediction


def load(session: Session, bucket: str, execution_id: str) -> Predictor:
    """The model that an execution releases. Raises PipelineError when its archive has no usable model."""
    key = names.released_model_key(execution_id)
    with tempfile.TemporaryDirectory(prefix="qa-") as directory:
        archive = Path(directory, "model.tar.gz")
        session.client("s3").download_file(bucket, key, str(archive))
        return unpack(archive, Path(directory, "model"), f"s3://{bucket}/{key}")


def unpack(archive: Path, directory: Path, uri: str) -> Predictor:
    """The model of an archive that is unpacked to `directory`; `uri` names it in errors."""
    try:
        archives.extract(archive, directory)
        return team.predictor(directory)
    except (tarfile.TarError, InputError) as error:
        raise PipelineError(f"{uri}: {error}") from error


def predict(model: Predictor, rows: Sequence[str], tolerance: float) -> list[Prediction]:
    """The model's predictions for rows of CSV. Labels with a probability within `tolerance` of the highest are ties."""
    predicted = prediction.predict(model, parse_csv("\n".join(rows), model.features)).tolist()
    if isinstance(model.target, Category):
        return [_classified(model.target.values, each, tolerance) for each in predicted]
    return list(predicted)


def _classified(labels: Sequence[str], probabilities: Sequence[float], tolerance: float) -> Classified:
    highest = max(probabilities)
    label = labels[probabilities.index(highest)]
    close = (each for each, probability in zip(labels, probabilities, strict=True) if highest - probability < tolerance)
    classified: Classified = {"label": label, "probability": highest}
    if ties := [each for each in close if each != label]:
        classified["ties"] = ties
    return classified
