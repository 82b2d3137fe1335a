"""Answers of AWS's APIs on file: recorded once from a local cloud, replayed to real boto3 clients in tests.

To record anew, with a local cloud in which the execution ran (eval "$(mlops local env)"):
python tests/report/cassette.py EXECUTION_ID tests/report/recordings/NAME.json
"""

from __future__ import annotations

import json
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_KEPT_HEADERS = ("content-type", "smithy-protocol", "x-amzn-errortype")
_KEPT_ROWS = 60
_MARK = "X-Amz-Target"
# CloudWatch speaks CBOR: every byte is a character on file.
_BYTES = "latin-1"

Exchange = dict[str, dict]
Answer = Callable[[dict], dict]


@contextmanager
def replaying(file: Path) -> Iterator[str]:
    """Answer as recorded. Gives the URL; a request that was not recorded is answered with an error that names it."""
    exchanges = {_key(each["request"]): each["response"] for each in json.loads(file.read_text(encoding="utf-8"))}
    unknown = {"status": 501, "headers": {}, "body": '{"__type": "NotRecorded"}'}
    with _serving(lambda request: exchanges.get(_key(request), unknown | {"request": request})) as url:
        yield url


@contextmanager
def recording(upstream: str, exchanges: list[Exchange]) -> Iterator[str]:
    """Pass every request on to `upstream` and keep it with its answer. Gives the URL."""

    def answer(request: dict) -> dict:
        response = _ask(upstream, request)
        exchanges.append({"request": {key: request[key] for key in _KEYS}, "response": response})
        return response

    with _serving(answer) as url:
        yield url


_KEYS = ("method", "path", "target", "body")


def _key(request: dict) -> str:
    return json.dumps([request[key] for key in _KEYS])


@contextmanager
def _serving(answer: Answer) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode(_BYTES)
            request = {"method": self.command, "path": self.path, "target": self.headers.get(_MARK, ""), "body": body}
            response = answer(request | {"headers": dict(self.headers)})
            content = response["body"].encode(_BYTES)
            self.send_response(response["status"])
            for name, value in {**response["headers"], "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_HEAD = _reply

        def log_message(self, *_: object) -> None:
            """Nothing: a test's output is for its failure."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _ask(upstream: str, request: dict) -> dict:
    headers = {name: value for name, value in request["headers"].items() if name.lower() != "host"}
    data = request["body"].encode(_BYTES) or None
    asked = urllib.request.Request(upstream + request["path"], data, headers, method=request["method"])
    try:
        with urllib.request.urlopen(asked) as answer:
            status, fields, body = answer.status, answer.headers, answer.read().decode(_BYTES)
    except urllib.error.HTTPError as error:
        status, fields, body = error.code, error.headers, error.read().decode(_BYTES)
    if request["path"].partition("?")[0].endswith(".csv"):
        body = "\n".join(body.split("\n")[: _KEPT_ROWS + 1]) + "\n"
    kept = {name: fields[name] for name in _KEPT_HEADERS if fields[name]}
    return {"status": status, "headers": kept, "body": body}


def main(execution_id: str, file: str) -> None:
    """Record what a report of the execution asks for."""
    import os

    from mlops import configuration, report
    from mlops.aws.session import Session

    project = configuration.load_project(Path.cwd())
    exchanges: list[Exchange] = []
    with recording(os.environ["AWS_ENDPOINT_URL"], exchanges) as url:
        os.environ["AWS_ENDPOINT_URL"] = url
        report.collect(Session(project.region), project, execution_id)
    unique = {_key(each["request"]): each for each in exchanges}
    Path(file).write_text(json.dumps(list(unique.values()), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
