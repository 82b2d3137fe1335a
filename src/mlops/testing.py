"""Fixtures for a repository's own tests: a prepared data set, and a finished training job.

Used in a conftest.py as `pytest_plugins = ["mlops.testing"]`.
"""

from __future__ import annotations

import json
import shutil
from importlib import import_module
from pathlib import Path

import pytest

from mlops.container.directories import Container


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
    """The sample of `data`, prepared."""
    folder = tmp_path_factory.mktemp("dataset")
    import_module("data").prepare(None, folder)
    return folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, dataset: Path) -> Path:
    """The base directory of a finished training job."""
    base = training_job(tmp_path_factory.mktemp("training"), dataset, eta="0.3", num_round="40")
    import_module("model.train").train(Container(base))
    return base
