"""One object of a transform job's input: read, sent in batches, put together in a file."""

from __future__ import annotations

import gzip
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, cast

from mlops.localcloud.sagemaker.transform.batches import Batch, Parameters, batches
from mlops.localcloud.sagemaker.transform.dataprocessing import DataProcessing


class Halted(Exception):
    """The job was stopped while it worked on the object."""


class Assembly:
    """How the objects of a job are read and written: compression, split, filters, join, assembly."""

    def __init__(self, request: dict):
        """Raises AWSError where filters do not fit the content type."""
        source, target = request["TransformInput"], request["TransformOutput"]
        self._processing = DataProcessing(request)
        self._gzip = source.get("CompressionType") == "Gzip"
        self._by_line = source.get("SplitType") == "Line"
        # An object of JSON that is not split is one record; lines of other types are a record each.
        media = source.get("ContentType", "").partition(";")[0].strip().lower()
        self._document = not self._by_line and media == "application/json"
        self._ending = b"\n" if target.get("AssembleWith") == "Line" else b""

    def transform(
        self,
        body: IO[bytes],
        target: IO[bytes],
        parameters: Parameters,
        send: Callable[[bytes], bytes],
        halted: Callable[[], bool],
    ) -> None:
        """Write what `send` returns for the records of `body`, in their order.

        Raises Halted, and for an object that cannot be transformed what `send`, batches and filters raise.
        """
        waiting: deque[tuple[Batch, Future[bytes]]] = deque()
        with ThreadPoolExecutor(parameters.concurrent) as pool:
            try:
                for batch in batches(self._records(body), parameters, self._sent):
                    if len(waiting) == parameters.concurrent:
                        target.write(self._assembled(*waiting.popleft()))
                    if halted():
                        raise Halted
                    waiting.append((batch, pool.submit(send, batch.body)))
                while waiting:
                    target.write(self._assembled(*waiting.popleft()))
            finally:
                for _, response in waiting:
                    response.cancel()

    def _records(self, body: IO[bytes]) -> Iterable[bytes]:
        content = cast("IO[bytes]", gzip.GzipFile(fileobj=body)) if self._gzip else body
        return _lines(content) if self._by_line else [content.read()]

    def _sent(self, record: bytes) -> bytes:
        if not self._processing.reads:
            return record
        return _mapped(record, self._processing.sent, whole=self._document)

    def _assembled(self, batch: Batch, response: Future[bytes]) -> bytes:
        content = response.result()
        if self._processing.writes:
            records = self._texts(b"".join(batch.records))
            lines = self._processing.written(records, self._texts(content))
            return b"\n".join(line.encode() for line in lines) + (self._ending or b"\n")
        return content if content.endswith(self._ending) else content + self._ending

    def _texts(self, content: bytes) -> list[str]:
        text = content.decode()
        return [text] if self._document else _rows(text)


def _mapped(record: bytes, change: Callable[[str], str], whole: bool) -> bytes:
    """The record with each of its lines changed; its last end of line stays as it is."""
    text = record.decode()
    if whole:
        return change(text).encode()
    changed = "\n".join(map(change, _rows(text)))
    return f"{changed}\n".encode() if text.endswith("\n") else changed.encode()


def _rows(text: str) -> list[str]:
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    return [line for line in lines if line]


def _lines(content: IO[bytes]) -> Iterator[bytes]:
    """The lines of a stream with their ends; empty ones are no records. Bodies from S3 have no lines of their own."""
    rest = b""
    while chunk := content.read(1 << 20):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line.strip():
                yield line + b"\n"
    if rest.strip():
        yield rest
