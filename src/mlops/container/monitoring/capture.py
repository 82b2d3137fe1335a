"""Captured records, read once from files of JSON lines, into the columns of a model.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture.html
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlops import names
from mlops.container.kinds import Feature, Target
from mlops.container.monitoring.columns import Column
from mlops.container.monitoring.payloads import UNEXPECTED, Body, Cell, Payloads, Predictions, Unfit
from mlops.container.monitoring.truth import GroundTruth
from mlops.container.summaries import MOST_LETTERS, MOST_UNKNOWN_VALUES

_ROWS_AT_ONCE = 10_000


@dataclass
class Counts:
    """`records` are all lines that are not empty; `rows` those of the records that fit.

    `synthetic` records are of checks by golden rows, not of clients: they are counted, and in no column.
    """

    records: int = 0
    rows: int = 0
    unreadable: int = 0
    foreign: int = 0
    late: int = 0
    synthetic: int = 0
    first: datetime | None = None
    last: datetime | None = None
    missing: Counter[str] = field(default_factory=Counter)
    """Rows without a feature, by its name. Of each foreign record, the first row that does not fit is counted."""
    extra: Counter[str] = field(default_factory=Counter)
    hours: Counter[datetime] = field(default_factory=Counter)
    """Records of any kind by the hour of their request, where they have its time."""


class Captured:
    """The columns of features and predictions, and counts of records."""

    def __init__(
        self,
        target: Target,
        features: Sequence[Feature],
        start: datetime | None = None,
        truth: GroundTruth | None = None,
    ) -> None:
        """A record from before `start` is late. `truth` holds the predictions."""
        self.features = [Column(feature, whole=True) for feature in features]
        self.predictions = Column(target, whole=False)
        self.counts = Counts()
        self._payloads = Payloads(target, features)
        self._start, self._truth = start, truth
        self._rows: list[Sequence[Cell]] = []
        self._predicted: list[Cell] = []

    def read(self, files: Iterable[Path]) -> None:
        for record in self._records(files):
            self._add(record)
            if len(self._rows) >= _ROWS_AT_ONCE or len(self._predicted) >= _ROWS_AT_ONCE:
                self._summarise()
        self._summarise()

    def _records(self, files: Iterable[Path]) -> Iterator[Any]:
        for path in files:
            with path.open("rb") as file:
                for line in file:
                    if line.isspace():
                        continue
                    self.counts.records += 1
                    try:
                        yield json.loads(line)
                    except (ValueError, RecursionError):
                        self.counts.unreadable += 1

    def _add(self, record: Any) -> None:
        """A record counts as a whole or, when any part of it does not fit, not at all."""
        try:
            event = record["eventMetadata"]
            self._note_hour(event)
            if event.get("inferenceId") == names.SYNTHETIC_ID:
                self.counts.synthetic += 1
                return
            rows, predictions = self._read(record["captureData"])
            time = _time(event.get("inferenceTime"))
            key = event.get("inferenceId") or event.get("eventId")
        except Unfit as unfit:
            self.counts.foreign += 1
            _count(self.counts.missing, unfit.missing)
            _count(self.counts.extra, unfit.extra)
            return
        except UNEXPECTED:
            self.counts.foreign += 1
            return
        self._note(time)
        self.counts.rows += len(rows) or len(predictions.cells)
        self._rows += rows
        self._predicted += predictions.cells
        if self._truth is not None:
            self._truth.expect(key, predictions)

    def _read(self, data: dict[str, Any]) -> tuple[Sequence[Sequence[Cell]], Predictions]:
        received, sent = data.get("endpointInput"), data.get("endpointOutput")
        if received is None and sent is None:
            raise Unfit("neither request nor answer")
        rows = self._payloads.rows(Body.of(received)) if received is not None else []
        predictions = self._payloads.predictions(Body.of(sent)) if sent is not None else Predictions(())
        if received is not None and sent is not None and len(rows) != len(predictions.cells):
            raise Unfit("the request has another number of rows than the answer")
        return rows, predictions

    def _note_hour(self, event: dict[str, Any]) -> None:
        with suppress(*UNEXPECTED):
            if time := _time(event.get("inferenceTime")):
                self.counts.hours[time.replace(minute=0, second=0, microsecond=0)] += 1

    def _note(self, time: datetime | None) -> None:
        if time is None:
            return
        counts = self.counts
        counts.first = time if counts.first is None else min(counts.first, time)
        counts.last = time if counts.last is None else max(counts.last, time)
        if self._start is not None and time < self._start:
            counts.late += 1

    def _summarise(self) -> None:
        if self._rows:
            for column, cells in zip(self.features, zip(*self._rows, strict=True), strict=True):
                column.add(cells)
        if self._predicted:
            self.predictions.add(self._predicted)
        self._rows, self._predicted = [], []


def _time(text: Any) -> datetime | None:
    """None where the record has no time."""
    if text is None:
        return None
    time = datetime.fromisoformat(text)
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _count(counted: Counter[str], more: Iterable[str]) -> None:
    for name in more:
        name = name[:MOST_LETTERS]
        if name in counted or len(counted) < MOST_UNKNOWN_VALUES:
            counted[name] += 1
