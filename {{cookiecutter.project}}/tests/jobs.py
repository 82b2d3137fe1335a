"""A prepared data set and a finished training job, which the tests of the model and of its container use."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import data
from model.container import Container
from model.train import train

ROOT = Path(__file__).parents[1]


def training_job(base: Path, dataset: Path, **hyperparameters: str) -> Path:
    """The directories of a training job with channels from a prepared data set."""
    for channel in ("train", "validation"):
        shutil.copytree(dataset / channel, base / "input" / "data" / channel)
    configuration = base / "input" / "config"
    configuration.mkdir(parents=True)
    (configuration / "hyperparameters.json").write_text(json.dumps(hyperparameters))
    return base


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthetic sample, prepared."""
    folder = tmp_path_factory.mktemp("dataset")
    data.prepare(None, folder)
    return folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, dataset: Path) -> Path:
    """The base directory of a finished training job."""
    base = training_job(tmp_path_factory.mktemp("training"), dataset, eta="0.3", num_round="40")
    train(Container(base))
    return base
