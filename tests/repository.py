"""A copy of this repository's configuration to spoil in a test."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from baking import REPOSITORY

from mlops.configuration import load
from mlops.errors import InputError, InputProblem

PROJECT = {
    "project": "taxi-fares",
    "model": "total-amount",
    "region": "eu-west-1",
    "notification_email": "team@example.com",
    "github_owner": "example",
    "github_repository": "taxi-fares",
}

_OF_INSTANCES = ("InstanceType", "InitialInstanceCount", "InitialSamplingPercentage", "autoscaling")


def to_serverless(endpoint: dict[str, Any], **settings: int) -> None:
    """Give test.yml or production.yml a serverless endpoint in place of instances; `settings` are its own."""
    for key in _OF_INSTANCES:
        endpoint.pop(key, None)
    endpoint["ServerlessConfig"] = {"MemorySizeInMB": 2048, "MaxConcurrency": 20, **settings}


class Repository:
    """Its `root` holds `configuration/` as shipped, with answers of its own in project.json."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(REPOSITORY / "configuration", root / "configuration")
        self.write("project.json", json.dumps(PROJECT))

    def write(self, file: str, text: str) -> None:
        (self.root / "configuration" / file).write_text(text)

    def change(self, file: str, edit: Callable[[dict[str, Any]], Any]) -> None:
        """Load a configuration file, let `edit` change what it says, and write it back."""
        path = self.root / "configuration" / file
        data = yaml.safe_load(path.read_text())
        edit(data)
        path.write_text(json.dumps(data) if path.suffix == ".json" else yaml.safe_dump(data, sort_keys=False))

    def problems(self) -> list[InputProblem]:
        """What is wrong with the configuration. Fails when nothing is."""
        with pytest.raises(InputError) as caught:
            load(self.root)
        return list(caught.value.problems)
