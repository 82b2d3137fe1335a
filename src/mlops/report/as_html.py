"""The document as one self-contained HTML page: style and charts are inline, and there are no scripts."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mlops import pages, target_bounds
from mlops.pages import numbers
from mlops.report import classification, comparison, drift, figures, metrics, timeline, view
from mlops.report.charts import classification as classifier
from mlops.report.charts import load, regression, tuning

_CHARTS = (
    *("predicted", "residuals", "trials", "latency", "throughput"),
    *("confusion", "roc", "precision_recall", "calibration", "probabilities"),
)


def render(document: dict[str, Any]) -> str:
    """The page."""
    return _environment().get_template("report.html").render(**{"baseline": None, **document}, **_shown(document))


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("mlops.report"), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    for function in (
        numbers.number,
        numbers.exact,
        numbers.share,
        numbers.signed_share,
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
    rows, compared = metrics.rows(document), comparison.compare(document)
    costs = figures.figures(document)
    parts = [
        ("comparison", "Compared with main", compared),
        ("figures", "Cost, sizes and times", costs),
        ("drift", "Data", document.get("drift")),
        ("release", "Release", True),
        ("evaluation", "Evaluation", document["evaluation"]),
        ("tuning", "Tuning", document["tuning"]),
        ("qa", "QA", document["qa"] or document["smoke"]),
        ("pipeline", "Pipeline", True),
        ("logs", "Logs and files", True),
    ]
    return {
        "style": Markup(pages.style()),
        "outcome": view.outcome(document),
        "comparison": compared,
        "figures": costs,
        "notes": figures.notes(document),
        "drifts": drift.rows(document),
        "drift_title": drift.title(document),
        "drift_summary": drift.summary(document),
        "release_title": view.release_title(document),
        "contents": [(name, title) for name, title, shown in parts if shown],
        "tiles": view.tiles(document),
        "metrics": rows,
        "outside_bounds": target_bounds.sentence(document["evaluation"]),
        "left_out_comparison": metrics.left_out_comparison(document),
        "judged": [row.name for row in rows if row.bound is not None],
        "classification": classification.read(document["evaluation"]),
        "disagreement": view.disagreement(document),
        "hyperparameters": view.hyperparameters(document),
        "tuned": view.tuned_names(document),
        "timeline": timeline.bars(document),
        "approval": view.approval(document),
        "shifted": view.traffic(document),
        "image": view.image(document["release"]["image"]),
        "bounds": view.bounds(document),
        "waited": view.waited_for_approval(document),
        "charts": _charts(document),
    }


def _charts(document: dict[str, Any]) -> dict[str, Markup]:
    """The charts by name; those without data are empty."""
    drawn = dict.fromkeys(_CHARTS, "")
    predictions, classes = document["predictions"], classification.read(document["evaluation"])
    if classes:
        drawn |= _classification_charts(classes, predictions)
    elif predictions and document["evaluation"]:
        target = (document["dataset"] or {}).get("target", "value")
        drawn["predicted"] = regression.predicted_against_actual(predictions, target)
        drawn["residuals"] = regression.residuals(predictions, target)
    if document["tuning"]:
        drawn["trials"] = tuning.objective_by_trial(document["tuning"])
    measured = (document["qa"] or {}).get("load")
    if measured and measured["series"]:
        bounds = view.bounds(document)
        drawn["latency"] = load.latency(measured, bounds.get("p95 latency"))
        drawn["throughput"] = load.throughput(measured, bounds.get("throughput"))
    # The charts escape the texts that they draw.
    return {name: Markup(svg) for name, svg in drawn.items()}


def _classification_charts(shown: classification.Classification, predictions: dict[str, Any] | None) -> dict[str, str]:
    drawn = {}
    if shown.table:
        drawn["confusion"] = classifier.confusion_matrix(shown.table)
    if shown.roc:
        drawn["roc"] = classifier.roc(shown.roc)
    if shown.precision_recall:
        drawn["precision_recall"] = classifier.precision_recall(shown.precision_recall, shown.prevalence)
    if shown.calibration:
        drawn["calibration"] = classifier.calibration(shown)
    if predictions:
        drawn["probabilities"] = classifier.probabilities(predictions)
    return drawn
