"""Compare captured predictions with ground truth that has arrived since, as a processing job: `… quality`.

Inputs: `capture` (*.jsonl in SageMaker's data-capture format) and `ground_truth` (*.jsonl in Model Monitor's format for
merging), each at any depth; both may be empty or absent. Output `monitoring`: statistics.json, constraints.json and
constraint_violations.json in Model Monitor's formats for model quality, report.html, and metrics.json, which the state
machine reads.

Environment variable QUALITY_BOUNDS: the worst values of metrics, such as "rmse=6 r2=0.8".
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from mlops import team
from mlops.container.directories import Container
from mlops.container.monitoring import judgement, output, quality_page
from mlops.container.monitoring.capture import Captured
from mlops.container.monitoring.truth import GroundTruth
from mlops.contract import problem_type
from mlops.errors import InputError

BOUNDS = "QUALITY_BOUNDS"


def quality(container: Container) -> None:
    """Write the files. Raises InputError for an unusable bound; no record is fatal."""
    target, features = team.features()
    problem = problem_type(target)
    try:
        bounds = judgement.bounds(os.environ.get(BOUNDS, ""), problem)
    except InputError as error:
        raise InputError(f"{BOUNDS}: {error}") from None
    truth = GroundTruth(target)
    captured = Captured(target, features, truth=truth)
    captured.read(container.processing_lines("capture"))
    truth.read(container.processing_lines("ground_truth"))
    statistics, reason = truth.quality()
    judged = list(judgement.judge(statistics, bounds, problem))
    violations = [each.described() for each in judged if each.is_violation]
    counts = captured.counts
    metrics: dict[str, Any] = {
        "records": counts.records,
        "rows": counts.rows,
        "unreadable": counts.unreadable,
        "foreign": counts.foreign,
        "unlabelled": truth.unlabelled,
        "quality_rows": truth.rows,
        "violations": len(violations),
    }
    if statistics is not None:
        metrics["quality"] = truth.values(statistics)
    documents: dict[str, Any] = {
        "constraints": judgement.constraints(bounds, problem),
        "constraint_violations": {"violations": violations},
        "metrics": metrics,
    }
    if statistics is not None:
        documents["statistics"] = statistics
    shown = quality_page.render(counts, truth, statistics, reason, judged, datetime.now(UTC))
    output.write(container.processing_output("monitoring"), documents, shown)
