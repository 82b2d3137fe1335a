"""report.html of the model's quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from mlops import metrics
from mlops.container.monitoring import layout
from mlops.container.monitoring.capture import Counts
from mlops.container.monitoring.judgement import LEAST_ROWS, Judged
from mlops.container.monitoring.truth import GroundTruth
from mlops.pages.numbers import NONE, exact, number


def render(
    counts: Counts,
    truth: GroundTruth,
    statistics: Mapping[str, Any] | None,
    reason: str,
    judged: Sequence[Judged],
    now: datetime,
) -> str:
    """The page. `reason` is why there are no statistics."""
    word, tone, sign, words = _outcome(truth, statistics, reason, judged)
    body = [
        '<header class="top">',
        layout.verdict("Predictions against ground truth", word, tone, sign, words),
        layout.times(counts, now),
        layout.tiles(_tiles(counts, truth)),
        "</header><main>",
        _metrics(statistics, judged),
        _confusion(statistics),
        _ground_truth(truth),
        "</main><footer>A violation is a metric that is worse than the bound of the release's gate by more than two "
        "standard deviations.</footer>",
    ]
    return layout.document(f"{word}: model quality", body)


def _outcome(
    truth: GroundTruth, statistics: Mapping[str, Any] | None, reason: str, judged: Sequence[Judged]
) -> tuple[str, str, str, str]:
    if statistics is None:
        return "Nothing to judge", "run", "–", f"No metrics: {reason}."
    violations = [each.name for each in judged if each.is_violation]
    if violations:
        return "Worse than allowed", "bad", "!", f"{', '.join(violations)} of {layout.count(truth.rows, 'row')}."
    if judged and not judged[0].enough:
        words = f"{layout.count(truth.rows, 'row')} with ground truth; at least {LEAST_ROWS} are needed to judge."
        return "Too few rows", "run", "–", words
    words = f"{layout.count(truth.rows, 'row')} with ground truth, no metric worse than its bound."
    return "As good as released", "good", "✓", words


def _tiles(counts: Counts, truth: GroundTruth) -> list[tuple[str, str, str]]:
    return [
        (f"{truth.rows:,}", "judged", f"of {layout.count(counts.rows, 'row')}"),
        (f"{truth.unlabelled:,}", "unlabelled", f"of {layout.count(truth.expected, 'record')}"),
        (f"{truth.unusable:,}", "unusable", "records of ground truth"),
        (f"{truth.beyond:,}", "beyond", "the limit of one run"),
        (f"{counts.unreadable:,}", "unreadable", "truncated, or not JSON"),
        (f"{counts.foreign:,}", "foreign", "other columns or content"),
    ]


def _metrics(statistics: Mapping[str, Any] | None, judged: Sequence[Judged]) -> str:
    if statistics is None:
        return ""
    bounded = {each.name: each for each in judged}
    problem = next(problem for problem, group in metrics.GROUPS.items() if group in statistics)
    group = statistics[metrics.GROUPS[problem]]
    rows = (_row(name, group[name], bounded.get(name)) for name in metrics.METRICS[problem] if name in group)
    return layout.section(
        "Metrics",
        "± is the standard deviation over samples of as many rows. Bounds are those of configuration/evaluation.yml.",
        layout.grid(("Metric", "State", "*Value", "*Bound"), rows),
    )


def _row(name: str, found: Mapping[str, float], judged: Judged | None) -> str:
    state, tone = _state(judged)
    return (
        f'<tr><th scope="row">{escape(name)}</th><td><span class="state {tone}">{state}</span></td>'
        f'<td class="number">{number(found["value"])} <small>± {number(found["standard_deviation"], 2)}</small></td>'
        f'<td class="number">{exact(judged.bound) if judged else NONE}</td></tr>'
    )


def _state(judged: Judged | None) -> tuple[str, str]:
    if judged is None:
        return "no bound", ""
    if judged.is_violation:
        return "worse", "bad"
    if judged.is_worse:
        return ("by chance" if judged.enough else "too few rows"), "run"
    return "within", "good"


def _confusion(statistics: Mapping[str, Any] | None) -> str:
    groups = [
        group for group in metrics.GROUPS.values() if statistics and "confusion_matrix" in statistics.get(group, {})
    ]
    if not statistics or not groups:
        return ""
    matrix = statistics[groups[0]]["confusion_matrix"]
    labels = list(matrix)
    rows = (
        f'<tr><th scope="row">{escape(actual)}</th>'
        f"{''.join(f'<td class=number>{matrix[actual].get(label, 0):,}</td>' for label in labels)}</tr>"
        for actual in labels
    )
    grid = layout.grid(("Actual", *(f"*{label}" for label in labels)), rows)
    return layout.section("Confusion", "Rows of each actual label by predicted label.", grid)


def _ground_truth(truth: GroundTruth) -> str:
    words = (
        f"{layout.count(truth.records, 'record')} of ground truth read, {truth.elsewhere:,} of predictions outside of this "
        "window. Ground truth that arrives later than this run is not used."
    )
    return layout.section("Ground truth", words, "")
