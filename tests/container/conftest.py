"""A trained model and a server of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import programs
import pytest


@pytest.fixture(scope="session")
def server(trained: Path) -> Iterator[programs.Server]:
    """The trained model behind HTTP, with two workers."""
    running = programs.Server(trained, SAGEMAKER_MODEL_SERVER_WORKERS="2")
    yield running
    assert running.stop() == 0


@pytest.fixture(autouse=True)
def no_program_outlives_its_test() -> Iterator[None]:
    """End the processes of failed tests. The workers of a killed server end by themselves."""
    before = len(programs.STARTED)
    yield
    for process in programs.STARTED[before:]:
        if process.poll() is None:
            process.kill()
        process.communicate()
