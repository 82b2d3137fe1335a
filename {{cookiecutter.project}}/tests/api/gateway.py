"""Stand-ins for the services around the functions of api/: API Gateway's events, and a SageMaker endpoint."""

import base64
import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from types import SimpleNamespace
from typing import Any, ClassVar

CONTEXT = SimpleNamespace(
    function_name="api",
    function_version="1",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:api:live",
    aws_request_id="request",
)
Call = Callable[..., dict[str, Any]]


class Endpoint(BaseHTTPRequestHandler):
    """SageMaker's InvokeEndpoint with a model that predicts the first feature and refuses what is not a number.

    The endpoint `classifier` answers the label high with that as probability.
    """

    protocol_version = "HTTP/1.1"
    inference_ids: ClassVar[list[str | None]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.inference_ids.append(self.headers["X-Amzn-SageMaker-Inference-Id"])
        try:
            is_json = self.headers["Content-Type"] == "application/json"
            rows = json.loads(body)["instances"] if is_json else [line.split(",") for line in body.split()]
            numbers = [float(row[0]) for row in rows]
        except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError):
            reason = json.dumps({"error": "row 1: not a number"})
            refusal = {"OriginalStatusCode": 400, "OriginalMessage": reason, "Message": reason}
            self._answer(424, json.dumps(refusal), {"x-amzn-ErrorType": "ModelError"})
            return
        is_csv = self.headers["Accept"] == "text/csv"
        if "/classifier/" in self.path:
            labels = [{"label": "high", "probability": number} for number in numbers]
            lines, predictions = [f"high,{number}" for number in numbers], labels
        else:
            lines, predictions = list(map(str, numbers)), numbers
        answer = "".join(f"{line}\n" for line in lines) if is_csv else json.dumps({"predictions": predictions})
        self._answer(200, answer, {"x-Amzn-Invoked-Production-Variant": "AllTraffic"})

    def _answer(self, status: int, body: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        """Log nothing: tests read the function's log."""


def event(body: str | bytes | None, path: str, method: str, headers: dict[str, str]) -> dict[str, Any]:
    """API Gateway's event for a request; bytes are encoded as base64."""
    encoded = isinstance(body, bytes)
    return {
        "httpMethod": method,
        "path": path,
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        "body": base64.b64encode(body).decode() if encoded else body,
        "isBase64Encoded": encoded,
        "requestContext": {"requestId": "1", "stage": "live"},
    }
