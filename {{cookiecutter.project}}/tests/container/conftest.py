from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from jobs import dataset, trained
from programs import Server

__all__ = ["dataset", "server", "trained"]


@pytest.fixture(scope="session")
def server(trained: Path) -> Iterator[Server]:
    """The trained model behind HTTP, with two workers."""
    running = Server(trained, SAGEMAKER_MODEL_SERVER_WORKERS="2")
    yield running
    assert running.stop() == 0
