from __future__ import annotations

import logging
import socket
from pathlib import Path

import psutil
import pytest
from programs import DEADLINE, Server

from mlops.container.serving import limits
from mlops.container.serving.limits import MOST_HEADER_BYTES, BoundedLog

ROW = "6.25,1,1.6,20,5,Manhattan,Queens"
HEAD = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"


def answer_to(server: Server, *pieces: bytes) -> bytes:
    """The server's response to these bytes, until it closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as client:
        answer = b""
        try:
            for piece in pieces:
                client.sendall(piece)
            while block := client.recv(65_536):
                answer += block
        except (ConnectionResetError, BrokenPipeError):
            # The server closed the connection while the client still sent; the rest is lost.
            pass
        return answer


def memory(server: Server) -> int:
    return sum(child.memory_info().rss for child in psutil.Process(server.process.pid).children())


@pytest.mark.parametrize(
    "pieces",
    [
        (HEAD, b"X-A: ", *[b"a" * MOST_HEADER_BYTES] * 800),
        (HEAD, *[b"X-A: a\r\n" * 8192] * 800),
        (b"POST /", *[b"a" * MOST_HEADER_BYTES] * 800),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", *[b"X-A: a\r\n" * 8192] * 800),
    ],
    ids=["one header", "many headers", "path", "trailers"],
)
def test_headers_without_an_end_are_refused_before_they_fill_the_memory(server: Server, pieces) -> None:
    before = memory(server)
    answer = answer_to(server, *pieces)
    assert answer == b"" or b"431 Request Header Fields Too Large" in answer
    assert memory(server) - before < 20 * 1024 * 1024
    assert server.request(ROW)[0] == 200


def test_headers_over_the_bound_are_answered_with_the_reason(server: Server) -> None:
    answer = answer_to(server, HEAD + b"X-A: " + b"a" * (MOST_HEADER_BYTES - len(HEAD)))
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert answer.endswith(b'{"error": "the headers are larger than 65536 bytes, which is the most that is allowed"}')


def test_headers_within_the_bound_and_a_long_body_are_accepted(server: Server) -> None:
    body = f"{ROW}\n" * 20_000
    status, text = server.request(body, {"X-A": "a" * 30_000})
    assert (status, len(text.splitlines())) == (200, 20_000)


def test_bad_requests_do_not_fill_the_log(trained: Path) -> None:
    server = Server(trained, SAGEMAKER_MODEL_SERVER_WORKERS="2")
    try:
        for _ in range(200):
            assert b"400" in answer_to(server, b"nonsense\r\n\r\n")
        server.process.terminate()
        errors = server.process.communicate(timeout=DEADLINE)[1]
    finally:
        server.stop()
    # Each worker has its own limit.
    assert 1 <= errors.count("Invalid HTTP request received") <= 10


def test_the_log_has_the_number_of_dropped_records(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(limits.time, "monotonic", lambda: now[0])
    bounded, written = BoundedLog(), []

    def log(message: str) -> None:
        record = logging.makeLogRecord({"msg": message})
        if bounded.filter(record):
            written.append(record.getMessage())

    for _ in range(12):
        log("bad")
    log("other")
    now[0] += 61
    log("bad")
    assert written == ["bad"] * 5 + ["other", "bad (7 more like this were not logged)"]
