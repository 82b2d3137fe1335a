"""report.html of the comparison with the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any

from mlops.container.monitoring import charts, layout
from mlops.container.monitoring.capture import Captured, Counts
from mlops.container.monitoring.comparison import Compared, Violation
from mlops.container.monitoring.titles import title
from mlops.container.summaries import CategorySummary
from mlops.pages.numbers import NONE, exact, number, percent

MOST_CHARTS = 60
MOST_VIOLATIONS = 200


def render(
    captured: Captured,
    columns: Sequence[Compared],
    violations: Sequence[Violation],
    start: datetime | None,
    now: datetime,
) -> str:
    ordered = sorted(columns, key=_order)
    target = captured.predictions.name
    word, tone, sign, words = _outcome(captured.counts, columns, violations, target)
    body = [
        '<header class="top">',
        layout.verdict("Captured data against the baseline", word, tone, sign, words),
        layout.times(captured.counts, now, *([f"Late before {start:%d %b %Y, %H:%M} UTC"] if start else [])),
        _tiles(captured.counts, columns, violations),
        "</header><main>",
        _violations(violations, target),
        _table(ordered, target),
        _charts(ordered, target),
        "</main><footer>Drift is a distance above its threshold that chance does not explain.</footer>",
    ]
    return layout.document(f"{word}: monitoring", body)


def _order(compared: Compared) -> tuple[bool, bool, float]:
    """Drifted columns first, then those with other violations, then by distance."""
    distance = compared.drift.distance / (compared.drift.threshold or 1) if compared.drift else 0.0
    return not compared.drifted, not compared.violations, -distance


def _outcome(
    counts: Counts, columns: Sequence[Compared], violations: Sequence[Violation], target: str
) -> tuple[str, str, str, str]:
    """A word, the tone of style.css, a sign, and a sentence."""
    drifted = [title(compared.column.name, target) for compared in columns if compared.drifted]
    if drifted:
        named = ", ".join(drifted[:5]) + (f" and {len(drifted) - 5} more" if len(drifted) > 5 else "")
        return "Drift", "bad", "!", f"{layout.count(len(drifted), 'column')} of {len(columns)} drifted: {named}."
    if violations:
        return "Violations", "wait", "!", f"{layout.count(len(violations), 'violation')} of the constraints, no drift."
    if not counts.rows:
        return "Nothing to compare", "run", "–", "No record with rows was captured."
    return "No drift", "good", "✓", f"{layout.count(counts.rows, 'row')} like the baseline's."


def _tiles(counts: Counts, columns: Sequence[Compared], violations: Sequence[Violation]) -> str:
    tiles = [
        (f"{counts.rows:,}", "rows", f"in {layout.count(counts.records, 'record')}"),
        (f"{sum(compared.drifted for compared in columns)}", "drifted", f"of {layout.count(len(columns), 'column')}"),
        (f"{len(violations):,}", "violations", "of the constraints"),
        (f"{counts.unreadable:,}", "unreadable", "truncated, or not JSON"),
        (f"{counts.foreign:,}", "foreign", "other columns or content"),
        (f"{counts.late:,}", "late", "from before this window"),
        (f"{counts.synthetic:,}", "synthetic", "of checks, not of clients"),
    ]
    return layout.tiles(tiles)


def _violations(violations: Sequence[Violation], target: str) -> str:
    if not violations:
        return ""
    drifted = [violation for violation in violations if violation.check == "baseline_drift_check"]
    ordered = drifted + [violation for violation in violations if violation.check != "baseline_drift_check"]
    rows = (
        f'<tr><th scope="row">{escape(title(violation.feature, target))}</th>'
        f'<td><span class="state {"bad" if violation.check == "baseline_drift_check" else "wait"}">'
        f"{escape(_check(violation))}</span><br>{escape(violation.description)}</td></tr>"
        for violation in ordered[:MOST_VIOLATIONS]
    )
    left = len(violations) - MOST_VIOLATIONS
    more = f'<p class="note">{left:,} more are in constraint_violations.json.</p>' if left > 0 else ""
    return layout.section(
        "Violations",
        "Of the release's constraints.json.",
        layout.grid(("Column", "Found"), rows) + more,
    )


def _check(violation: Violation) -> str:
    return violation.check.removesuffix("_check").replace("_", " ")


def _table(columns: Sequence[Compared], target: str) -> str:
    rows = (_row(compared, target) for compared in columns)
    heads = ("Column", "State", "*Distance", "*By chance", "*Missing", "*Captured", "*Baseline")
    words = (
        "Distance: Kolmogorov-Smirnov for numbers, the largest difference of a share for categories. By chance: the "
        "largest distance that so few rows may have. Captured and baseline: the median, or the most frequent value."
    )
    return layout.section("Columns", words, layout.grid(heads, rows))


def _row(compared: Compared, target: str) -> str:
    summary, known, drift = compared.column.summary, compared.known, compared.drift
    state, tone = _state(compared)
    count = compared.column.count
    middles = [_middle(values) for values in _distributions(compared)]
    distance = f"{drift.distance:.3f} <small>of {exact(drift.threshold)}</small>" if drift else NONE
    missing = percent(summary.missing / count) if count else NONE
    if known and known.completeness is not None and known.completeness < 1:
        missing += f" <small>was {percent(1 - known.completeness)}</small>"
    return (
        f'<tr><th scope="row">{escape(title(compared.column.name, target))}</th><td><span class="state {tone}">{state}</span></td>'
        f'<td class="number">{distance}</td><td class="number">{f"{drift.critical:.3f}" if drift else NONE}</td>'
        f'<td class="number">{missing}</td><td class="number">{middles[1]}</td><td class="number">{middles[0]}</td></tr>'
    )


def _state(compared: Compared) -> tuple[str, str]:
    if compared.drifted:
        return "drifted", "bad"
    if compared.violations:
        return layout.count(len(compared.violations), "violation"), "wait"
    if compared.drift is None:
        return "not compared", ""
    if compared.drift.distance > compared.drift.threshold and not compared.drift.is_significant:
        return "too few rows", "run"
    return "alike", "good"


def _middle(values: Any) -> str:
    if not values:
        return NONE
    if isinstance(values, dict):
        return escape(max(values, key=values.__getitem__))
    return number(values.quantile(0.5), 4)


def _distributions(compared: Compared) -> tuple[Any, Any]:
    """Of the baseline and captured: sketches or counts; None without values."""
    summary, known = compared.column.summary, compared.known
    if isinstance(summary, CategorySummary):
        rest = {"other values": summary.rest} if summary.rest else {}
        return dict(known.shares) if known else None, {**summary.counts, **rest} or None
    return known.numbers if known else None, summary.sketch if summary.present else None


def _charts(columns: Sequence[Compared], target: str) -> str:
    figures = []
    for compared in columns[:MOST_CHARTS]:
        before, now = _distributions(compared)
        if not before and not now:
            continue
        name, (state, tone) = title(compared.column.name, target), _state(compared)
        if isinstance(compared.column.summary, CategorySummary):
            drawn = charts.categories(name, before or {}, now or {}, drifted=compared.drifted)
        else:
            drawn = charts.numbers(name, before, now, integer=compared.column.whole, drifted=compared.drifted)
        drift = compared.drift
        words = f", distance {drift.distance:.3f} of {exact(drift.threshold)}" if drift else ""
        role = "against the baseline's target, " if compared.column.name == target else ""
        figures.append(
            f"<figure><figcaption><b>{escape(name)}</b>{role}"
            f'<span class="state {tone}">{state}</span>{words}</figcaption>{drawn}</figure>'
        )
    left = len(columns) - MOST_CHARTS
    note = "Captured rows against the baseline."
    if left > 0:
        note += f" {left:,} columns with smaller distances are not drawn."
    return layout.section("Distributions", note, f'<div class="columns">{"".join(figures)}</div>') if figures else ""
