"""`mlops doctor` compares the size of a prebuilt image with what a serverless endpoint takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import json_service
import pytest
from repository import Repository as Editable
from repository import to_serverless

from mlops.release.diagnosis import deployments
from mlops.release.diagnosis.findings import Result
from mlops.release.repository import Repository

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/taxi-fares@sha256:" + "0" * 64
GIB = 1024**3


@dataclass
class Registry:
    """ECR with one image, whose size is in bytes."""

    size: int = 0

    def respond(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        assert operation == "DescribeImages"
        return {"imageDetails": [{"imageSizeInBytes": self.size}]}


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    registry = Registry()
    with json_service.configured(monkeypatch, registry.respond):
        yield registry


@pytest.fixture
def editable(tmp_path: Path) -> Editable:
    return Editable(tmp_path)


def examined(root: Path) -> Result:
    return deployments._image(Repository(root), IMAGE, "Build it again.")


def test_an_image_that_is_too_large_for_a_serverless_endpoint_is_a_problem(
    editable: Editable, registry: Registry
) -> None:
    editable.change("test.yml", to_serverless)
    registry.size = 11 * GIB
    result = examined(editable.root)
    assert result.state == "problem"
    assert "has 11.8 GB, compressed; a serverless endpoint takes an image of up to 10 GB" in result.detail


def test_an_image_for_instances_may_be_larger(editable: Editable, registry: Registry) -> None:
    registry.size = 11 * GIB
    assert examined(editable.root).state == "ok"


def test_a_smaller_image_is_no_problem(editable: Editable, registry: Registry) -> None:
    editable.change("test.yml", to_serverless)
    registry.size = 9 * GIB
    assert examined(editable.root).state == "ok"
