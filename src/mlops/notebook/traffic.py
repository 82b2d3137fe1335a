"""Clients of production that count which release answers them, while its traffic shifts."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType

from mlops.aws import api
from mlops.aws.session import AWSError
from mlops.errors import InputError
from mlops.names import short
from mlops.notebook import charts
from mlops.notebook.html import Shown, figures
from mlops.release import Repository

_PAUSE_SECONDS = 0.05
_STEPS = 24


class Clients:
    """Sends one row after the other to the API, from `with` to its end; then shows who answered.

    One more request is sent before, and one after: they are answered by the releases between which the traffic shifts.
    """

    def __init__(self, repository: Repository, rows: Sequence[str]) -> None:
        found = api.called_by_clients(repository.session, repository.names)
        if found is None:
            raise InputError(
                "Clients call the endpoint (clients_call in configuration/production.yml), whose responses do not name "
                "the release. Its shift is in: mlops status"
            )
        self._api, self._rows = found, rows
        self._began = time.monotonic()
        self._answers: list[tuple[float, str]] = []
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self._send()

    def __enter__(self) -> Clients:
        self._end.clear()
        self._thread = threading.Thread(target=self._send_all, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join()
        self._send()

    @property
    def releases(self) -> list[str]:
        """The releases that answered, the earliest first, by the first characters of their executions; errors by status."""
        return list(dict.fromkeys(name for _, name in self._answers))

    def shift(self) -> Shown:
        """The requests by the release that answered, around the moment at which a second one began."""
        end = self._answers[-1][0]
        first = next((at for at, name in self._answers if name != self._answers[0][1]), end)
        last = max((at for at, name in self._answers if name == self._answers[0][1]), default=end)
        margin = max(2.0, (last - first) / 2)
        start, end = max(0.0, first - margin), min(end, last + margin)
        seconds = max((end - start) / _STEPS, 1e-9)
        steps: list[Counter[str]] = [Counter() for _ in range(_STEPS)]
        for at, name in self._answers:
            if start <= at <= end:
                steps[min(_STEPS - 1, int((at - start) / seconds))][name] += 1
        chart = charts.shares("Requests by release", steps, seconds, self.releases)
        return figures([("The shift", f"{len(self._answers):,} requests, by the release that answered", chart)])

    def _send_all(self) -> None:
        while not self._end.wait(_PAUSE_SECONDS):
            self._send()

    def _send(self) -> None:
        row = self._rows[len(self._answers) % len(self._rows)]
        try:
            response = self._api.predict(f"{row}\n".encode(), content_type="text/csv", accept="text/csv")
            name = short(response.model_version) if response.status == 200 else f"error {response.status}"
        except AWSError:
            name = "no response"
        self._answers.append((time.monotonic() - self._began, name))
