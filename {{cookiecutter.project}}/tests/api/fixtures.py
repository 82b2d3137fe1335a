"""The REST API's function as Lambda loads it, with an endpoint on this machine."""

import importlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from types import ModuleType

import pytest
from gateway import CONTEXT, Call, Endpoint, event


@pytest.fixture(scope="session")
def endpoint_url() -> Iterator[str]:
    """The URL of the running endpoint."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    serving.join()


@pytest.fixture
def load(endpoint_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    """Import a module of api/ anew, in the environment of its function."""

    def imported(module: str, **environment: str) -> ModuleType:
        given = {
            "AWS_ENDPOINT_URL": endpoint_url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "ENDPOINT_NAME": "endpoint-1",
            "MODEL_VERSION": "release-1",
            "POWERTOOLS_SERVICE_NAME": "api",
            "POWERTOOLS_METRICS_NAMESPACE": "api",
        }
        for name, value in {**given, **environment}.items():
            monkeypatch.setenv(name, value)
        for name in [name for name in sys.modules if name.partition(".")[0] == "api"]:
            monkeypatch.delitem(sys.modules, name)
        return importlib.import_module(f"api.{module}")

    return imported


@pytest.fixture
def call(load: Callable[..., ModuleType]) -> Call:
    """Sends an event of API Gateway to the function, which accepts up to 3 rows and 60 bytes."""
    app = load("app", MAX_ROWS="3", MAX_BYTES="60")

    def send(body: str | bytes | None, *, path: str = "/predict", method: str = "POST", **headers: str) -> dict:
        answer = app.handler(event(body, path, method, headers), CONTEXT)
        if "application/json" in str(answer["multiValueHeaders"]["Content-Type"]):
            answer["content"] = json.loads(answer["body"])
        return answer

    return send
