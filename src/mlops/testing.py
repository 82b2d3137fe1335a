"""Fixtures for a repository's own tests: a prepared data set, and a finished training job.

Used in a conftest.py as `pytest_plugins = ["mlops.testing"]`.
"""

from __future__ import annotations

import json
import shutil
from importlib import import_module
from pathlib import Path

import pytest

from mlops import team
from mlops.container.directories import Container
from mlops.container.programs.training import train


def training_job(base: Path, dataset: Path, **hyperparameters: str) -> Path:
    """The directories of a training job with channels from a prepared data set.

    `hyperparameters` override those of configuration/trainingjob.json.
    """
    for channel in ("train", "validation"):
        shutil.copytree(dataset / channel, base / "input" / "data" / channel)
    configuration = base / "input" / "config"
    configuration.mkdir(parents=True)
    (configuration / "hyperparameters.json").write_text(json.dumps(configured_hyperparameters() | hyperparameters))
    return base


def configured_hyperparameters() -> dict[str, str]:
    """The hyperparameters of configuration/trainingjob.json in the repository whose `model` is imported."""
    repository = Path(import_module("model.hyperparameters").__file__ or "").resolve().parents[1]
    request = json.loads((repository / "configuration" / "trainingjob.json").read_text(encoding="utf-8"))
    return dict(request.get("HyperParameters", {}))


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample that `data` provides, as a prepared data set."""
    folder = tmp_path_factory.mktemp("dataset")
    team.prepare()(None, folder, on_progress=lambda message: None)
    return folder


@pytest.fixture(scope="session")
def hyperparameters() -> dict[str, str]:
    """Hyperparameters that `trained` overrides. A conftest.py may redefine this fixture, for a faster training."""
    return {}


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, dataset: Path, hyperparameters: dict[str, str]) -> Path:
    """The base directory of a finished training job."""
    base = training_job(tmp_path_factory.mktemp("training"), dataset, **hyperparameters)
    train(Container(base))
    return base
