"""`mlops doctor` compares the size of a prebuilt image with what a serverless endpoint takes."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from repository import Repository as Editable
from repository import to_serverless

from mlops.release.diagnosis import deployments
from mlops.release.diagnosis.findings import Result
from mlops.release.repository import Repository

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/taxi-fares@sha256:" + "0" * 64
GIB = 1024**3


class Registry(ThreadingHTTPServer):
    """ECR with an image of some size."""

    size = 0


class _Handler(BaseHTTPRequestHandler):
    server: Registry

    def do_POST(self) -> None:
        body = json.dumps({"imageDetails": [{"imageSizeInBytes": self.server.size}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    server = Registry(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    yield server
    server.shutdown()
    server.server_close()


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
