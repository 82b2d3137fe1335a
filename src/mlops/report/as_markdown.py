"""The document as Markdown, for a pull request or a job's summary on GitHub."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from mlops import target_bounds
from mlops.pages.numbers import duration, exact, moment, number, percent, share, signed_percent, signed_share
from mlops.report import classification, comparison, drift, figures, metrics, view

_RIGHT, _LEFT = "---:", ":---"
# Of very many columns; a comment on GitHub holds 65,536 characters.
_MOST_COLUMNS = 20
# What GitHub would read as markup in a label.
_MARKUP = str.maketrans({character: f"&#{ord(character)};" for character in "&<>`*_[]~|"})
# GitHub notifies users and teams named with @ outside of code.
_CODE_OR_MENTION = re.compile(r"(`[^`\n]*`)|@(?=\w)")


def render(document: dict[str, Any]) -> str:
    """Headings and tables, without the charts of the page."""
    parts = [_head, _comparison, _figures, _drift, _release, _evaluation, _tuning, _qa, _pipeline, _logs]
    text = "\n\n".join(text for part in parts if (text := part(document))) + "\n"
    return _CODE_OR_MENTION.sub(lambda match: match[1] or "@&#8203;", text)


def table(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]]) -> str:
    """A table of GitHub's Markdown. `columns` are titles with their alignment."""
    lines = [[title for title, _ in columns], [alignment for _, alignment in columns]]
    lines += [[_cell(value) for value in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def _code(value: object) -> str:
    return f"`{value}`" if value else number(None)


def _head(document: dict[str, Any]) -> str:
    outcome, execution = view.outcome(document), document["execution"]
    title = f"# {outcome.sign} {outcome.word}: {document['model']}, {view.code(execution['commit'])}"
    lines = [title, document["verdict"]["sentence"]]
    if log := document["verdict"]["log"]:
        lines.append(f"Log: `mlops logs {log} --execution {execution['id']}`")
    dataset = document["dataset"]
    if dataset and dataset["synthetic"]:
        lines.append(
            "> **Synthetic data.** Every row is generated. The metrics show that the pipeline works, not how good the "
            f"model is on real data. Source: {dataset['source']}"
        )
    tiles = view.tiles(document)
    if tiles:
        columns = [(tile.name, _RIGHT) for tile in tiles]
        values = [f"**{tile.value}** {tile.unit}".strip() for tile in tiles]
        lines.append(table(columns, [values, [tile.note for tile in tiles]]))
    return "\n\n".join(lines)


def _comparison(document: dict[str, Any]) -> str:
    rows = comparison.compare(document)
    if not rows:
        return ""
    code = view.code(document["baseline"]["execution"]["commit"])
    columns = [("Value", _LEFT), ("This", _RIGHT), ("Main", _RIGHT), ("Change", _RIGHT), ("Result", _LEFT)]
    shown = [
        (
            f"{row.name} ({row.unit})" if row.unit else row.name,
            number(row.this),
            number(row.other),
            signed_percent(row.change),
            row.word,
        )
        for row in rows
    ]
    return f"## Compared with main\n\nMain is {code}.\n\n{table(columns, shown)}"


def _figures(document: dict[str, Any]) -> str:
    found = figures.figures(document)
    if not found:
        return ""
    main = bool(document.get("baseline"))
    titles = ("This", "Main", "Difference") if main else ("This",)
    columns = [("What", _LEFT), *((title, _RIGHT) for title in titles)]
    rows = [(each.name, each.this, *((each.main, each.difference) if main else ())) for each in found]
    return "\n\n".join(["## Cost, sizes and times", table(columns, rows), *figures.notes(document)])


def _drift(document: dict[str, Any]) -> str:
    rows = drift.rows(document)
    parts = [f"## {drift.title(document)}", drift.summary(document)]
    if not parts[-1]:
        return ""
    if rows:
        main = [("Main", _RIGHT), ("Difference", _RIGHT)] if document.get("baseline") else []
        columns = [("Column", _LEFT), ("Distance", _RIGHT), *main, ("Allowed", _RIGHT), ("Result", _LEFT)]
        shown = [
            (
                _label(row.name),
                share(row.distance),
                *((share(row.main), signed_share(row.difference)) if main else ()),
                exact(row.threshold),
                "✗ drift" if row.drifted else "",
            )
            for row in rows[:_MOST_COLUMNS]
        ]
        parts.append(table(columns, shown))
    if len(rows) > _MOST_COLUMNS:
        parts.append(f"{len(rows) - _MOST_COLUMNS} more columns have smaller distances.")
    return "\n\n".join(parts)


def _trigger(execution: dict[str, Any]) -> str:
    return ", ".join(filter(None, (execution["trigger"], execution.get("started_by")))) or "–"


def _release(document: dict[str, Any]) -> str:
    execution, release, package = document["execution"], document["release"], document["model_package"]
    facts = [
        ("Execution", _code(execution["id"])),
        ("Started", f"{moment(execution['started'])}, {duration(execution['seconds'])}"),
        ("Trigger", _trigger(execution)),
        ("Commit", _code(execution["commit"])),
        ("Data version", _code(execution["data_version"])),
        ("Image", _code(release["image"])),
        ("Training job", _code(release["training_job"])),
        ("Model", _code(release["model_data"])),
    ]
    if approval := view.approval(document):
        facts.append(("Approval", approval))
    if package:
        facts.append(("Model package", f"{package['group']}, version {package['version']}: {package['approval']}"))
    for endpoint in document["endpoints"]:
        serves = "serves this release" if endpoint["serves_this"] else f"serves execution {endpoint['execution']}"
        if challenger := endpoint["challenger"]:
            share = f"with {challenger['share']:.3g} of the traffic"
            serves += f"; challenger {challenger['name']} {share} serves execution {challenger['execution']}"
        facts.append((f"Endpoint {endpoint['stage']}, now", f"`{endpoint['name']}` {endpoint['status']}, {serves}"))
    if traffic := view.traffic(document):
        facts.append(("Traffic shift", traffic))
    hyperparameters = ", ".join(
        f"`{name}={value}`" + (f" ({source})" if source else "")
        for name, value, source in view.hyperparameters(document)
    )
    if hyperparameters:
        facts.append(("Hyperparameters", hyperparameters))
    return f"## {view.release_title(document)}\n\n" + table([("What", _LEFT), ("Which", _LEFT)], facts)


def _evaluation(document: dict[str, Any]) -> str:
    evaluation = document["evaluation"]
    if not evaluation:
        return ""
    parts = [
        f"## Evaluation\n\nOn {number(evaluation['rows'])} rows of the test set.",
        _metrics(document),
        *_outside_bounds(evaluation),
        *_production_reason(evaluation),
        *filter(None, [metrics.left_out_comparison(document)]),
    ]
    shown = classification.read(evaluation)
    parts += _classification(document, shown) if shown else _regression(document["predictions"])
    return "\n\n".join(parts)


def _metrics(document: dict[str, Any]) -> str:
    main = [("Main", _RIGHT), ("Change", _RIGHT)] if document.get("baseline") else []
    titles = ("This model", "In production before", "Change")
    columns = [("Metric", _LEFT), *((title, _RIGHT) for title in titles), *main, ("Bound", _RIGHT), ("Result", _LEFT)]
    rows = [
        (
            metric.name,
            _with_deviation(metric.value, metric.deviation),
            _with_deviation(metric.production, metric.production_deviation),
            signed_percent(metric.change),
            *((number(metric.main), signed_percent(metric.main_change)) if main else ()),
            _bound(metric),
            metric.word,
        )
        for metric in metrics.rows(document)
    ]
    return table(columns, rows)


def _bound(metric: metrics.Row) -> str:
    if metric.bound is None:
        return exact(None)
    bound = f"{metric.limit} {exact(metric.bound)}"
    if metric.allowed_regression is None:
        return bound
    return f"{bound}, at most {percent(metric.allowed_regression)} worse than production"


def _outside_bounds(evaluation: dict[str, Any]) -> list[str]:
    sentence = target_bounds.sentence(evaluation)
    return [f"> **Outside the bounds.** {sentence}."] if sentence else []


def _production_reason(evaluation: dict[str, Any]) -> list[str]:
    reason = (evaluation.get("production") or {}).get("reason")
    return [f"The model in production could not be evaluated on this test set: {reason}"] if reason else []


def _regression(predictions: dict[str, Any] | None) -> list[str]:
    if not predictions:
        return []
    shares = ", ".join(
        f"{name[1:]} % are off by at most {number(value, 3)}" for name, value in predictions["absolute_error"].items()
    )
    return [f"Of the predictions, {shares}. {percent(predictions['within_10_percent'])} are within 10 %."]


def _classification(document: dict[str, Any], shown: classification.Classification) -> list[str]:
    parts = []
    if shown.positive is not None:
        parts.append(f"The positive label is {_label(shown.positive)}.")
    if shown.table:
        parts += [_labels(shown), _confusion_matrix(shown.table)]
    if shown.confusions:
        columns = [("Actual", _LEFT), ("Predicted", _LEFT), ("Rows", _RIGHT), ("Share of the actual label", _RIGHT)]
        rows = [
            (_label(each.actual), _label(each.predicted), number(each.rows), percent(each.share))
            for each in shown.confusions
        ]
        parts.append(f"### Most frequent mistakes\n\n{table(columns, rows)}")
    if shown.calibration_error is not None:
        error = percent(shown.calibration_error)
        parts.append(f"Calibration: on average the observed share is {error} from the predicted probability.")
    if disagreement := view.disagreement(document):
        parts.append(disagreement)
    return parts


def _labels(shown: classification.Classification) -> str:
    assert shown.table
    areas = [("ROC area", _RIGHT), ("PR area", _RIGHT)] if shown.positive is None else []
    titles = ("Rows", "Precision", "Recall", "F1")
    columns = [("Label", _LEFT), *((title, _RIGHT) for title in titles), *areas]
    rows = [
        (
            _label(label.title),
            number(label.rows),
            *(number(value, 3) for value in (label.precision, label.recall, label.f1)),
            *((number(label.roc_area, 3), number(label.precision_recall_area, 3)) if areas else ()),
        )
        for label in shown.table.labels
    ]
    return f"### Labels\n\n{table(columns, rows)}"


def _confusion_matrix(shown: classification.Table) -> str:
    columns = [("Actual \\ predicted", _LEFT), *((_label(label.title), _RIGHT) for label in shown.labels)]
    rows = [(_label(label.title), *map(number, cells)) for label, cells in zip(shown.labels, shown.cells, strict=True)]
    return f"### Confusion matrix\n\n{table(columns, rows)}"


def _label(name: str) -> str:
    return name.translate(_MARKUP)


def _with_deviation(value: float | None, deviation: float | None) -> str:
    return number(value) if deviation is None else f"{number(value)} ± {number(deviation, 2)}"


def _tuning(document: dict[str, Any]) -> str:
    tuning = document["tuning"]
    if not tuning:
        return ""
    names = view.tuned_names(document)
    titles = [*names, str(tuning["metric"]), "Took"]
    columns = [("Trial", _LEFT), *((title, _RIGHT) for title in titles), ("Status", _LEFT)]
    rows = []
    for position, trial in enumerate(tuning["trials"], start=1):
        best = " (best)" if trial["name"] == tuning["best"] else ""
        settings = [view.setting(trial["hyperparameters"].get(name)) for name in names]
        row = [f"{position}{best}", *settings, number(trial["objective"], 5), duration(trial["seconds"])]
        rows.append([*row, trial["status"]])
    return f"## Tuning\n\n{tuning['strategy']} search, {tuning['goal'].lower()} {tuning['metric']}.\n\n" + table(
        columns, rows
    )


def _qa(document: dict[str, Any]) -> str:
    results = [("QA of the test endpoint", document["qa"]), ("Smoke test of production", document["smoke"])]
    return "\n\n".join(f"## {title}\n\n{_checks(result)}" for title, result in results if result)


def _checks(result: dict[str, Any]) -> str:
    columns = [("Check", _LEFT), ("Value", _RIGHT), ("Bound", _RIGHT), ("Unit", _LEFT), ("Result", _LEFT)]
    rows = [
        (
            check["name"],
            number(check["value"], 3),
            exact(check["bound"]),
            check["unit"],
            "✓" if check["passed"] else f"✗ {check['message']}",
        )
        for check in result["checks"]
    ]
    load = result["load"]
    if not load:
        return table(columns, rows)
    latencies = ", ".join(f"{name} {number(value, 3)}" for name, value in load["latency_ms"].items())
    text = f"{load['users']} users, {number(load['requests'])} requests. Latency in ms: {latencies}."
    if load["generator_bound"]:
        text += " **The load generator was the bottleneck: the endpoint is at least as good as these numbers.**"
    return f"{text}\n\n{table(columns, rows)}"


def _pipeline(document: dict[str, Any]) -> str:
    rows = [
        (action["path"], action["state"], duration(action["seconds"]), action["error"] or action["summary"])
        for stage in document["stages"]
        for action in stage["actions"]
    ]
    columns = [("Action", _LEFT), ("State", _LEFT), ("Took", _RIGHT), ("Note", _LEFT)]
    return f"## Pipeline\n\n{table(columns, rows)}"


def _logs(document: dict[str, Any]) -> str:
    rows = []
    for log in document["logs"]:
        group = f"[{log['group']}]({log['link']})" if log["link"] else f"`{log['group']}`"
        rows.append((log["name"], group, _code(log["stream"])))
    text = (
        f"## Logs and files\n\nFiles: `{document['location']}`\n\n"
        f"Read a log with `mlops logs NAME --execution {document['execution']['id']}`."
    )
    if not rows:
        return text
    return f"{text}\n\n{table([('Name', _LEFT), ('Log group', _LEFT), ('Stream', _LEFT)], rows)}"
