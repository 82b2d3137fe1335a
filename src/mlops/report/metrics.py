"""The metrics of an evaluation, compared with the gate, with the model in production and with main."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlops.contract import ProblemType
from mlops.metrics import GROUPS, METRICS
from mlops.report import baselines

_MINIMIZE = "Minimize"


@dataclass(frozen=True)
class Row:
    """A metric of this model. Changes are shares of the other model's value."""

    name: str
    value: float | None
    deviation: float | None
    production: float | None
    production_deviation: float | None
    change: float | None
    main: float | None
    main_change: float | None
    bound: float | None = None
    lower_is_better: bool | None = None
    allowed_regression: float | None = None
    word: str = ""
    tone: str = ""

    @property
    def limit(self) -> str:
        """The direction of the bound in words."""
        return "at most" if self.lower_is_better else "at least"


def problem_type(evaluation: Mapping[str, Any] | None) -> ProblemType:
    """The problem type in evaluation.json, by default a regression."""
    return ProblemType((evaluation or {}).get("problem_type", ProblemType.REGRESSION))


def group(evaluation: Mapping[str, Any] | None) -> dict[str, Any]:
    """The part of evaluation.json about this model: metrics, confusion matrix, curves, calibration."""
    return (evaluation or {}).get(GROUPS[problem_type(evaluation)], {})


def lower_is_better(problem: ProblemType, name: str) -> bool | None:
    """Whether a smaller value of the metric is better; None for a custom metric."""
    metric = METRICS[problem].get(name)
    return None if metric is None else metric.lower_is_better


def values(evaluation: Mapping[str, Any] | None) -> dict[str, float | None]:
    """The value of each metric by its name."""
    return {name: entry["value"] for name, entry in _entries(group(evaluation)).items()}


def rows(document: dict[str, Any]) -> list[Row]:
    """A row per metric, those of the gate first, in the gate's order."""
    evaluation, gates = document["evaluation"], gate_metrics(document)
    entries = _entries(group(evaluation))
    production = _entries(((evaluation or {}).get("production") or {}).get(GROUPS[problem_type(evaluation)], {}))
    main = main_values(document)
    gated = [name for name in gates if name in entries]
    names = [*gated, *(name for name in entries if name not in gates)]
    return [
        _row(name, problem_type(evaluation), entries[name], production.get(name, {}), main.get(name), gates.get(name))
        for name in names
    ]


def gate_metrics(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The gate's bounds by metric, each with the gate's `Production`."""
    gate = document["gate"] or {}
    compared = bool(gate.get("Production"))
    return {each["Name"]: {**each, "Production": compared} for each in gate.get("Metrics", [])}


def left_out_comparison(document: dict[str, Any]) -> str:
    """A sentence where the model in production was evaluated but evaluation.yml switches the comparison off, else ""."""
    gate, evaluation = document["gate"] or {}, document["evaluation"] or {}
    if not gate or gate.get("Production") or not evaluation.get("production"):
        return ""
    return (
        "The gate did not compare this model with production: compare_with_production is false in "
        "configuration/evaluation.yml."
    )


def main_values(document: dict[str, Any]) -> dict[str, float | None]:
    """The metrics of main by name; none without a baseline, or when its model solves another problem."""
    evaluation = (document.get("baseline") or {}).get("evaluation")
    with baselines.compared():
        if not evaluation or problem_type(evaluation) != problem_type(document["evaluation"]):
            return {}
        return values(evaluation)


def change(value: float | None, before: float | None) -> float | None:
    """The difference as a share of `before`; None without one of the values, and when `before` is zero."""
    if value is None or not before:
        return None
    return (value - before) / abs(before)


def _entries(group: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The metrics among the entries of a group. In the others, such as the confusion matrix, a value is not a number."""
    return {
        name: entry
        for name, entry in group.items()
        if isinstance(entry, dict) and type(entry.get("value", {})) in (int, float, type(None))
    }


def _row(
    name: str,
    problem: ProblemType,
    own: dict[str, Any],
    production: dict[str, Any],
    main: float | None,
    gate: dict[str, Any] | None,
) -> Row:
    value, reference = own["value"], production.get("value")
    changed = change(value, reference)
    word, tone = (
        _compared(changed, lower_is_better(problem, name)) if gate is None else _checked(value, reference, gate)
    )
    return Row(
        name=name,
        value=value,
        deviation=own.get("standard_deviation"),
        production=reference,
        production_deviation=production.get("standard_deviation"),
        change=changed,
        main=main,
        main_change=change(value, main),
        bound=gate["Bound"] if gate else None,
        lower_is_better=lower_is_better(problem, name),
        allowed_regression=gate["AllowedRegression"] if gate and gate["Production"] else None,
        word=word,
        tone=tone,
    )


def _compared(changed: float | None, lower: bool | None) -> tuple[str, str]:
    """Word and colour for a metric that the gate does not check."""
    if not changed or lower is None:
        return "", ""
    return ("better", "good") if (changed < 0) == lower else ("worse", "none")


def _checked(value: float | None, production: float | None, gate: dict[str, Any]) -> tuple[str, str]:
    if value is None:
        return "failed", "bad"
    return ("passed", "good") if _passes(value, production, gate) else ("failed", "bad")


def _passes(value: float, production: float | None, gate: dict[str, Any]) -> bool:
    sign = 1 if gate["Goal"] == _MINIMIZE else -1
    if sign * value > sign * gate["Bound"]:
        return False
    if not gate["Production"]:
        return True
    # Like the state machine, which refuses an evaluation without the value of the model in production.
    if production is None:
        return False
    return sign * value <= sign * production + abs(production) * gate["AllowedRegression"]
