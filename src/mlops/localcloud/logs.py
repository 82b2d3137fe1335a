"""Output of jobs, builds and endpoints: a file on disk and a stream of CloudWatch Logs."""

import threading
import time
from pathlib import Path
from typing import Self

from botocore.exceptions import ClientError

from mlops.localcloud import context

_FLUSH_SECONDS = 0.5
_BATCH = 1000


class LogStream:
    """A log stream that is also written to a file. Events reach CloudWatch Logs in batches, within half a second.

    Use as a context manager: leaving it delivers the remaining events. `write` may be called from any thread.
    """

    def __init__(self, group: str, stream: str, file: Path):
        self.group = group
        self.stream = stream
        self.file = file
        self._pending: list[dict] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self._output = self.file.open("a", encoding="utf-8", buffering=1)
        _ensure(self.group, self.stream)
        self._flusher = context.spawn(self._keep_flushing)
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._flusher.join()
        self._flush()
        self._output.close()

    def write(self, line: str) -> None:
        """Append one line."""
        with self._lock:
            self._output.write(line + "\n")
            self._pending.append({"timestamp": time.time_ns() // 1_000_000, "message": line or " "})

    def _keep_flushing(self) -> None:
        while not self._closed.wait(_FLUSH_SECONDS):
            self._flush()

    def _flush(self) -> None:
        with self._lock:
            pending, self._pending = self._pending, []
        for start in range(0, len(pending), _BATCH):
            context.client("logs").put_log_events(
                logGroupName=self.group, logStreamName=self.stream, logEvents=pending[start : start + _BATCH]
            )


def _ensure(group: str, stream: str) -> None:
    logs = context.client("logs")
    for create, name in (
        (logs.create_log_group, {"logGroupName": group}),
        (logs.create_log_stream, {"logGroupName": group, "logStreamName": stream}),
    ):
        try:
            create(**name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
                raise
