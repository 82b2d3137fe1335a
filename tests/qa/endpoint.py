"""A small server that answers InvokeEndpoint as SageMaker does, in front of a model that sums the row."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Model = Callable[[str, str], tuple[int, str]]


def sum_model(content_type: str, body: str) -> tuple[int, str]:
    """Status and answer of a container whose rows have three numbers."""
    if content_type not in {"text/csv", "application/json"}:
        return 415, f"{content_type} is not accepted"
    try:
        is_json = content_type == "application/json"
        rows = (
            json.loads(body)["instances"]
            if is_json
            else [[float(cell) for cell in line.split(",")] for line in body.splitlines()]
        )
        if any(len(row) != 3 for row in rows):
            return 400, "a row must have 3 columns"
        sums = [float(sum(row)) for row in rows]
    except ValueError as error:
        return 400, f"bad row: {error}"
    return 200, json.dumps({"predictions": sums}) if is_json else "\n".join(map(str, sums))


def slow(seconds: float, model: Model = sum_model) -> Model:
    """A model that takes its time: a slow answer is what the test is about."""

    def answer(content_type: str, body: str) -> tuple[int, str]:
        time.sleep(seconds)
        return model(content_type, body)

    return answer


def broken(content_type: str, body: str) -> tuple[int, str]:
    """A container that fails at everything."""
    return 500, "division by zero"


@dataclass(frozen=True)
class Request:
    """What came over the wire, and the client's port, which tells its connections apart."""

    path: str
    headers: Message
    body: bytes
    port: int


@contextmanager
def serving(model: Model) -> Iterator[tuple[str, list[Request]]]:
    """Serve `model` on a free port. Gives the URL and the requests as they come."""
    requests: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            requests.append(Request(self.path, self.headers, body, self.client_address[1]))
            status, answer = model(self.headers["Content-Type"], body.decode())
            if status == 200:
                self._reply(200, self.headers["Accept"], answer)
            else:
                error = {"Message": answer, "OriginalMessage": answer, "OriginalStatusCode": status}
                self._reply(424, "application/json", json.dumps(error), {"x-amzn-errortype": "ModelError"})

        def _reply(self, status: int, content_type: str, body: str, headers: dict | None = None) -> None:
            content = body.encode()
            fields = {"Content-Type": content_type, "Content-Length": len(content), **(headers or {})}
            # In one piece: a head that is sent by itself waits for the client's delayed acknowledgement.
            head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            self.wfile.write(f"HTTP/1.1 {status} .\r\n{head}\r\n".encode() + content)

        def log_message(self, *_: object) -> None:
            """Nothing: a test's output is for its failure."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
