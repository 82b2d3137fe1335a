"""Texts and numbers of the document that both the page and the Markdown show."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from mlops.pages.numbers import NONE, duration, exact, moment, number, signed_percent
from mlops.report import metrics

_TONES = {
    "Succeeded": "good",
    "Completed": "good",
    "Failed": "bad",
    "Abandoned": "bad",
    "Stopped": "bad",
    "InProgress": "run",
    "Stopping": "run",
}


@dataclass(frozen=True)
class Outcome:
    """The result of the execution as a word and a sign; `tone` is the colour's name in style.css."""

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
    """A number at the top of the report."""

    name: str
    value: str
    unit: str
    note: str


def outcome(document: dict[str, Any]) -> Outcome:
    return _OUTCOMES[document["verdict"]["outcome"]]


def traffic(document: dict[str, Any]) -> str:
    """The requests during the traffic shift, as a sentence; empty without requests."""
    counted = document["traffic"]
    if not counted or not counted["requests"]:
        return ""
    receiver = f"this release (version {counted['version']} of the function)" if counted["version"] else "the endpoint"
    return f"{receiver} received {number(counted['requests'])} requests, {number(counted['failed'])} of them failed"


def release_title(document: dict[str, Any]) -> str:
    """The title of the section about commit, data and image, by whether they were released."""
    released = document["verdict"]["outcome"] in ("released", "unproven")
    return "Release" if released else "Release candidate"


def disagreement(document: dict[str, Any]) -> str:
    """How a classifier's predictions differ from those of the model in production; empty without that model."""
    predictions = document["predictions"] or {}
    counted = predictions.get("production")
    if not counted:
        return ""
    return (
        f"The model in production predicts another label for {number(counted['different'])} of "
        f"{number(predictions['rows'])} rows: it is right on {number(counted['only_production_correct'])} of them, "
        f"this model on {number(counted['only_this_correct'])}."
    )


def tone(status: str) -> str:
    """The colour of an AWS status; "" for a status that is neither good nor bad."""
    return _TONES.get(status, "")


def tiles(document: dict[str, Any]) -> list[Tile]:
    """The most important numbers."""
    shown = []
    for metric in metrics.rows(document)[:2]:
        notes = [f"bound {exact(metric.bound)}"] if metric.bound is not None else []
        if metric.change is not None:
            notes.append(f"{signed_percent(metric.change)} against production")
        shown.append(Tile(metric.name, number(metric.value), "", ", ".join(notes) or "on the test set"))
    load = (document["qa"] or {}).get("load")
    if load:
        limits = bounds(document)
        for name, value, unit in (
            ("p95 latency", load["latency_ms"]["p95"], "ms"),
            ("throughput", load["throughput"], "requests/s"),
        ):
            shown.append(Tile(name, number(value, 3), unit, f"bound {exact(limits.get(name))}"))
    seconds = document["execution"]["seconds"]
    if seconds is not None:
        waited = waited_for_approval(document)
        note = "from source to the end" if document["execution"]["ended"] else "so far"
        if waited:
            note = f"{duration(seconds)} with the approval"
        shown.append(Tile("pipeline", duration(seconds - waited), "", note))
    return shown


def bounds(document: dict[str, Any]) -> dict[str, float]:
    """The bounds of QA's checks by their names."""
    return {check["name"]: check["bound"] for check in (document["qa"] or {}).get("checks", [])}


def waited_for_approval(document: dict[str, Any]) -> float:
    """Seconds that the pipeline waited for approvals."""
    actions = (action for stage in document["stages"] for action in stage["actions"])
    return sum(action["seconds"] or 0 for action in actions if action["category"] == "Approval")


def tuned_names(document: dict[str, Any]) -> list[str]:
    """The hyperparameters that the tuning varied."""
    trials = (document["tuning"] or {}).get("trials", [])
    return sorted({name for trial in trials for name in trial["hyperparameters"]})


def hyperparameters(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Name, value and, for values that do not come from configuration/trainingjob.json, their source."""
    release, tuned = document["release"], tuned_names(document)
    overrides = json.loads(document["execution"]["hyperparameters"])
    shown = []
    for name, value in sorted(release["hyperparameters"].items()):
        configured = release["configured_hyperparameters"].get(name)
        source = ""
        if name in tuned:
            source = "tuned" if configured is None else f"tuned, was {setting(configured)}"
        elif name in overrides:
            source = "set for this release"
        shown.append((name, setting(value), source))
    return shown


def setting(value: str | None) -> str:
    """A hyperparameter's value with four significant digits at most."""
    if value is None:
        return NONE
    try:
        parsed = float(value)
    except ValueError:
        return value
    return f"{parsed:.4g}"


def approval(document: dict[str, Any]) -> str:
    """The people who decided on the release, with their comments; empty before a decision."""
    actions = (action for stage in document["stages"] for action in stage["actions"])
    decided = [action for action in actions if action["category"] == "Approval" and action["by"] and action["ended"]]
    decisions = (
        f"{action['by']}, {moment(action['ended'])}: {action['summary'] or 'no comment'}" for action in decided
    )
    return "; ".join(decisions)


def code(commit: str | None) -> str:
    """The commit, short enough for a title. `mlops start` appends a mark for uncommitted changes."""
    if not commit:
        return "unknown code"
    first, _, uncommitted = commit.partition("+")
    if first == "uncommitted":
        return "code without a commit"
    short = f"commit {first[:8] if len(first) == 40 else first}"
    return f"{short} and uncommitted changes" if uncommitted else short


def image(uri: str | None) -> tuple[str, str]:
    """An image's repository (or tagged name) and its digest; "" for an image without a digest."""
    name, _, digest = (uri or "").partition("@")
    return name, digest
