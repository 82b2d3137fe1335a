"""A service of AWS's JSON protocol over HTTP, for the operations that the local cloud does not have."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

Respond = Callable[[str, dict[str, Any]], dict[str, Any]]
"""The response to an operation's request. Raises ServiceError for an error response."""


class ServiceError(Exception):
    def __init__(self, code: str, message: str = "", status: int = 400) -> None:
        super().__init__(message)
        self.code, self.status = code, status


@contextmanager
def serve(respond: Respond) -> Iterator[str]:
    """Serve the operations of `respond` for the duration of the context. Yields the endpoint's URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            try:
                status, body = 200, respond(operation, request)
            except ServiceError as error:
                status, body = error.status, {"__type": error.code, "message": str(error)}
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def configured(monkeypatch: pytest.MonkeyPatch, respond: Respond, service: str = "") -> Iterator[None]:
    """Serve `respond` where botocore looks for AWS: for one service's name in upper case, by default for all."""
    with serve(respond) as url:
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}" if service else "AWS_ENDPOINT_URL", url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield
