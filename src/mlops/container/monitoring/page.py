"""report.html: a self-contained page for people, without scripts and without templates, which the image does not have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Any

from mlops import metrics, pages
from mlops.container.monitoring import charts
from mlops.container.monitoring.capture import Captured, Counts
from mlops.container.monitoring.comparison import Compared, Violation
from mlops.container.monitoring.truth import GroundTruth
from mlops.container.summaries import CategorySummary
from mlops.pages.numbers import NONE, exact, number, percent

MOST_CHARTS = 60
MOST_VIOLATIONS = 200


def render(
    captured: Captured,
    columns: Sequence[Compared],
    violations: Sequence[Violation],
    truth: GroundTruth,
    quality: dict[str, Any] | None,
    reason: str,
    start: datetime | None,
    now: datetime,
) -> str:
    """The page. `reason` is why there is no quality."""
    ordered = sorted(columns, key=_order)
    target = captured.predictions.name
    word, tone, sign, words = _outcome(captured.counts, columns, violations)
    body = [
        '<header class="top"><p class="eyebrow">Monitoring</p><h1>Captured data against the baseline</h1>',
        f'<div class="verdict {tone}"><span class="sign" aria-hidden="true">{sign}</span>',
        f"<div><strong>{escape(word)}</strong><p>{escape(words)}</p></div></div>",
        _meta(captured.counts, start, now),
        _tiles(captured.counts, columns, violations),
        "</header><main>",
        _violations(violations),
        _quality(truth, quality, reason),
        _table(ordered, target),
        _charts(ordered, target),
        "</main><footer>Drift is a distance above its threshold that chance does not explain.</footer>",
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(word)}: monitoring</title>\n<style>\n{pages.style()}</style>\n</head>\n<body>\n"
        f"{''.join(body)}\n</body>\n</html>\n"
    )


def _order(compared: Compared) -> tuple[bool, bool, float]:
    """Drifted columns first, then those with other violations, then by distance."""
    distance = compared.drift.distance / (compared.drift.threshold or 1) if compared.drift else 0.0
    return not compared.drifted, not compared.violations, -distance


def _outcome(counts: Counts, columns: Sequence[Compared], violations: Sequence[Violation]) -> tuple[str, str, str, str]:
    """A word, the tone of style.css, a sign, and a sentence."""
    drifted = [compared.column.name for compared in columns if compared.drifted]
    if drifted:
        named = ", ".join(drifted[:5]) + (f" and {len(drifted) - 5} more" if len(drifted) > 5 else "")
        return "Drift", "bad", "!", f"{_count(len(drifted), 'column')} of {len(columns)} drifted: {named}."
    if violations:
        return "Violations", "wait", "!", f"{_count(len(violations), 'violation')} of the constraints, no drift."
    if not counts.rows:
        return "Nothing to compare", "run", "–", "No record with rows was captured."
    return "No drift", "good", "✓", f"{_count(counts.rows, 'row')} like the baseline's."


def _meta(counts: Counts, start: datetime | None, now: datetime) -> str:
    shown = []
    if counts.first is not None and counts.last is not None:
        shown.append(f"Captured {counts.first:%d %b %Y, %H:%M} to {counts.last:%d %b %Y, %H:%M} UTC")
    if start is not None:
        shown.append(f"Late before {start:%d %b %Y, %H:%M} UTC")
    shown.append(f"Made {now:%d %b %Y, %H:%M} UTC")
    return f'<div class="meta">{"".join(f"<span>{escape(text)}</span>" for text in shown)}</div>'


def _tiles(counts: Counts, columns: Sequence[Compared], violations: Sequence[Violation]) -> str:
    tiles = [
        (f"{counts.rows:,}", "rows", f"in {_count(counts.records, 'record')}"),
        (f"{sum(compared.drifted for compared in columns)}", "drifted", f"of {_count(len(columns), 'column')}"),
        (f"{len(violations):,}", "violations", "of the constraints"),
        (f"{counts.unreadable:,}", "unreadable", "truncated, or not JSON"),
        (f"{counts.foreign:,}", "foreign", "other columns or content"),
        (f"{counts.late:,}", "late", "from before this window"),
        (f"{counts.synthetic:,}", "synthetic", "of checks, not of clients"),
    ]
    shown = (
        f'<li><b>{value}</b><span class="name">{escape(name)}</span><span>{escape(words)}</span></li>'
        for value, name, words in tiles
    )
    return f'<ul class="tiles">{"".join(shown)}</ul>'


def _violations(violations: Sequence[Violation]) -> str:
    if not violations:
        return ""
    drifted = [violation for violation in violations if violation.check == "baseline_drift_check"]
    ordered = drifted + [violation for violation in violations if violation.check != "baseline_drift_check"]
    rows = (
        f'<tr><th scope="row">{escape(violation.feature)}</th>'
        f'<td><span class="state {"bad" if violation.check == "baseline_drift_check" else "wait"}">'
        f"{escape(_title(violation))}</span><br>{escape(violation.description)}</td></tr>"
        for violation in ordered[:MOST_VIOLATIONS]
    )
    left = len(violations) - MOST_VIOLATIONS
    more = f'<p class="note">{left:,} more are in constraint_violations.json.</p>' if left > 0 else ""
    return _section(
        "Violations",
        "Of the release's constraints.json.",
        _grid(("Column", "Found"), rows) + more,
    )


def _title(violation: Violation) -> str:
    return violation.check.removesuffix("_check").replace("_", " ")


def _quality(truth: GroundTruth, quality: dict[str, Any] | None, reason: str) -> str:
    if not truth.records:
        return ""
    counts = (
        f"{_count(truth.records, 'record')} of ground truth: {_count(truth.rows, 'row')} joined, "
        f"{truth.waiting:,} without a captured prediction, {truth.unusable:,} unusable, {truth.beyond:,} beyond the limit."
    )
    if quality is None:
        return _section("Model quality", counts, f"<p>No metrics: {escape(reason)}.</p>")
    problem = next(problem for problem, group in metrics.GROUPS.items() if group in quality)
    group = quality[metrics.GROUPS[problem]]
    rows = (
        f'<tr><th scope="row">{escape(name)}</th><td class="number">{number(group[name]["value"])} '
        f"<small>± {number(group[name]['standard_deviation'], 2)}</small></td></tr>"
        for name in metrics.METRICS[problem]
        if name in group
    )
    return _section("Model quality", counts, f'<div class="columns">{_grid(("Metric", "*Value"), rows)}</div>')


def _table(columns: Sequence[Compared], target: str) -> str:
    rows = (_row(compared, target) for compared in columns)
    heads = ("Column", "State", "*Distance", "*By chance", "*Missing", "*Captured", "*Baseline")
    words = (
        "Distance: Kolmogorov-Smirnov for numbers, the largest difference of a share for categories. By chance: the "
        "largest distance that so few rows may have. Captured and baseline: the median, or the most frequent value."
    )
    return _section("Columns", words, _grid(heads, rows))


def _row(compared: Compared, target: str) -> str:
    summary, known, drift = compared.column.summary, compared.known, compared.drift
    state, tone = _state(compared)
    count = compared.column.count
    middles = [_middle(values) for values in _distributions(compared)]
    note = " <small>predictions</small>" if compared.column.name == target else ""
    distance = f"{drift.distance:.3f} <small>of {exact(drift.threshold)}</small>" if drift else NONE
    missing = percent(summary.missing / count) if count else NONE
    if known and known.completeness is not None and known.completeness < 1:
        missing += f" <small>was {percent(1 - known.completeness)}</small>"
    return (
        f'<tr><th scope="row">{escape(compared.column.name)}{note}</th><td><span class="state {tone}">{state}</span></td>'
        f'<td class="number">{distance}</td><td class="number">{f"{drift.critical:.3f}" if drift else NONE}</td>'
        f'<td class="number">{missing}</td><td class="number">{middles[1]}</td><td class="number">{middles[0]}</td></tr>'
    )


def _state(compared: Compared) -> tuple[str, str]:
    if compared.drifted:
        return "drifted", "bad"
    if compared.violations:
        return _count(len(compared.violations), "violation"), "wait"
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
        name, (state, tone) = compared.column.name, _state(compared)
        if isinstance(compared.column.summary, CategorySummary):
            drawn = charts.categories(name, before or {}, now or {}, drifted=compared.drifted)
        else:
            drawn = charts.numbers(name, before, now, integer=compared.column.whole, drifted=compared.drifted)
        drift = compared.drift
        words = f", distance {drift.distance:.3f} of {exact(drift.threshold)}" if drift else ""
        role = "predictions against the baseline's target, " if name == target else ""
        figures.append(
            f"<figure><figcaption><b>{escape(name)}</b>{role}"
            f'<span class="state {tone}">{state}</span>{words}</figcaption>{drawn}</figure>'
        )
    left = len(columns) - MOST_CHARTS
    note = "Captured rows against the baseline."
    if left > 0:
        note += f" {left:,} columns with smaller distances are not drawn."
    return _section("Distributions", note, f'<div class="columns">{"".join(figures)}</div>') if figures else ""


def _section(title: str, note: str, content: str) -> str:
    return f'<section><h2>{escape(title)}</h2><p class="note">{escape(note)}</p>{content}</section>'


def _grid(heads: Iterable[str], rows: Iterable[str]) -> str:
    """A table. The heads of numbers begin with a star."""
    shown = "".join(
        f'<th scope="col"{" class=number" if head.startswith("*") else ""}>{escape(head.lstrip("*"))}</th>'
        for head in heads
    )
    return f'<div class="scroll"><table><thead><tr>{shown}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
