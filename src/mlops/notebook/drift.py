"""Requests with and without drift, and the retraining that follows drift."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass
from pathlib import Path

from mlops import release
from mlops.aws import executions, polling
from mlops.contract import Number
from mlops.errors import InputError
from mlops.notebook.datasets import PARTS, Dataset
from mlops.release import Repository


@dataclass(frozen=True)
class Shift:
    """Drift to try: the numbers of a feature times a factor, as when a client sends another unit."""

    feature: str
    factor: float

    def of(self, dataset: Dataset, row: dict[str, str]) -> dict[str, str]:
        """The row with the shifted value, kept within what the feature allows."""
        feature = next((each for each in dataset.features if each.name == self.feature), None)
        if not isinstance(feature, Number):
            numbers = [each.name for each in dataset.features if isinstance(each, Number)]
            raise InputError(f"Shift: found {self.feature!r}; allowed: {', '.join(numbers)}")
        if not row[self.feature]:
            return row
        value = float(row[self.feature]) * self.factor
        above, below = feature.interval
        shifted = str(round(value)) if feature.integer else f"{value:.6g}"
        return {**row, self.feature: shifted} if above < float(shifted) < below else row


def write_shifted(dataset: Dataset, shift: Shift, folder: Path) -> Dataset:
    """A data set of the world after the drift: all of its parts shifted. The targets stay."""
    shutil.copytree(dataset.folder, folder, dirs_exist_ok=True)
    shifted = Dataset(folder, dataset.target, dataset.features)
    for part in PARTS:
        rows = [shift.of(dataset, row) for row in dataset.rows(part)]
        with shifted.file(part).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return shifted


def offered_retraining(repository: Repository, newer: Dataset) -> str:
    """Wait for the alarm on drift, upload newer data, and return the id of the execution that this starts.

    The state machine PROJECT-retraining starts it. Its last lines say why when it refuses: PROJECT-retraining in the
    console, or the page of `mlops local open`.
    """
    session, pipeline = repository.session, repository.names.pipeline
    alarm = f"{repository.names.project}-monitoring-drift"
    backoff = polling.Backoff()
    while not session.client("cloudwatch").describe_alarms(AlarmNames=[alarm], StateValue="ALARM")["MetricAlarms"]:
        backoff.sleep()
    before = {each.id for each in executions.recent(session, pipeline)}
    version = release.result(release.upload_data(repository, str(newer.folder)))
    while True:
        for each in executions.recent(session, pipeline):
            if each.id not in before:
                execution = executions.read(session, pipeline, each.id)
                if execution.revisions.get("Data") == version:
                    return each.id
        backoff.sleep()
