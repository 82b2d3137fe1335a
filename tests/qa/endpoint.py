"""A small server that answers InvokeEndpoint as SageMaker does, in front of small models."""

from __future__ import annotations

import csv
import io
import json
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from mlops.contract import Category

Model = Callable[[str, str, str], tuple[int, str]]
"""Content type, body and accepted type of a request; status and body of the answer."""
LABELS = ("low or none", "high")
OUTCOME = Category("outcome", LABELS)
"""The classifier's target."""


def sum_model(content_type: str, body: str, accept: str) -> tuple[int, str]:
    """A container whose rows have three numbers, which it sums."""
    status, sums = _sums(content_type, body)
    if isinstance(sums, str):
        return status, sums
    return 200, json.dumps({"predictions": sums}) if accept == "application/json" else "\n".join(map(str, sums))


def classifier(content_type: str, body: str, accept: str) -> tuple[int, str]:
    """A container that gives the second label a higher probability for a larger sum of the row, 0.5 at 53.75."""
    status, sums = _sums(content_type, body)
    if isinstance(sums, str):
        return status, sums
    return 200, classified_answer([probabilities(each) for each in sums], accept)


def probabilities(total: float) -> tuple[float, float]:
    """The labels' probabilities for a row with this sum."""
    high = 1 / (1 + math.exp((53.75 - total) / 10))
    return 1 - high, high


def classified_answer(rows: Sequence[Sequence[float]], accept: str) -> str:
    """A response with probabilities in the serving container's format."""
    best = [(LABELS[row.index(max(row))], max(row)) for row in map(list, rows)]
    if accept == "application/json":
        answers = [
            {"label": label, "probability": probability, "probabilities": dict(zip(LABELS, row, strict=True))}
            for (label, probability), row in zip(best, rows, strict=True)
        ]
        return json.dumps({"predictions": answers})
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(best)
    return text.getvalue()


def _sums(content_type: str, body: str) -> tuple[int, list[float] | str]:
    """Status, and the sums of the rows or the reason of a refusal."""
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
        return 200, [float(sum(row)) for row in rows]
    except ValueError as error:
        return 400, f"bad row: {error}"


def slow(seconds: float, model: Model = sum_model) -> Model:
    """A model that needs this many seconds for a response."""

    def answer(content_type: str, body: str, accept: str) -> tuple[int, str]:
        time.sleep(seconds)
        return model(content_type, body, accept)

    return answer


def broken(content_type: str, body: str, accept: str) -> tuple[int, str]:
    """A container that fails at every request."""
    return 500, "division by zero"


@dataclass(frozen=True)
class Request:
    """A received request, and the client's port, which identifies its connection."""

    path: str
    headers: Message
    body: bytes
    port: int


@contextmanager
def serving(model: Model) -> Iterator[tuple[str, list[Request]]]:
    """Serve `model` on a free port. Yields the URL and the list of received requests."""
    requests: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            requests.append(Request(self.path, self.headers, body, self.client_address[1]))
            status, answer = model(self.headers["Content-Type"], body.decode(), self.headers["Accept"])
            if status == 200:
                self._reply(200, self.headers["Accept"], answer)
            else:
                error = {"Message": answer, "OriginalMessage": answer, "OriginalStatusCode": status}
                self._reply(424, "application/json", json.dumps(error), {"x-amzn-errortype": "ModelError"})

        def _reply(self, status: int, content_type: str, body: str, headers: dict | None = None) -> None:
            content = body.encode()
            fields = {"Content-Type": content_type, "Content-Length": len(content), **(headers or {})}
            # One write for head and body: otherwise the body waits for the client's delayed acknowledgement.
            head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            self.wfile.write(f"HTTP/1.1 {status} .\r\n{head}\r\n".encode() + content)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

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
