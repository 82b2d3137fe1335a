"""The documents of the window: the state of everything, and the end of a log."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from mlops.aws import logs
from mlops.aws.logs import LogLocation
from mlops.aws.session import AWSError, Session
from mlops.errors import InputError
from mlops.window import alarms, jobs, machines, pipelines, serving
from mlops.window.times import Ended, iso

_LOG_LINES = 60
# Pages that ask at the same time get one answer.
_FRESH_SECONDS = 0.9


class State:
    """The state of everything, by calls that only read."""

    def __init__(self, session: Session) -> None:
        ended = Ended()
        self._session = session
        self._parts: dict[str, Callable[[], Any]] = {
            "pipelines": lambda: pipelines.collect(session, ended),
            "machines": lambda: machines.collect(session, ended),
            "jobs": lambda: jobs.collect(session, ended),
            "endpoints": lambda: serving.endpoints_of(session, ended),
            "functions": lambda: serving.functions(session),
            "shifts": lambda: serving.shifts(session),
            "alarms": lambda: alarms.collect(session),
        }
        self._lock = threading.Lock()
        self._read_at = -_FRESH_SECONDS
        self._last: dict[str, Any] = {}

    def read(self, _: dict[str, str]) -> dict[str, Any]:
        """Every part; one that cannot be read is empty, with the reason in `errors`."""
        with self._lock:
            if time.monotonic() - self._read_at >= _FRESH_SECONDS:
                self._last, self._read_at = self._collect(), time.monotonic()
            return self._last

    def _collect(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "account": self._session.account,
            "region": self._session.region,
            "place": self._session.client("sts").meta.endpoint_url,
            "errors": {},
        }
        for name, collect in self._parts.items():
            try:
                document[name] = collect()
            except AWSError as error:
                document[name] = []
                # Nothing answers: the next part would wait for as long.
                if error.is_unreachable or error.exit_code == 2:
                    raise
                document["errors"][name] = str(error)
        return document | {"written": iso(datetime.now(UTC))}


def log(session: Session, query: dict[str, str]) -> dict[str, Any]:
    """The last lines of the log that the query names by `group` and `prefix`."""
    if not query.get("group"):
        raise InputError("log.json needs the name of a log group: ?group=/aws/lambda/…")
    location = LogLocation(query["group"], query.get("prefix", ""))
    events = logs.tail(session, location, _LOG_LINES)
    return {"lines": [{"time": iso(event.timestamp), "text": event.message} for event in events]}
