"""A release to test: a trained model in a bucket, and its endpoint."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from baking import REPOSITORY
from endpoint import Model
from model.predictor import Predictor
from rows import table

from mlops import metrics
from mlops.aws.session import Session
from mlops.container.rows import parse_csv
from mlops.contract import ProblemType

EXECUTION = "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"
DATA_VERSION = "v1"


def train(base: Path) -> Path:
    """Train as SageMaker would and return the model's directory."""
    for channel in ("train", "validation"):
        folder = base / "input" / "data" / channel
        folder.mkdir(parents=True)
        (folder / f"{channel}.csv").write_text(table(300))
    config = base / "input" / "config"
    config.mkdir()
    request = json.loads((REPOSITORY / "configuration" / "trainingjob.json").read_text())
    (config / "hyperparameters.json").write_text(json.dumps(request.get("HyperParameters", {})))
    environment = os.environ | {"SAGEMAKER_BASE_DIR": str(base)}
    subprocess.run(
        [sys.executable, "-m", "mlops.container", "train"],
        cwd=REPOSITORY,
        env=environment,
        check=True,
        capture_output=True,
    )
    return base / "model"


def packed(model: Path, archive: Path) -> Path:
    """The archive of a model's directory, as a training job uploads it."""
    with tarfile.open(archive, "w:gz") as opened:
        for file in model.iterdir():
            opened.add(file, file.name)
    return archive


def publish(session: Session, bucket: str, archive: Path, test: str, evaluation: dict[str, Any]) -> None:
    """Upload the model, the test set and evaluation.json under the pipeline's keys."""
    s3 = session.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.upload_file(str(archive), bucket, f"releases/{EXECUTION}/model.tar.gz")
    s3.put_object(Bucket=bucket, Key=f"datasets/{DATA_VERSION}/test/test.csv", Body=test.encode())
    key = f"executions/{EXECUTION}/evaluation/evaluation.json"
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(evaluation).encode())


def evaluation(problem: ProblemType, actual: Sequence[float], predicted: Sequence[Any]) -> dict[str, Any]:
    """The evaluation job's evaluation.json."""
    values = metrics.compute(problem, np.array(actual), np.array(predicted))
    return {metrics.GROUPS[problem]: {name: {"value": value} for name, value in values.items()}}


def regression(model: Path) -> tuple[str, dict[str, Any]]:
    """A test set and its evaluation by a trained model."""
    test = table(120)
    rows = [line.split(",", 1) for line in test.splitlines()[1:]]
    predicted = predictions(Predictor(model), "\n".join(features for _, features in rows))
    return test, evaluation(ProblemType.REGRESSION, [float(target) for target, _ in rows], predicted)


def predictions(predictor: Predictor, text: str) -> list[float]:
    """Of rows of CSV."""
    return list(predictor.predict(parse_csv(text, predictor.features)))


def served(model: Path) -> Model:
    """The model behind an endpoint."""
    predictor = Predictor(model)

    def answer(content_type: str, body: str, accept: str) -> tuple[int, str]:
        try:
            if content_type == "text/csv":
                return 200, "\n".join(map(repr, predictions(predictor, body)))
            if content_type == "application/json":
                rows = [",".join(map(str, row)) for row in json.loads(body)["instances"]]
                return 200, json.dumps({"predictions": predictions(predictor, "\n".join(rows))})
        except ValueError as error:
            return 400, str(error)
        return 415, f"{content_type} is not accepted"

    return answer
