"""Bounds on the size of headers, and on the log lines that bad requests cause."""

from __future__ import annotations

import logging
import time

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# InvokeEndpoint forwards few headers; the longest, CustomAttributes, has up to 1,024 characters.
MOST_HEADER_BYTES = 64 * 1024
_TOO_LARGE = f'{{"error": "the headers are larger than {MOST_HEADER_BYTES} bytes, which is the most that is allowed"}}'
_MOST_LINES = 5
_SECONDS = 60.0


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 with a bound on the size of headers and trailers, which the parser lacks."""

    _outside_body = 0

    def data_received(self, data: bytes) -> None:
        self._outside_body += len(data)
        super().data_received(data)
        if self._outside_body > MOST_HEADER_BYTES and not self.transport.is_closing():
            head = (
                "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\n"
                f"content-length: {len(_TOO_LARGE)}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write((head + _TOO_LARGE).encode())
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._outside_body = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._outside_body = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._outside_body = 0
        super().on_message_complete()


class BoundedLog(logging.Filter):
    """Passes a few records of a kind per minute. The first of the next minute has the number of dropped records."""

    def __init__(self) -> None:
        super().__init__()
        self._began: dict[object, float] = {}
        self._written: dict[object, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        kind, now = record.msg, time.monotonic()
        if now - self._began.get(kind, -_SECONDS) < _SECONDS:
            self._written[kind] += 1
            return self._written[kind] <= _MOST_LINES
        left_out = self._written.get(kind, 0) - _MOST_LINES
        self._began[kind], self._written[kind] = now, 1
        if left_out > 0:
            record.msg = f"{record.msg} ({left_out} more like this were not logged)"
        return True
