"""Score a model on the test set, as a processing job: `python -m mlops.container evaluate`.

Inputs: `model` (model.tar.gz of a training job), `test` (CSV) and, where there is one, `production` (model.tar.gz of the
model in production), which is scored on the same rows with its own features. Output `evaluation`: evaluation.json in
the shape of SageMaker's model metrics, and predictions.csv.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
"""

from __future__ import annotations

import json
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from model.predictor import Predictor

from mlops.container import dataset
from mlops.container.directories import Container
from mlops.container.rows import Rows
from mlops.errors import InputError

_ARCHIVE = "model.tar.gz"
_RESAMPLES = 300  # the standard deviations are then good to some 4 %
_SEED = 2019


def evaluate(container: Container) -> None:
    """Write evaluation.json and predictions.csv. Raises InputError when the model or the test set is not usable.

    A production model that cannot be scored (its features are not in the test set, for instance) is no error: its
    entry has a `reason` in place of metrics.
    """
    files = container.processing_files("test")
    actual, predicted = _predictions(container.processing_input("model") / _ARCHIVE, files)
    evaluation: dict[str, Any] = {"regression_metrics": metrics(actual, predicted), "rows": len(actual)}
    columns = {"actual": actual, "predicted": predicted}
    production = container.processing_input("production") / _ARCHIVE
    if production.exists():
        try:
            actual, columns["production"] = _predictions(production, files)
            evaluation["production"] = {"regression_metrics": metrics(actual, columns["production"])}
        except InputError as error:
            evaluation["production"] = {"reason": str(error)}
    output = container.processing_output("evaluation")
    (output / "evaluation.json").write_text(json.dumps(evaluation, indent=2) + "\n", encoding="utf-8")
    lines = [",".join(columns), *map(",".join, zip(*(column.astype(str) for column in columns.values()), strict=True))]
    (output / "predictions.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(json.dumps(evaluation), flush=True)


def metrics(actual: np.ndarray, predicted: np.ndarray) -> dict[str, dict[str, float]]:
    """rmse, mae (both in the target's unit) and r2 of one-dimensional arrays of the same length.

    The standard deviations are those of the metric over test sets drawn from this one with replacement (bootstrap);
    the same rows are drawn whatever the predictions are, so two models' metrics can be compared.
    """
    actual, predicted = actual.astype(float), predicted.astype(float)
    error = actual - predicted
    # All three metrics are made of the means of these four.
    terms = np.column_stack([error**2, np.abs(error), actual, actual**2])
    draw = np.random.default_rng(_SEED)
    resampled = [_metrics(terms[draw.integers(0, len(terms), len(terms))].mean(axis=0)) for _ in range(_RESAMPLES)]
    deviations = np.std(resampled, axis=0, ddof=1)
    values = _metrics(terms.mean(axis=0))
    return {
        name: {"value": float(value), "standard_deviation": float(deviation)}
        for name, value, deviation in zip(("rmse", "mae", "r2"), values, deviations, strict=True)
    }


def _metrics(means: np.ndarray) -> tuple[float, float, float]:
    squared_error, absolute_error, value, squared_value = means
    variance = squared_value - value**2
    # Where all values are the same there is nothing to explain.
    return squared_error**0.5, absolute_error, 1 - squared_error / variance if variance > 0 else 0.0


def _predictions(archive: Path, files: Sequence[Path]) -> tuple[np.ndarray, np.ndarray]:
    """Target and predictions for the rows of `files`, by the model in the archive and its own features."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with tarfile.open(archive) as packed:
                # A model is a few files in one directory; links and paths of the archive are not followed.
                for member in packed:
                    if member.isfile():
                        Path(folder, Path(member.name).name).write_bytes(packed.extractfile(member).read())
        except (OSError, tarfile.TarError) as error:
            raise InputError(f"{archive}: not a model archive ({error})") from error
        model = Predictor(Path(folder))
    values = dataset.read(files, (model.target, *model.features))
    return values[0], np.asarray(model.predict(Rows.from_numpy(values[1:].T)), np.float32)
