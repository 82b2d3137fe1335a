"""Score a model on the test set, as a processing job: `python -m mlops.container evaluate`.

Inputs: `model` (model.tar.gz of a training job), `test` (CSV) and `production` (model.tar.gz of the model in
production; absent before the first release), which is scored on the same rows with its own features. Output
`evaluation`: evaluation.json in the shape of SageMaker's model metrics, metrics.json with the metrics alone, which the
gate reads, and predictions.csv.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
"""

from __future__ import annotations

import csv
import json
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from mlops import archives, metrics, target_bounds, team
from mlops.container import bounds, dataset
from mlops.container.directories import Container
from mlops.container.programs.prediction import predict
from mlops.container.rows import Rows
from mlops.contract import Category, Predictor, ProblemType, Target, problem_type
from mlops.errors import InputError

_ARCHIVE = "model.tar.gz"


def evaluate(container: Container) -> None:
    """Write evaluation.json, metrics.json and predictions.csv.

    Raises InputError when the model or the test set is not usable. A production model that cannot be scored (its
    features are not in the test set, it predicts other labels) is not an error: its entry has a `reason` in place of metrics.
    """
    files = container.processing_files("test")
    with tempfile.TemporaryDirectory() as folder:
        model = _load(container.processing_input("model") / _ARCHIVE, Path(folder))
        target = model.target
        actual, predicted = _predictions(model, files, target)
    problem = problem_type(target)
    evaluation = describe(target, actual, predicted)
    predictions = [predicted]
    production = container.processing_input("production") / _ARCHIVE
    if production.exists():
        try:
            with tempfile.TemporaryDirectory() as folder:
                predictions.append(_production(production, Path(folder), files, target))
            group = metrics.describe(problem, actual, predictions[1])
            evaluation["production"] = {metrics.GROUPS[problem]: group}
        except InputError as error:
            evaluation["production"] = {"reason": str(error)}
    output = container.processing_output("evaluation")
    (output / "evaluation.json").write_text(json.dumps(evaluation, indent=2) + "\n", encoding="utf-8")
    with (output / "predictions.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(_table(target, actual, predictions))
    # Without curves and counts, for the gate: Step Functions reads files of up to 256 KiB.
    (output / "metrics.json").write_text(json.dumps(without_curves(evaluation)) + "\n", encoding="utf-8")
    print("\n".join(_lines(evaluation)), flush=True)


def describe(target: Target, actual: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    """evaluation.json without production. The arrays are those of `mlops.metrics.compute`."""
    problem = problem_type(target)
    group: dict[str, Any] = dict(metrics.describe(problem, actual, predicted))
    evaluation: dict[str, Any] = {"problem_type": problem.value, "rows": len(actual)}
    evaluation |= bounds.describe(target, predicted)
    if isinstance(target, Category):
        evaluation["labels"] = list(target.values)
        group["confusion_matrix"] = metrics.confusion_matrix(actual, predicted, target.values)
        group |= metrics.curves(problem, actual, predicted, target.values)
        group["calibration"] = metrics.calibration(problem, actual, predicted)
    return evaluation | {metrics.GROUPS[problem]: group}


def without_curves(evaluation: dict[str, Any]) -> dict[str, Any]:
    """evaluation.json without the parts whose size depends on the number of labels and rows."""
    problem = ProblemType(evaluation["problem_type"])
    group = evaluation[metrics.GROUPS[problem]]
    kept = {key: evaluation[key] for key in ("problem_type", "rows", "production") if key in evaluation}
    return kept | {metrics.GROUPS[problem]: {name: group[name] for name in metrics.METRICS[problem]}}


def _lines(evaluation: dict[str, Any]) -> Iterator[str]:
    """The metrics as text, for the log: the model's, and on the same rows those of production."""
    problem = ProblemType(evaluation["problem_type"])
    name, production = metrics.GROUPS[problem], evaluation.get("production", {})
    yield f"{evaluation['rows']} rows of the test set"
    for metric in metrics.METRICS[problem]:
        groups = {"": evaluation[name], "; in production ": production.get(name, {})}
        yield f"{metric}: " + "".join(
            f"{model}{plain(group[metric]['value'], 6)} ± {plain(group[metric]['standard_deviation'], 3)}"
            for model, group in groups.items()
            if metric in group
        )
    if outside := target_bounds.sentence(evaluation):
        yield f"{outside}."
    if "reason" in production:
        yield f"The model in production was not scored: {production['reason']}"


def plain(value: float, digits: int) -> str:
    """The number rounded to significant digits, without an exponent."""
    return f"{Decimal(f'{value:.{digits}g}'):f}"


def _load(archive: Path, folder: Path) -> Predictor:
    try:
        archives.extract(archive, folder)
    except (OSError, tarfile.TarError) as error:
        raise InputError(f"{archive}: not a model archive ({error})") from error
    return team.predictor(folder)


def _predictions(model: Predictor, files: Sequence[Path], target: Target) -> tuple[np.ndarray, np.ndarray]:
    """Target and predictions for the rows of `files`, by the model's own features."""
    rows = dataset.read(files, model.features, target)
    return rows.target, predict(model, Rows.from_numpy(rows.features))


def _production(archive: Path, folder: Path, files: Sequence[Path], target: Target) -> np.ndarray:
    """The predictions of the model in production, with its labels in the order of `target`."""
    model = _load(archive, folder)
    own = model.target
    if isinstance(target, Category) and isinstance(own, Category):
        if sorted(own.values) != sorted(target.values):
            raise InputError(f"the model in production predicts other labels: {', '.join(own.values)}")
        _, predicted = _predictions(model, files, target)
        return predicted[:, [own.values.index(value) for value in target.values]]
    if type(own) is not type(target):
        raise InputError(f"the model in production solves another problem: {problem_type(own)}")
    return _predictions(model, files, target)[1]


def _table(target: Target, actual: np.ndarray, predictions: Sequence[np.ndarray]) -> Iterable[Sequence[object]]:
    """The rows of predictions.csv, header first; `predictions` are those of the model and of production."""
    production = ["production"] if len(predictions) > 1 else []
    if not isinstance(target, Category):
        yield ["actual", "predicted", *production]
        yield from zip(*(map(str, column.astype(np.float32)) for column in (actual, *predictions)), strict=True)
        return
    values = target.values
    yield ["actual", "predicted", "probability", *production]
    labels = [[values[position] for position in predicted.argmax(axis=1)] for predicted in predictions]
    probabilities = [f"{probability:.9g}" for probability in predictions[0].max(axis=1).tolist()]
    yield from zip([values[position] for position in actual], labels[0], probabilities, *labels[1:], strict=True)
