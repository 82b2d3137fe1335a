"""Health checks of serving containers: the criteria, and the time that SageMaker waits."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from harness import Cloud
from hosting import PING_FAILED
from waiting import until

from mlops.localcloud import context, images
from mlops.localcloud.logs import LogStream
from mlops.localcloud.sagemaker.common.container import Instance
from mlops.localcloud.sagemaker.hosting import model_container
from mlops.localcloud.sagemaker.hosting.fleet import DeploymentFailed, Variant
from mlops.localcloud.sagemaker.hosting.model_container import ServingContainer, answers_ping
from mlops.localcloud.settings import Settings

NEVER_HEALTHY = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(503)
HTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""
HEALTHY_ONCE = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
pings = []
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        pings.append(self.path)
        self.send_response(200 if len(pings) == 1 else 503)
        self.end_headers()
HTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""
DOCKERFILE = 'FROM python:3.13-slim\nCOPY serve.py /serve.py\nENTRYPOINT ["python", "/serve.py"]\n'


@contextmanager
def answering(status: int) -> Iterator[int]:
    """A server that answers GET with this status; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Prints nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def running(
    cloud: Cloud, role_arn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], ServingContainer]]:
    """Starts a container of a program, whose log is i-1.log."""
    monkeypatch.setattr(context, "settings", Settings(cloud.port, tmp_path), raising=False)
    key, secret = cloud.environment["AWS_ACCESS_KEY_ID"], cloud.environment["AWS_SECRET_ACCESS_KEY"]
    credentials = {"aws_access_key_id": key, "aws_secret_access_key": secret}
    monkeypatch.setattr(context, "_root_credentials", lambda account: credentials)
    started = []

    def start(program: str) -> ServingContainer:
        source = tmp_path / "source"
        source.mkdir()
        (source / "Dockerfile").write_text(DOCKERFILE)
        (source / "serve.py").write_text(program)
        image = images.build(source / "Dockerfile", source, tmp_path / "image", "sha256:0")
        model = {"Container": {}, "ExecutionRoleArn": role_arn, "EnableNetworkIsolation": True}
        instance = Instance("i-1", "127.0.0.1", tmp_path / "i-1")
        instance.root.mkdir()
        log = LogStream("/aws/sagemaker/Endpoints/unhealthy", "AllTraffic/i-1", tmp_path / "i-1.log")
        container = ServingContainer(model, image, instance, log)
        container.start()
        started.append(container)
        return container

    yield start
    for container in started:
        container.stop(grace_seconds=5)


def test_a_ping_is_answered_by_200_and_nothing_else() -> None:
    with answering(200) as port:
        assert answers_ping(port)
    for status in (204, 404, 503):
        with answering(status) as port:
            assert not answers_ping(port)


def test_nothing_listening_is_no_answer() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert not answers_ping(closed.getsockname()[1])


def test_ping_timeout_of_a_container_fails_the_deployment(
    running: Callable[[str], ServingContainer], tmp_path: Path
) -> None:
    unhealthy = running(NEVER_HEALTHY)
    limit = {"VariantName": "AllTraffic", "ContainerStartupHealthCheckTimeoutInSeconds": 1}
    variant = Variant(limit, {}, images.Image("sha256:0", tmp_path), 1.0)
    until(lambda: (log := tmp_path / "i-1.log").exists() and "503" in log.read_text())
    began = time.monotonic()
    with pytest.raises(DeploymentFailed) as failed:
        variant.await_health([unhealthy])
    assert str(failed.value) == PING_FAILED
    assert time.monotonic() - began > 0.9
    assert unhealthy.enter() is None


def test_container_that_fails_its_pings_is_replaced(
    running: Callable[[str], ServingContainer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_container, "_WATCH_INTERVAL_SECONDS", 0.05)
    monkeypatch.setattr(model_container, "_UNHEALTHY_SECONDS", 0.2)
    container = running(HEALTHY_ONCE)
    container.healthy.result(20)
    first = until(container.enter)
    until(lambda: "not answered a ping for 0.2 seconds and is replaced" in (tmp_path / "i-1.log").read_text())
    assert until(lambda: (now := container.enter()) != first and now)
