"""The document as one HTML page that needs nothing else: style and charts are in it, scripts there are none."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mlops.report import comparison, numbers, timeline, view
from mlops.report.charts import accuracy, load, tuning


def render(document: dict[str, Any]) -> str:
    """The page."""
    return _environment().get_template("report.html").render(**{"baseline": None, **document}, **_shown(document))


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("mlops.report"), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    for function in (
        numbers.figure,
        numbers.given,
        numbers.percent,
        numbers.signed_percent,
        numbers.duration,
        numbers.size,
    ):
        environment.filters[function.__name__] = function
    environment.filters |= {
        "moment": numbers.moment,
        "code": view.code,
        "setting": view.setting,
        "tone": view.tone,
    }
    return environment


def _shown(document: dict[str, Any]) -> dict[str, Any]:
    parts = [
        ("comparison", "Beside main", comparison.compare(document)),
        ("release", "Release", True),
        ("accuracy", "Accuracy", document["evaluation"]),
        ("tuning", "Tuning", document["tuning"]),
        ("qa", "QA", document["qa"] or document["smoke"]),
        ("pipeline", "Pipeline", True),
        ("logs", "Logs and files", True),
    ]
    return {
        "outcome": view.outcome(document),
        "comparison": comparison.compare(document),
        "release_title": view.release_title(document),
        "contents": [(name, title) for name, title, there in parts if there],
        "tiles": view.tiles(document),
        "metrics": view.metrics(document),
        "hyperparameters": view.hyperparameters(document),
        "tuned": view.tuned_names(document),
        "timeline": timeline.bars(document),
        "approval": view.approval(document),
        "shifted": view.traffic(document),
        "image": view.image(document["release"]["image"]),
        "bounds": view.bounds(document),
        "waited": view.waited_for_people(document),
        "charts": _charts(document),
    }


def _charts(document: dict[str, Any]) -> dict[str, Markup]:
    """The figures that there is something to draw for, by name; the others are empty."""
    drawn = dict.fromkeys(("predicted", "residuals", "trials", "latency", "throughput"), "")
    if document["predictions"]:
        target = (document["dataset"] or {}).get("target", "value")
        drawn["predicted"] = accuracy.predicted_against_actual(document["predictions"], target)
        drawn["residuals"] = accuracy.residuals(document["predictions"], target)
    if document["tuning"]:
        drawn["trials"] = tuning.objective_by_trial(document["tuning"])
    measured = (document["qa"] or {}).get("load")
    if measured and measured["series"]:
        bounds = view.bounds(document)
        drawn["latency"] = load.latency(measured, bounds.get("p95 latency"))
        drawn["throughput"] = load.throughput(measured, bounds.get("throughput"))
    # The charts escape the texts that they draw.
    return {name: Markup(svg) for name, svg in drawn.items()}
