from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import Server, training_job

import data
from model.container import Container
from model.train import train


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


@pytest.fixture(scope="session")
def server(trained: Path) -> Iterator[Server]:
    """The trained model behind HTTP, with two workers."""
    running = Server(trained, SAGEMAKER_MODEL_SERVER_WORKERS="2")
    yield running
    assert running.stop() == 0
