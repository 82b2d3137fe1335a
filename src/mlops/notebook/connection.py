"""What the notebook's cells call: AWS, or the local cloud of the repository."""

from __future__ import annotations

import os
import subprocess

from mlops import release
from mlops.errors import InputError
from mlops.localcloud import launch
from mlops.release import Repository

LOCAL, AWS = "local", "aws"


def connect(cloud: str) -> Repository:
    """The repository around the notebook. From now on, clients of this kernel call AWS or the local cloud.

    Starts the local cloud with `.venv/bin/mlops`, unless it already runs. SageMaker's SDK keeps calling the one of the
    two that it called first: restart the kernel to change that.
    """
    repository = release.find()
    if cloud == LOCAL:
        running = launch.find(repository.cloud_directory)
        if running is None:
            _start(repository)
            running = launch.find(repository.cloud_directory)
        assert running is not None
        launch.adopt(running)
    elif cloud == AWS:
        os.environ.pop("AWS_ENDPOINT_URL", None)
        os.environ.update(AWS_REGION=repository.project.region, AWS_DEFAULT_REGION=repository.project.region)
    else:
        raise InputError(f"CLOUD is {cloud!r}; allowed: {LOCAL!r} or {AWS!r}")
    return repository


def disconnect(repository: Repository) -> None:
    """Stop the local cloud with all that runs in it. Its logs stay."""
    launch.stop(repository.cloud_directory)


def _start(repository: Repository) -> None:
    command = repository.root / ".venv" / "bin" / "mlops"
    if not command.exists():
        raise InputError(f"The local cloud needs {command}. Run: make setup")
    # MPLBACKEND names the kernel's backend of matplotlib, which .venv does not have.
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    done = subprocess.run(
        [command, "local", "up"], cwd=repository.root, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise InputError(f"The local cloud does not start: {done.stderr or done.stdout}")
