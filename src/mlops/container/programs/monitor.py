"""Compare captured requests and responses with the baseline, as a processing job: `python -m mlops.container monitor`.

Inputs: `baseline` (statistics.json and constraints.json) and `capture` (*.jsonl in SageMaker's data-capture format, at
any depth; may be empty or absent). Output `monitoring`: statistics.json and constraint_violations.json in Model Monitor's
formats, report.html, and metrics.json, which the state machine reads.

Environment variable MONITORING_FROM: records from before that time (ISO 8601) are counted as late.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from mlops import team
from mlops.container.directories import Container
from mlops.container.monitoring import baseline, output, page
from mlops.container.monitoring.capture import Captured
from mlops.container.monitoring.comparison import Compared, Violation, compare
from mlops.errors import InputError

START = "MONITORING_FROM"
MOST_BYTES = 200_000
"""Of metrics.json: Step Functions passes on up to 256 KiB."""
_OLDEST = timedelta(days=13)
"""CloudWatch refuses values of more than two weeks ago."""


def monitor(container: Container) -> None:
    """Write the files. Raises InputError for an unusable baseline; no record is fatal."""
    target, features = team.features()
    known = baseline.load(container.processing_input("baseline"))
    start = _start(os.environ.get(START))
    captured = Captured(target, features, start)
    captured.read(container.processing_lines("capture"))
    columns, others = compare(captured, known)
    violations = [violation for column in columns for violation in column.violations] + others
    now = datetime.now(UTC)
    metrics = small(summary(captured, columns, violations, now))
    statistics = {
        "version": 0,
        "dataset": {"item_count": captured.counts.rows},
        "features": [compared.column.summary.statistics() for compared in columns],
    }
    documents = {
        "statistics": statistics,
        "constraint_violations": {"violations": [violation.described() for violation in violations]},
        "metrics": metrics,
    }
    shown = page.render(captured, columns, violations, start, now)
    output.write(container.processing_output("monitoring"), documents, shown)


def summary(
    captured: Captured, columns: Sequence[Compared], violations: Sequence[Violation], now: datetime
) -> dict[str, Any]:
    """metrics.json."""
    counts = captured.counts
    return {
        "records": counts.records,
        "rows": counts.rows,
        "unreadable": counts.unreadable,
        "foreign": counts.foreign,
        "late": counts.late,
        "synthetic": counts.synthetic,
        "hours": {
            f"{hour:%Y-%m-%dT%H:%M:%SZ}": count
            for hour, count in sorted(counts.hours.items())
            if now - _OLDEST < hour <= now
        },
        "target": captured.predictions.name,
        "drift": {
            compared.column.name: round(compared.drift.distance, 6)
            for compared in columns
            if compared.drift is not None
        },
        "drifted": [compared.column.name for compared in columns if compared.drifted],
        "violations": len(violations),
    }


def small(metrics: dict[str, Any]) -> dict[str, Any]:
    """metrics.json in MOST_BYTES: of very many columns, those with the largest distances."""
    most = len(metrics["drift"])
    while len(json.dumps(metrics, indent=2)) > MOST_BYTES:
        most //= 2
        largest = sorted(metrics["drift"], key=lambda name: -metrics["drift"][name])[:most]
        kept = set(largest)
        metrics = metrics | {
            "drift": {name: value for name, value in metrics["drift"].items() if name in kept},
            "drifted": [name for name in metrics["drifted"] if name in kept],
        }
    return metrics


def _start(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{START}: found {text}, allowed is a time such as 2026-01-31T13:00:00Z") from None
    return start.astimezone(UTC) if start.tzinfo else start.replace(tzinfo=UTC)
