"""The results of the jobs of monitoring: each has a folder below monitoring/runs/ in the bucket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops.aws import paging
from mlops.aws.session import AWSError, Session
from mlops.container.monitoring.titles import title
from mlops.errors import InputError

PREFIX = "monitoring/runs/"
REPORT = "report.html"
DRIFT = "baseline_drift_check"
_METRICS, _VIOLATIONS = "metrics.json", "constraint_violations.json"
# Written only by jobs that compare predictions with ground truth.
_QUALITY_ONLY = "constraints.json"
_FILES = frozenset({_METRICS, _VIOLATIONS, _QUALITY_ONLY, "statistics.json", REPORT})


@dataclass(frozen=True)
class Violation:
    """An entry of constraint_violations.json: of a column, or of a metric of the model's quality."""

    name: str
    check: str
    description: str


@dataclass(frozen=True)
class Run:
    """What a job has found. Its metrics are those of metrics.json; `of_quality` where it has judged by ground truth."""

    job: str
    of_quality: bool
    metrics: Mapping[str, Any]
    violations: tuple[Violation, ...]
    report: Path

    @property
    def rows(self) -> int:
        """Rows that were judged."""
        return int(self.metrics["quality_rows" if self.of_quality else "rows"])

    @property
    def drifted(self) -> list[str]:
        """The columns that drifted, as people name them."""
        return [title(name, self.metrics.get("target")) for name in self.metrics.get("drifted", [])]


def newest(session: Session, bucket: str, *, of_quality: bool) -> str | None:
    """The newest job with a report: of the comparison with the baseline, or with ground truth."""
    found: dict[str, set[str]] = {}
    for key in _keys(session, bucket, PREFIX):
        job, _, file = key.removeprefix(PREFIX).partition("/")
        found.setdefault(job, set()).add(file)
    # A job's name has its time, so names are in the order of the jobs.
    return max(
        (job for job, files in found.items() if REPORT in files and (_QUALITY_ONLY in files) == of_quality),
        default=None,
    )


def fetch(session: Session, bucket: str, job: str, folder: Path) -> Run:
    """Download the files of a job to the folder, and read them."""
    client, prefix = session.client("s3"), f"{PREFIX}{job}/"
    names = {key.removeprefix(prefix) for key in _keys(session, bucket, prefix)} & _FILES
    folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(names):
        client.download_file(bucket, f"{prefix}{name}", str(folder / name))
    return read(job, folder)


def read(job: str, folder: Path) -> Run:
    """The run whose files are in the folder."""
    metrics: dict[str, Any] = json.loads((folder / _METRICS).read_text(encoding="utf-8"))
    entries = json.loads((folder / _VIOLATIONS).read_text(encoding="utf-8"))["violations"]
    return Run(
        job=job,
        of_quality="quality_rows" in metrics,
        metrics=metrics,
        violations=tuple(_violation(each, metrics.get("target")) for each in entries),
        report=folder / REPORT,
    )


def _violation(entry: dict[str, str], target: str | None) -> Violation:
    name = title(entry["feature_name"], target) if "feature_name" in entry else entry["metric_name"]
    return Violation(name, entry["constraint_check_type"], entry["description"])


def _keys(session: Session, bucket: str, prefix: str) -> list[str]:
    client = session.client("s3")
    try:
        return [
            each["Key"] for each in paging.items(client, "list_objects_v2", "Contents", Bucket=bucket, Prefix=prefix)
        ]
    except AWSError as error:
        if error.code != "NoSuchBucket":
            raise
        raise InputError(f"There is no bucket {bucket} yet. Run: mlops deploy") from error
