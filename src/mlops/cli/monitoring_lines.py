"""The lines about a run of monitoring."""

from __future__ import annotations

from mlops.aws.monitoring_runs import Run
from mlops.places import shown
from mlops.release.events import MonitoringEnded

_MOST = 20
_COUNTS = ("unreadable", "foreign", "late", "synthetic")


def nothing(reason: str) -> list[str]:
    """Why a run has judged nothing."""
    return [
        f"Nothing to judge. {reason}",
        "  Each record is compared once: a run of the schedule may have done it. Its report: mlops monitor open",
        "  Records arrive some minutes after their requests (in the local cloud seconds), and only while",
        "  InitialSamplingPercentage in configuration/production.yml is above 0.",
    ]


def ended(event: MonitoringEnded) -> list[str]:
    """What a run has found: its result, the counted records, each violation, and the report."""
    run = event.run
    rest = len(run.violations) - _MOST
    lines = [
        _result(event),
        f"  {_counted(run)}",
        *(f"  {each.name}: {_check(each.check)}. {each.description}" for each in run.violations[:_MOST]),
        *([f"  and {rest:,} more in {shown(run.report.with_name('constraint_violations.json'))}"] if rest > 0 else []),
    ]
    if event.is_violated:
        alarm = "quality" if run.of_quality else "drift"
        lines.append(f"  This raises the {alarm} alarm. What to do: docs/operations.md, {alarm.capitalize()}")
    return [*lines, f"  Report: {shown(run.report)}"]


def _result(event: MonitoringEnded) -> str:
    run, count = event.run, len(event.run.violations)
    if run.of_quality:
        if not run.rows:
            return "Nothing to judge by ground truth: no prediction of this time has any."
        words = "worse than a release may be" if count else "as good as a release has to be"
        return f"By ground truth, predictions are {words} ({_violations(count)})."
    if run.drifted:
        found = f"The requests differ from the baseline in {', '.join(run.drifted)}"
    elif count:
        found = "The requests violate the baseline's constraints, without drift"
    elif run.rows:
        return "ok: the requests are like the baseline (no violations)."
    else:
        return "Nothing to judge: no record has rows that can be compared."
    return f"{found} ({_violations(count)}, {event.allowed} allowed)."


def _counted(run: Run) -> str:
    metrics = run.metrics
    others = [f"{metrics[name]:,} {name}" for name in _COUNTS if name in metrics]
    if run.of_quality:
        values = [f"{name} {value:.4g}" for name, value in metrics.get("quality", {}).items()]
        judged = f"{run.rows:,} rows with ground truth, {metrics['unlabelled']:,} records without"
        return "; ".join(filter(None, (judged, ", ".join(values), ", ".join(others))))
    return f"{_number(run.rows, 'row')} in {_number(metrics['records'], 'record')}, of which {', '.join(others)}"


def _violations(count: int) -> str:
    return _number(count, "violation") if count else "no violations"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _check(check: str) -> str:
    """A check of Model Monitor in words: "baseline drift", "GreaterThanThreshold"."""
    return check.removesuffix("_check").replace("_", " ")
