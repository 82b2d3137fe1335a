"""A real MLflow server, where MLFLOW_PYTHON names a Python that has mlflow and the package's extra `cli`."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from waiting import until

from mlops.localcloud import ports


def python() -> str:
    """The Python with MLflow; without one the test is skipped."""
    found = os.environ.get("MLFLOW_PYTHON")
    if not found:
        pytest.skip("MLFLOW_PYTHON names no Python with mlflow")
    return found


@contextmanager
def running(directory: Path) -> Iterator[str]:
    """Run a server with its files in the directory; yields its address."""
    port = ports.free_port()
    command = [python(), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    store = ["--backend-store-uri", f"sqlite:///{directory}/runs.db", "--artifacts-destination", f"{directory}/files"]
    with (directory / "server.log").open("w") as log:
        process = subprocess.Popen([*command, *store], cwd=directory, stdout=log, stderr=subprocess.STDOUT)
        try:
            until(lambda: _healthy(f"http://127.0.0.1:{port}/health", process))
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def ask(uri: str, path: str) -> dict:
    """The answer of MLflow's REST API."""
    with urllib.request.urlopen(f"{uri}{path}", timeout=60) as answer:
        return json.load(answer)


def _healthy(url: str, process: subprocess.Popen) -> bool:
    assert process.poll() is None, "the server has ended"
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False
