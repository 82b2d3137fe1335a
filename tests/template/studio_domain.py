"""SageMaker's API for one domain of Studio, which the local cloud does not have."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DOMAIN = "d-abcdefghijkl"
ARN = f"arn:aws:sagemaker:us-east-1:123456789012:domain/{DOMAIN}"


@dataclass
class Domain:
    """The domain: its users' role, its tags, and where its API is."""

    role_arn: str
    url: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        match operation, request:
            case "DescribeDomain", {"DomainId": "d-abcdefghijkl"}:
                return {"DomainArn": ARN, "DefaultUserSettings": {"ExecutionRole": self.role_arn}}
            case "ListTags", {"ResourceArn": arn} if arn == ARN:
                return {"Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()]}
            case "AddTags", {"ResourceArn": arn, "Tags": tags} if arn == ARN:
                self.tags |= {tag["Key"]: tag["Value"] for tag in tags}
                return {"Tags": []}
        raise LookupError(operation)


@contextmanager
def serve(domain: Domain) -> Iterator[None]:
    """Serve the domain's API at `domain.url`, for the duration of the context."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                status, body = 200, domain.call(self.headers["X-Amz-Target"].rpartition(".")[2], request)
            except LookupError as error:
                status, body = 400, {"__type": "ResourceNotFound", "message": f"No such domain: {error}"}
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nothing: the test's output is for failures."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        domain.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
