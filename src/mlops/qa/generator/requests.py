"""Prepares InvokeEndpoint requests as bytes, ready to send."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

# AWS accepts a signature repeatedly, for five minutes after its timestamp. Signing every request would take longer than
# sending it.
_SIGNATURE_SECONDS = 120.0
_POOL_SIZE = 256


class Invocations:
    """Prepares calls of one endpoint: boto3 builds and signs them, and a handler keeps it from sending them."""

    def __init__(self, endpoint: str, *, content_type: str = "text/csv", accept: str = "text/csv") -> None:
        self._parameters = {"EndpointName": endpoint, "ContentType": content_type, "Accept": accept}
        self._client = boto3.client("sagemaker-runtime")
        self._prepared: AWSPreparedRequest | None = None
        # A handler that returns a response replaces the network:
        # https://botocore.amazonaws.com/v1/documentation/api/latest/topics/events.html
        self._client.meta.events.register("before-send.sagemaker-runtime.InvokeEndpoint", self._capture)

    @property
    def url(self) -> str:
        """The target of the calls: scheme, host and port."""
        return self._client.meta.endpoint_url

    def prepare(self, body: bytes) -> bytes:
        """A complete HTTP/1.1 request, signed now."""
        self._client.invoke_endpoint(Body=body, **self._parameters)
        return _on_the_wire(self._prepared)

    def _capture(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        self._prepared = request
        return AWSResponse(request.url, 200, {}, io.BytesIO())


@dataclass
class Invocation:
    """One request, sent repeatedly; `rows` is its number of rows."""

    invocations: Invocations
    body: bytes
    rows: int
    _bytes: bytes = b""
    _signed: float = -_SIGNATURE_SECONDS

    def __bytes__(self) -> bytes:
        now = time.monotonic()
        if now - self._signed >= _SIGNATURE_SECONDS:
            self._bytes, self._signed = self.invocations.prepare(self.body), now
        return self._bytes


def pool(invocations: Invocations, rows: Sequence[str], rows_per_request: int) -> list[Invocation]:
    """Requests of `rows_per_request` rows of CSV each: so many different ones that a cache does not help."""
    repeated = [*rows] * -(-rows_per_request // len(rows))
    starts = range(0, len(repeated) - rows_per_request + 1, rows_per_request)[:_POOL_SIZE]
    chunks = [repeated[start : start + rows_per_request] for start in starts]
    prepared = [
        Invocation(invocations, "".join(f"{row}\n" for row in chunk).encode(), rows_per_request) for chunk in chunks
    ]
    for invocation in prepared:
        bytes(invocation)  # signed before the run, not in its first seconds
    return prepared


def _on_the_wire(request: AWSPreparedRequest) -> bytes:
    parts = urlsplit(request.url)
    # urllib3 adds Host, from the URL that was signed.
    headers = {"Host": parts.netloc, **{name: _text(value) for name, value in request.headers.items()}}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{request.method} {parts.path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + request.body


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
