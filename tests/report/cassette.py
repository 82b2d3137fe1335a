"""Responses of AWS's APIs in files: recorded from a local cloud, replayed to real boto3 clients in tests.

To record again, with a local cloud in which the execution ran (eval "$(mlops local env)"):
python tests/report/cassette.py EXECUTION_ID tests/report/recordings/NAME.json
"""

from __future__ import annotations

import json
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import botocore.session
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest

_KEPT_HEADERS = ("content-type", "smithy-protocol", "x-amzn-errortype")
_KEPT_ROWS = 60
_SIGNATURE_HEADERS = {"authorization", "host", "x-amz-date", "x-amz-security-token"}
_TARGET_HEADER = "X-Amz-Target"
# CloudWatch's bodies are CBOR: store each byte as a character.
_BYTES = "latin-1"

Exchange = dict[str, dict[str, Any]]
Respond = Callable[[dict[str, Any]], dict[str, Any]]


@contextmanager
def replaying(exchanges: Iterable[Exchange]) -> Iterator[str]:
    """Serve the recorded responses; yields the URL. The response to any other request is an error NotRecorded."""
    responses = {_key(each["request"]): each["response"] for each in exchanges}
    unknown = {"status": 501, "headers": {}, "body": '{"__type": "NotRecorded"}'}
    with _serving(lambda request: responses.get(_key(request), unknown)) as url:
        yield url


@contextmanager
def recording(upstream: str, exchanges: list[Exchange]) -> Iterator[str]:
    """Forward each request to `upstream` and append it with its response to `exchanges`; yields the URL."""

    def respond(request: dict[str, Any]) -> dict[str, Any]:
        response = _forward(upstream, request)
        exchanges.append({"request": {key: request[key] for key in _KEYS}, "response": response})
        return response

    with _serving(respond) as url:
        yield url


_KEYS = ("method", "path", "target", "body")


def _key(request: dict[str, Any]) -> str:
    return json.dumps([request[key] for key in _KEYS])


@contextmanager
def _serving(respond: Respond) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode(_BYTES)
            request = {
                "method": self.command,
                "path": self.path,
                "target": self.headers.get(_TARGET_HEADER, ""),
                "body": body,
            }
            response = respond(request | {"headers": dict(self.headers)})
            content = response["body"].encode(_BYTES)
            self.send_response(response["status"])
            for name, value in {**response["headers"], "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_HEAD = _reply

        def log_message(self, *_: object) -> None:
            """Keep the test's output free of access logs."""

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


def _forward(upstream: str, request: dict[str, Any]) -> dict[str, Any]:
    forwarded = urllib.request.Request(
        upstream + request["path"], request["body"].encode(_BYTES) or None, method=request["method"]
    )
    for name, value in _signed(forwarded, request["headers"]).items():
        forwarded.add_header(name, value)
    try:
        with urllib.request.urlopen(forwarded) as response:
            status, fields, body = response.status, response.headers, response.read().decode(_BYTES)
    except urllib.error.HTTPError as error:
        status, fields, body = error.code, error.headers, error.read().decode(_BYTES)
    if request["path"].partition("?")[0].endswith(".csv"):
        body = "\n".join(body.split("\n")[: _KEPT_ROWS + 1]) + "\n"
    kept = {name: fields[name] for name in _KEPT_HEADERS if fields[name]}
    return {"status": status, "headers": kept, "body": body}


def _signed(request: urllib.request.Request, headers: dict[str, str]) -> dict[str, str]:
    """The headers, with a signature for the host that the request goes to."""
    given = {name: value for name, value in headers.items() if name.lower() not in _SIGNATURE_HEADERS}
    # Credential=KEY/DATE/REGION/SERVICE/aws4_request
    _, _, region, service, *_ = headers["Authorization"].partition("Credential=")[2].split("/")
    credentials = botocore.session.Session().get_credentials().get_frozen_credentials()
    unsigned = AWSRequest(request.get_method(), request.full_url, given, request.data)
    (S3SigV4Auth if service == "s3" else SigV4Auth)(credentials, service, region).add_auth(unsigned)
    return dict(unsigned.headers.items())


def main(execution_id: str, file: str) -> None:
    """Record the requests that a report of the execution makes."""
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
