"""The Dockerfile of a generated repository, built for real, and its programs run as SageMaker runs them."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from image_builders import Builder

pytestmark = pytest.mark.image
NAME = "model-under-test"


@pytest.fixture(scope="module")
def builder(image_builder: Builder, generated: Path) -> Builder:
    """A builder that has built the image."""
    image_builder.build(generated, NAME)
    return image_builder


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory, generated: Path) -> Path:
    """The synthetic sample, prepared."""
    folder = tmp_path_factory.mktemp("dataset")
    program = f"import data, pathlib; data.prepare(None, pathlib.Path({str(folder)!r}))"
    subprocess.run([sys.executable, "-c", program], cwd=generated, check=True)
    return folder


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory,
    builder: Builder,
    dataset: Path,
    generated: Path,
) -> Path:
    """The directory /opt/ml of a finished training job."""
    ml = tmp_path_factory.mktemp("training")
    for channel in ("train", "validation"):
        shutil.copytree(dataset / channel, ml / "input" / "data" / channel)
    (ml / "input" / "config").mkdir()
    request = json.loads((generated / "configuration" / "trainingjob.json").read_text())
    hyperparameters = request["HyperParameters"] | {"num_round": "20", "eta": "0.3"}
    (ml / "input" / "config" / "hyperparameters.json").write_text(json.dumps(hyperparameters))
    # SageMaker creates these directories, owned by root.
    for name in ("model", "output", "checkpoints"):
        (ml / name).mkdir(mode=0o755)
    with builder.run(NAME, ml, "train") as process:
        output = process.communicate(timeout=120)[0]
    assert process.returncode == 0, output
    return ml


def test_train_writes_a_model_to_a_directory_that_root_owns(trained: Path) -> None:
    assert (trained / "model" / "model.ubj").stat().st_size > 0
    assert (trained / "model").stat().st_uid == 0


def test_a_failed_training_writes_its_reason(builder: Builder, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained / "input", tmp_path / "input")
    (tmp_path / "output").mkdir()
    (tmp_path / "input" / "config" / "hyperparameters.json").write_text('{"depth": "3"}')
    with builder.run(NAME, tmp_path, "train") as process:
        process.communicate(timeout=120)
    assert process.returncode == 1
    assert "depth is not known" in (tmp_path / "output" / "failure").read_text()


def test_evaluate_measures_the_trained_model(builder: Builder, trained: Path, dataset: Path, tmp_path: Path) -> None:
    processing = tmp_path / "processing"
    shutil.copytree(dataset / "test", processing / "input" / "test")
    (processing / "input" / "model").mkdir()
    with tarfile.open(processing / "input" / "model" / "model.tar.gz", "w:gz") as archive:
        for file in (trained / "model").iterdir():
            archive.add(file, file.name)
    with builder.run(NAME, tmp_path, "evaluate") as process:
        output = process.communicate(timeout=120)[0]
    assert process.returncode == 0, output
    document = json.loads((processing / "output" / "evaluation" / "evaluation.json").read_text())
    assert 0 < document["regression_metrics"]["rmse"]["value"] < 20


def test_serve_answers_pings_and_invocations(builder: Builder, trained: Path) -> None:
    binding = {"SAGEMAKER_BIND_TO_HOST": "127.0.0.1", "SAGEMAKER_BIND_TO_PORT": "0"}
    with builder.run(NAME, trained, "serve", **binding) as process:
        listening = re.search(r"on 127\.0\.0\.1:(\d+) ", process.stdout.readline())
        assert listening, process.communicate(timeout=120)[0]
        for method, path, body in (
            ("GET", "/ping", b""),
            ("POST", "/invocations", b"6.25,1,1.6,20,5,Manhattan,Queens"),
        ):
            client = http.client.HTTPConnection("127.0.0.1", int(listening[1]), timeout=60)
            client.request(method, path, body, {"Content-Type": "text/csv"})
            answer = client.getresponse()
            content = answer.read()
            client.close()
            assert answer.status == 200, content
        assert 0 < float(content) < 500
