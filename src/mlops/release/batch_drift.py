"""Compares the rows of a batch and their predictions with the baseline of the release that scored them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from mlops import names as keys
from mlops import places
from mlops.aws import jobs, polling, stacks
from mlops.aws.jobs import Job
from mlops.container.monitoring.titles import title
from mlops.errors import PipelineError
from mlops.release.events import BatchCompared, Events, long_step, step
from mlops.release.repository import Repository
from mlops.rendering.processing import batch_comparison_job
from mlops.rendering.release import Release

_ROWS_PER_RECORD = 1_000
_FILES = ("metrics.json", "constraint_violations.json", "statistics.json", "report.html")


class Records:
    """Writes rows and their predictions to a file in the format of captured requests, which the comparison reads."""

    def __init__(self, file: IO[str], job: str) -> None:
        self._file, self._job = file, job
        self._rows: list[Sequence[str]] = []
        self._predictions: list[Sequence[str]] = []
        self._written = 0

    def add(self, features: Sequence[str], prediction: Sequence[str]) -> None:
        self._rows.append(features)
        self._predictions.append(prediction)
        if len(self._rows) == _ROWS_PER_RECORD:
            self.flush()

    def flush(self) -> None:
        """Write the rows that are left."""
        if not self._rows:
            return
        record = {
            "captureData": {
                "endpointInput": _side("INPUT", self._rows),
                "endpointOutput": _side("OUTPUT", self._predictions),
            },
            "eventMetadata": {
                "eventId": f"{self._job}-{self._written}",
                "inferenceTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
            "eventVersion": "0",
        }
        self._file.write(json.dumps(record, ensure_ascii=False) + "\n")
        self._rows, self._predictions = [], []
        self._written += 1


def _side(mode: str, rows: list[Sequence[str]]) -> dict[str, str]:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return {"observedContentType": "text/csv", "mode": mode, "data": text.getvalue(), "encoding": "CSV"}


def upload(repository: Repository, job: str, file: Path) -> None:
    """Upload the records of a batch."""
    client = repository.session.client("s3")
    client.upload_file(str(file), repository.bucket, f"{keys.batch_prefix(job)}capture/records.jsonl")


def compare(repository: Repository, job: str, deployed: dict[str, str]) -> Events[None]:
    """Run the comparison as a processing job with the image of the release, and fetch its report.

    Raises PipelineError when the job fails.
    """
    session, name = repository.session, job
    if jobs.processing(session, "comparison", name) is None:
        request = batch_comparison_job(repository.configuration, _release(repository, deployed), name)
        session.client("sagemaker").create_processing_job(**request)
    ended = yield from long_step("Comparing the rows with the release's baseline", _follow(repository, name))
    if ended.failed:
        raise PipelineError(
            f"The rows are scored; their comparison, the processing job {name}, is {ended.status}: "
            f"{ended.failure_reason}\nLog: {ended.log}"
        )
    folder = _reports(repository) / job
    metrics = yield from step("Fetching the report", lambda: _fetch(repository, job, folder))
    drifted = tuple(title(name, metrics.get("target")) for name in metrics["drifted"])
    yield BatchCompared(drifted, metrics["violations"], folder / "report.html")


def require_folder(repository: Repository) -> None:
    """InputError where the report of a comparison cannot be written."""
    places.require_folder(_reports(repository))


def _reports(repository: Repository) -> Path:
    return repository.state / "batch"


def _release(repository: Repository, deployed: dict[str, str]) -> Release:
    roles = stacks.outputs(repository.session, repository.names.stack("jobs"))
    return Release(
        execution_id=deployed["ExecutionId"],
        commit_id=deployed["CommitId"],
        data_version=deployed["DataVersion"],
        image=deployed["Image"],
        bucket=repository.bucket,
        key_arn=deployed["CaptureKeyArn"],
        training_role_arn=roles["TrainingRoleArn"],
        processing_role_arn=roles["ProcessingRoleArn"],
        endpoint_role_arn=deployed["ExecutionRoleArn"],
    )


def _follow(repository: Repository, name: str) -> Generator[str, None, Job]:
    backoff = polling.Backoff()
    while True:
        job = jobs.processing(repository.session, "comparison", name)
        assert job is not None  # it was started, and SageMaker keeps jobs
        if not job.running:
            return job
        yield job.status
        backoff.sleep()


def _fetch(repository: Repository, job: str, folder: Path) -> dict:
    client = repository.session.client("s3")
    folder.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        client.download_file(repository.bucket, f"{keys.batch_prefix(job)}monitoring/{name}", str(folder / name))
    metrics: dict = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return metrics
