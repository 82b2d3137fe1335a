"""What both the page and the Markdown show and the document doesn't say word for word."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from mlops.report.numbers import NONE, duration, figure, given, moment, signed_percent

_LOWER_IS_BETTER = {"rmse": True, "mae": True, "r2": False}
_TONES = {
    "Succeeded": "good",
    "Completed": "good",
    "Failed": "bad",
    "Abandoned": "bad",
    "Stopped": "bad",
    "InProgress": "run",
    "Stopping": "run",
}


def lower_is_better(metric: str) -> bool:
    """Whether a smaller value of a metric is the better one; so it is for errors, which are most."""
    return _LOWER_IS_BETTER.get(metric, True)


@dataclass(frozen=True)
class Outcome:
    """How the execution ended, as a word, a sign, and the style's name of its colour."""

    word: str
    sign: str
    tone: str


_OUTCOMES = {
    "released": Outcome("Released", "✓", "good"),
    "failed": Outcome("Not released", "✗", "bad"),
    "unproven": Outcome("In production without passing its smoke test", "✗", "bad"),
    "waiting": Outcome("Waiting for approval", "‖", "wait"),
    "running": Outcome("Running", "…", "run"),
}


@dataclass(frozen=True)
class Tile:
    name: str
    figure: str
    unit: str
    note: str


@dataclass(frozen=True)
class Metric:
    """A metric of this model beside that of the model in production; `change` is a share of the latter."""

    name: str
    value: float | None
    deviation: float | None
    production: float | None
    production_deviation: float | None
    change: float | None
    bound: float | None
    word: str = ""
    tone: str = ""


def outcome(document: dict[str, Any]) -> Outcome:
    return _OUTCOMES[document["verdict"]["outcome"]]


def traffic(document: dict[str, Any]) -> str:
    """What became of the requests while the traffic was shifted, as a sentence; empty when none came."""
    counted = document["traffic"]
    if not counted or not counted["requests"]:
        return ""
    who = f"this release (version {counted['version']} of the function)" if counted["version"] else "the endpoint"
    return f"{who} got {figure(counted['requests'])} requests, {figure(counted['failed'])} of them failed"


def release_title(document: dict[str, Any]) -> str:
    """What the part about commit, data and image is called: what wasn't released is not said to be."""
    went = document["verdict"]["outcome"] in ("released", "unproven")
    return "What was released" if went else "What was to be released"


def tone(status: str) -> str:
    """The colour of a status in AWS's words; none for one that says neither good nor bad."""
    return _TONES.get(status, "")


def metrics(document: dict[str, Any]) -> list[Metric]:
    """The metrics of evaluation.json, the gate's one first."""
    evaluation, gate = document["evaluation"] or {}, document["gate"] or {}
    own = evaluation.get("regression_metrics", {})
    production = evaluation.get("production", {}).get("regression_metrics", {})
    names = sorted(own, key=lambda name: (name != gate.get("Metric"), list(own).index(name)))
    return [_metric(name, own[name], production.get(name, {}), gate) for name in names]


def tiles(document: dict[str, Any]) -> list[Tile]:
    """The few figures that say most."""
    found = []
    for metric in metrics(document)[:2]:
        notes = [f"bound {given(metric.bound)}"] if metric.bound is not None else []
        if metric.change is not None:
            notes.append(f"{signed_percent(metric.change)} to production")
        found.append(Tile(metric.name, figure(metric.value), "", ", ".join(notes) or "on the test set"))
    load = (document["qa"] or {}).get("load")
    if load:
        limits = bounds(document)
        for name, value, unit in (
            ("p95 latency", load["latency_ms"]["p95"], "ms"),
            ("throughput", load["throughput"], "requests/s"),
        ):
            found.append(Tile(name, figure(value, 3), unit, f"bound {given(limits.get(name))}"))
    seconds = document["execution"]["seconds"]
    if seconds is not None:
        waited = waited_for_people(document)
        note = "from source to the end" if document["execution"]["ended"] else "so far"
        if waited:
            note = f"{duration(seconds)} with the approval"
        found.append(Tile("pipeline", duration(seconds - waited), "", note))
    return found


def bounds(document: dict[str, Any]) -> dict[str, float]:
    """The bounds of QA's checks by their names."""
    return {check["name"]: check["bound"] for check in (document["qa"] or {}).get("checks", [])}


def waited_for_people(document: dict[str, Any]) -> float:
    """Seconds in which the pipeline waited for an approval."""
    actions = (action for stage in document["stages"] for action in stage["actions"])
    return sum(action["seconds"] or 0 for action in actions if action["category"] == "Approval")


def tuned_names(document: dict[str, Any]) -> list[str]:
    """The hyperparameters that the trials of the tuning differ in; none without a tuning."""
    trials = (document["tuning"] or {}).get("trials", [])
    return sorted({name for trial in trials for name in trial["hyperparameters"]})


def hyperparameters(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Name, value, and where the value comes from when it isn't configuration/trainingjob.json."""
    release, tuned = document["release"], tuned_names(document)
    given_now = json.loads(document["execution"]["hyperparameters"])
    found = []
    for name, value in sorted(release["hyperparameters"].items()):
        before = release["configured_hyperparameters"].get(name)
        origin = ""
        if name in tuned:
            origin = "tuned" if before is None else f"tuned, was {setting(before)}"
        elif name in given_now:
            origin = "set for this release"
        found.append((name, setting(value), origin))
    return found


def setting(value: str | None) -> str:
    """A hyperparameter's value without digits that tell nothing."""
    if value is None:
        return NONE
    try:
        number = float(value)
    except ValueError:
        return value
    return f"{number:.4g}"


def approval(document: dict[str, Any]) -> str:
    """Who decided, and with which comment; empty while nobody has."""
    actions = (action for stage in document["stages"] for action in stage["actions"])
    decided = [action for action in actions if action["category"] == "Approval" and action["by"] and action["ended"]]
    told = (f"{action['by']}, {moment(action['ended'])}: {action['summary'] or 'no comment'}" for action in decided)
    return "; ".join(told)


def code(commit: str | None) -> str:
    """What code it was, short enough for a title: `mlops start` marks what had not been committed."""
    if not commit:
        return "unknown code"
    first, _, uncommitted = commit.partition("+")
    if first == "uncommitted":
        return "code without a commit"
    short = f"commit {first[:8] if len(first) == 40 else first}"
    return f"{short} and uncommitted changes" if uncommitted else short


def image(uri: str | None) -> tuple[str, str]:
    """An image's repository (or tagged name) and its digest, "" when it is not pinned by one."""
    name, _, digest = (uri or "").partition("@")
    return name, digest


def _metric(name: str, own: dict[str, Any], production: dict[str, Any], gate: dict[str, Any]) -> Metric:
    value, before = own.get("value"), production.get("value")
    change = (value - before) / abs(before) if value is not None and before else None
    judged = name == gate.get("Metric")
    word, colour = "", ""
    if judged and value is not None:
        word, colour = ("passed", "good") if _passes(value, before, gate) else ("failed", "bad")
    elif change:
        lower = _LOWER_IS_BETTER.get(name)
        if lower is not None:
            word, colour = ("better", "good") if (change < 0) == lower else ("worse", "none")
    return Metric(
        name=name,
        value=value,
        deviation=own.get("standard_deviation"),
        production=before,
        production_deviation=production.get("standard_deviation"),
        change=change,
        bound=gate.get("Bound") if judged else None,
        word=word,
        tone=colour,
    )


def _passes(value: float, production: float | None, gate: dict[str, Any]) -> bool:
    sign = 1 if gate["Goal"] == "Minimize" else -1
    if sign * value > sign * gate["Bound"]:
        return False
    if not gate.get("Production") or production is None:
        return True
    return sign * value <= sign * production + abs(production) * gate["AllowedRegression"]
