from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from baking import REPOSITORY
from model.predictor import Predictor
from programs import DEADLINE, Server, start
from waiting import until

from mlops.container.serving.application import Application

ROW = "6.25,1,1.6,20,5,Manhattan,Queens"
CSV, JSON = {"Accept": "text/csv"}, {"Accept": "application/json"}
MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ({}, "csv"),
        ({"Accept": "*/*"}, "csv"),
        (CSV, "csv"),
        (JSON, "json"),
        ({"Accept": "application/json;q=0.9, text/*;q=0.5"}, "json"),
        ({"Accept": "image/png, application/*;q=0.1"}, "json"),
    ],
)
def test_the_response_to_csv_has_the_type_that_the_client_accepts(
    server: Server, accept: dict[str, str], expected: str
) -> None:
    status, text = server.request(f"{ROW}\n{ROW}\n", accept)
    assert status == 200
    values = json.loads(text)["predictions"] if expected == "json" else [float(line) for line in text.splitlines()]
    assert len(values) == 2
    assert values[0] == values[1]


def test_rows_in_json_get_the_same_predictions_as_in_csv(server: Server) -> None:
    names = ("duration_minutes", "passenger_count", "trip_distance", "pickup_hour", "pickup_weekday")
    row = [6.25, 1, 1.6, 20, 5, "Manhattan", None]
    instances = [row, dict(zip((*names, "pickup_area", "dropoff_area"), row, strict=True))]
    status, text = server.request(
        json.dumps({"instances": instances}), {"Content-Type": "application/json; charset=utf-8"}
    )
    from_csv = float(server.request("6.25,1,1.6,20,5,Manhattan,")[1])
    assert (status, json.loads(text)) == (200, {"predictions": [from_csv, from_csv]})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (f"{ROW}\n6.25,1,-1.6,20,5,Manhattan,Queens", 'row 2, column trip_distance: found "-1.6", allowed is a number'),
        ("6.25,1,1.6,20,5,Manhattan,Mars", 'row 1, column dropoff_area: found "Mars", allowed is one of Manhattan'),
        ("6.25,1,1.6", "row 1, found 3 columns, expected 7 (duration_minutes, "),
        ("duration_minutes,passenger_count,trip_distance,a,b,c,d", "row 1, column duration_minutes: found"),
        ("", "row 1, found nothing"),
        (b"\xff\xfe", "can't decode byte"),
    ],
)
def test_a_bad_row_of_csv_is_answered_400_with_the_reason(server: Server, body: str | bytes, reason: str) -> None:
    status, text = server.request(body)
    assert status == 400
    assert reason in json.loads(text)["error"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{", "not JSON"),
        ("[1, 2]", 'allowed is {"instances"'),
        ('{"instances": []}', "row 1, found nothing"),
        ('{"instances": [[1]], "parameters": {}}', 'allowed is {"instances"'),
        ('{"instances": [[NaN, 1, 1, 1, 1, null, null]]}', "NaN is not JSON"),
        ('{"instances": [["6", 1, 1, 1, 1, null, null]]}', 'row 1, column duration_minutes: found "6"'),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_bad_request_in_json_is_answered_400_with_the_reason(server: Server, body: str, reason: str) -> None:
    status, text = server.request(body, {"Content-Type": "application/json"})
    assert status == 400
    assert reason in json.loads(text)["error"]


def test_other_types_paths_and_methods_are_refused_with_what_is_allowed(server: Server) -> None:
    for status, reason, answer in (
        (415, "allowed are text/csv and application/json", server.request(ROW, {"Content-Type": "text/plain"})),
        (406, "allowed are text/csv and application/json", server.request(ROW, {"Accept": "text/csv;q=0, image/png"})),
        (404, "only /ping, /invocations and /execution-parameters", server.request(ROW, path="/models")),
        (405, "allowed is POST", server.request("", method="GET")),
        (405, "allowed is GET", server.request("", path="/ping")),
    ):
        assert answer[0] == status
        assert reason in json.loads(answer[1])["error"]


def test_a_transform_job_learns_how_to_send_its_rows(trained: Path) -> None:
    server = Server(
        trained, SAGEMAKER_BATCH="true", SAGEMAKER_MODEL_SERVER_WORKERS="3", SAGEMAKER_MAX_PAYLOAD_IN_MB="40"
    )
    status, text = server.request("", path="/execution-parameters", method="GET")
    expected = {"MaxConcurrentTransforms": 2, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 40}
    assert (status, json.loads(text)) == (200, expected)
    assert server.stop() == 0


def test_a_body_above_sagemakers_limit_is_answered_413(server: Server) -> None:
    line = f"{ROW}\n"
    below = line * (6 * MIB // len(line))
    status, text = server.request(below)
    assert (status, text.count("\n")) == (200, 6 * MIB // len(line))
    assert server.request(below + line)[0] == 413


def test_a_chunked_body_above_the_limit_is_answered_413(trained: Path) -> None:
    server = Server(trained, SAGEMAKER_MODEL_SERVER_WORKERS="1", SAGEMAKER_MAX_PAYLOAD_IN_MB="1")
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as client:
        client.sendall(
            b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        client.sendall(b"%x\r\n" % MIB + b"1" * MIB + b"\r\n1\r\n1\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 413")
    assert server.stop() == 0


def test_pings_succeed_during_a_large_request(trained: Path) -> None:
    application = Application(Predictor(trained / "model"), max_bytes=6 * MIB)
    finished: list[str] = []

    async def request(method: str, path: str, body: bytes) -> None:
        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": body}

        async def send(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                assert message["status"] == 200
                finished.append(path)

        scope = {"type": "http", "method": method, "path": path, "headers": [(b"content-type", b"text/csv")]}
        await application(scope, receive, send)

    async def both() -> None:
        invocation = asyncio.create_task(request("POST", "/invocations", f"{ROW}\n".encode() * 20_000))
        await asyncio.gather(invocation, request("GET", "/ping", b""))

    asyncio.run(both())
    assert finished == ["/ping", "/invocations"]


def test_sigterm_lets_a_request_that_has_begun_finish(trained: Path) -> None:
    server = Server(trained)
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as client:
        head = f"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: {len(ROW)}\r\n"
        client.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 100")
        server.process.send_signal(signal.SIGTERM)
        until(lambda: not _listens(server.port))
        client.sendall(ROW.encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
    assert server.stop() == 0


def test_a_killed_worker_is_replaced_at_any_age(trained: Path) -> None:
    server = Server(trained, SAGEMAKER_MODEL_SERVER_WORKERS="2")
    parent = psutil.Process(server.process.pid)
    victim, other = parent.children()
    os.kill(victim.pid, signal.SIGKILL)
    until(lambda: len(parent.children()) == 2 and victim not in parent.children())
    assert other in parent.children()
    assert server.request(ROW)[0] == 200
    assert server.stop() == 0


def test_workers_that_end_at_once_stop_the_server() -> None:
    program = (
        "import os; from mlops.container.serving.workers import Workers;"
        "Workers(lambda parent: os._exit(3), at_stop=lambda: print('stopped', flush=True)).run(2)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, text=True, capture_output=True, timeout=DEADLINE
    )
    assert done.returncode == 1
    assert done.stdout == "stopped\n"
    # On a busy machine, a worker may need more than a second to end.
    assert done.stderr.count("with 3\n") >= 5
    assert "5 workers in a row ended within 1 s of their start" in done.stderr


def test_no_worker_outlives_a_killed_server(trained: Path) -> None:
    server = Server(trained, SAGEMAKER_MODEL_SERVER_WORKERS="2")
    workers = psutil.Process(server.process.pid).children()
    server.process.kill()
    server.stop()
    until(lambda: not any(worker.is_running() for worker in workers))
    assert not _listens(server.port)


def test_a_server_without_a_model_fails_with_the_reason(tmp_path: Path) -> None:
    process = start("serve", tmp_path)
    _, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1
    assert "no usable model" in errors
    assert "no usable model" in (tmp_path / "output" / "failure").read_text()


@pytest.mark.parametrize("content", [b"", b"garbage"])
def test_a_model_that_is_no_booster_is_refused(tmp_path: Path, trained: Path, content: bytes) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "features.json").write_bytes((trained / "model" / "features.json").read_bytes())
    (model / "model.ubj").write_bytes(content)
    process = start("serve", tmp_path)
    _, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1
    assert "no usable model" in errors


def test_serving_imports_neither_xgboost_nor_numpy(trained: Path) -> None:
    program = (
        "import sys; from pathlib import Path; import mlops.container.serving; from model.predictor import Predictor;"
        "from mlops.container.rows import parse_csv;"
        f"model = Predictor(Path({str(trained / 'model')!r})); model.predict(parse_csv({ROW!r}, model.features));"
        "print(*sorted({'xgboost', 'numpy', 'scipy', 'pandas'} & set(sys.modules)))"
    )
    imported = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, text=True, capture_output=True, check=True
    )
    assert imported.stdout.split() == []


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
