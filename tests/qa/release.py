"""A release to test: a model that was really trained, in a bucket, and the endpoint in front of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

from baking import REPOSITORY
from endpoint import Model
from model.predictor import Predictor
from rows import table

from mlops.aws.session import Session
from mlops.container.rows import parse_csv
from mlops.qa.accuracy import regression_metrics

ROOT = REPOSITORY
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
    request = json.loads((ROOT / "configuration" / "trainingjob.json").read_text())
    (config / "hyperparameters.json").write_text(json.dumps(request.get("HyperParameters", {})))
    environment = os.environ | {"SAGEMAKER_BASE_DIR": str(base)}
    subprocess.run(
        [sys.executable, "-m", "mlops.container", "train"], cwd=ROOT, env=environment, check=True, capture_output=True
    )
    return base / "model"


def publish(session: Session, bucket: str, model: Path, archive: Path) -> None:
    """Put the model, the test set and evaluation.json where the pipeline does."""
    with tarfile.open(archive, "w:gz") as packed:
        for file in model.iterdir():
            packed.add(file, file.name)
    test = table(120)
    rows = test.splitlines()[1:]
    predicted = _predict(Predictor(model), "\n".join(row.split(",", 1)[1] for row in rows))
    metrics = regression_metrics([float(row.split(",")[0]) for row in rows], predicted)
    evaluation = {"regression_metrics": {"rmse": {"value": metrics["rmse"]}}}
    s3 = session.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.upload_file(str(archive), bucket, f"releases/{EXECUTION}/model.tar.gz")
    s3.put_object(Bucket=bucket, Key=f"datasets/{DATA_VERSION}/test/test.csv", Body=test.encode())
    key = f"executions/{EXECUTION}/evaluation/evaluation.json"
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(evaluation).encode())


def served(model: Path) -> Model:
    """The model behind an endpoint."""
    predictor = Predictor(model)

    def answer(content_type: str, body: str) -> tuple[int, str]:
        try:
            if content_type == "text/csv":
                return 200, "\n".join(map(repr, _predict(predictor, body)))
            if content_type == "application/json":
                rows = [",".join(map(str, row)) for row in json.loads(body)["instances"]]
                return 200, json.dumps({"predictions": list(_predict(predictor, "\n".join(rows)))})
        except ValueError as error:
            return 400, str(error)
        return 415, f"{content_type} is not accepted"

    return answer


def _predict(predictor: Predictor, text: str) -> list[float]:
    return predictor.predict(parse_csv(text, predictor.features))
