"""SageMaker's container contract: the directories of a program's input, output and failure reason.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from mlops.errors import InputError


class Container:
    """The directories of a job or an endpoint, below `SAGEMAKER_BASE_DIR` or /opt/ml."""

    def __init__(self, base: Path | None = None) -> None:
        self.base = base or Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
        self.model = self.base / "model"
        self.checkpoints = self.base / "checkpoints"
        self.failure = self.base / "output" / "failure"

    def configuration(self, name: str) -> dict[str, Any]:
        """input/config/{name}.json, empty when SageMaker wrote none. Raises InputError when it is not an object."""
        path = self.base / "input" / "config" / f"{name}.json"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise InputError(f"{path}: not JSON ({error})") from None
        if not isinstance(content, dict):
            raise InputError(f"{path}: found {type(content).__name__}, allowed is an object")
        return content

    def channel(self, name: str) -> list[Path]:
        """The CSV files of a training job's channel, in order of their names. Raises InputError when there are none."""
        return _csv_files(self.base / "input" / "data" / name, f"channel {name}")

    def processing_input(self, name: str) -> Path:
        """The directory of a processing job's input."""
        return self.base / "processing" / "input" / name

    def processing_files(self, name: str) -> list[Path]:
        """The CSV files of a processing job's input. Raises InputError when there are none."""
        return _csv_files(self.processing_input(name), f"input {name}")

    def processing_lines(self, name: str) -> list[Path]:
        """The files of JSON lines of a processing job's input, at any depth; none where the input is absent."""
        return sorted(path for path in self.processing_input(name).rglob("*.jsonl") if path.is_file())

    def processing_output(self, name: str) -> Path:
        """The directory of a processing job's output, created."""
        path = self.base / "processing" / "output" / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def fail(self, reason: str) -> None:
        """Write the reason where SageMaker reads it: `failure` for a training job, `message` for a processing job.

        SageMaker shows the first 1024 characters.
        """
        self.failure.parent.mkdir(parents=True, exist_ok=True)
        for file in (self.failure, self.failure.with_name("message")):
            # The reason may contain characters that UTF-8 cannot encode, for example of an undecodable file name.
            file.write_text(reason, encoding="utf-8", errors="backslashreplace")


def _csv_files(directory: Path, source: str) -> list[Path]:
    files = sorted(directory.rglob("*.csv"))
    if not files:
        raise InputError(f"{source}: no CSV file below {directory}")
    return files
