"""The document as Markdown, for a pull request or a job's summary on GitHub."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from mlops.report import comparison, view
from mlops.report.numbers import duration, figure, given, moment, percent, signed_percent

_RIGHT, _LEFT = "---:", ":---"
# GitHub notifies whom a text names with @, unless the text is code.
_CODE_OR_MENTION = re.compile(r"(`[^`\n]*`)|@(?=\w)")


def render(document: dict[str, Any]) -> str:
    """Headings and tables; charts are on the page only."""
    parts = [_head, _comparison, _release, _accuracy, _tuning, _qa, _pipeline, _logs]
    text = "\n\n".join(text for part in parts if (text := part(document))) + "\n"
    return _CODE_OR_MENTION.sub(lambda found: found[1] or "@&#8203;", text)


def table(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]]) -> str:
    """A table of GitHub's Markdown. `columns` are titles with their alignment."""
    lines = [[title for title, _ in columns], [alignment for _, alignment in columns]]
    lines += [[_cell(value) for value in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def _code(value: object) -> str:
    return f"`{value}`" if value else figure(None)


def _head(document: dict[str, Any]) -> str:
    outcome, execution = view.outcome(document), document["execution"]
    title = f"# {outcome.sign} {outcome.word}: {document['model']}, {view.code(execution['commit'])}"
    lines = [title, document["verdict"]["sentence"]]
    if log := document["verdict"]["log"]:
        lines.append(f"Its log: `mlops logs {log} --execution {execution['id']}`")
    dataset = document["dataset"]
    if dataset and dataset["synthetic"]:
        lines.append(
            "> **Synthetic data.** Every row was generated, none is real. The figures show that the pipeline works, "
            f"and say nothing about the world. Source: {dataset['source']}"
        )
    tiles = view.tiles(document)
    if tiles:
        columns = [(tile.name, _RIGHT) for tile in tiles]
        figures = [f"**{tile.figure}** {tile.unit}".strip() for tile in tiles]
        lines.append(table(columns, [figures, [tile.note for tile in tiles]]))
    return "\n\n".join(lines)


def _comparison(document: dict[str, Any]) -> str:
    rows = comparison.compare(document)
    if not rows:
        return ""
    code = view.code(document["baseline"]["execution"]["commit"])
    columns = [("Figure", _LEFT), ("This", _RIGHT), ("Main", _RIGHT), ("Change", _RIGHT), ("", _LEFT)]
    shown = [
        (
            f"{row.name} ({row.unit})" if row.unit else row.name,
            figure(row.this),
            figure(row.other),
            signed_percent(row.change),
            row.word,
        )
        for row in rows
    ]
    return f"## Beside the last figures of main\n\nThose of {code}.\n\n{table(columns, shown)}"


def _release(document: dict[str, Any]) -> str:
    execution, release, package = document["execution"], document["release"], document["model_package"]
    facts = [
        ("Execution", _code(execution["id"])),
        ("Started", f"{moment(execution['started'])}, {duration(execution['seconds'])}"),
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
        if second := endpoint["second_variant"]:
            share = f"with {second['share']:.3g} of the traffic"
            serves += f"; variant {second['name']} {share} serves execution {second['execution']}"
        facts.append((f"Endpoint {endpoint['stage']}, now", f"`{endpoint['name']}` {endpoint['status']}, {serves}"))
    if traffic := view.traffic(document):
        facts.append(("While traffic was shifted", traffic))
    hyperparameters = ", ".join(
        f"`{name}={value}`" + (f" ({origin})" if origin else "")
        for name, value, origin in view.hyperparameters(document)
    )
    if hyperparameters:
        facts.append(("Hyperparameters", hyperparameters))
    return f"## {view.release_title(document)}\n\n" + table([("What", _LEFT), ("Which", _LEFT)], facts)


def _accuracy(document: dict[str, Any]) -> str:
    evaluation, predictions = document["evaluation"], document["predictions"]
    if not evaluation:
        return ""
    titles = ("This model", "In production before", "Change", "Bound")
    columns = [("Metric", _LEFT), *((title, _RIGHT) for title in titles), ("Result", _LEFT)]
    rows = [
        (
            metric.name,
            _with_deviation(metric.value, metric.deviation),
            _with_deviation(metric.production, metric.production_deviation),
            signed_percent(metric.change),
            given(metric.bound),
            metric.word,
        )
        for metric in view.metrics(document)
    ]
    text = f"## Accuracy\n\nOn {figure(evaluation['rows'])} rows of the test set.\n\n{table(columns, rows)}"
    if predictions:
        shares = ", ".join(
            f"{name[1:]} % are off by at most {figure(value, 3)}"
            for name, value in predictions["absolute_error"].items()
        )
        text += f"\n\nOf the predictions, {shares}. {percent(predictions['within_10_percent'])} are within 10 %."
    return text


def _with_deviation(value: float | None, deviation: float | None) -> str:
    return figure(value) if deviation is None else f"{figure(value)} ± {figure(deviation, 2)}"


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
        row = [f"{position}{best}", *settings, figure(trial["objective"], 5), duration(trial["seconds"])]
        rows.append([*row, trial["status"]])
    return f"## Tuning\n\n{tuning['strategy']} search, {tuning['goal'].lower()} {tuning['metric']}.\n\n" + table(
        columns, rows
    )


def _qa(document: dict[str, Any]) -> str:
    found = [("QA of the test endpoint", document["qa"]), ("Smoke test of production", document["smoke"])]
    return "\n\n".join(f"## {title}\n\n{_checks(result)}" for title, result in found if result)


def _checks(result: dict[str, Any]) -> str:
    columns = [("Check", _LEFT), ("Figure", _RIGHT), ("Bound", _RIGHT), ("Unit", _LEFT), ("Result", _LEFT)]
    rows = [
        (
            check["name"],
            figure(check["figure"], 3),
            given(check["bound"]),
            check["unit"],
            "✓" if check["passed"] else f"✗ {check['message']}",
        )
        for check in result["checks"]
    ]
    load = result["load"]
    if not load:
        return table(columns, rows)
    latencies = ", ".join(f"{name} {figure(value, 3)}" for name, value in load["latency_ms"].items())
    text = f"{load['users']} users, {figure(load['requests'])} requests. Latency in ms: {latencies}."
    if load["generator_bound"]:
        text += " **The load generator was the bottleneck: the endpoint is at least as good as these figures.**"
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
        f"## Logs and files\n\nFiles: `{document['place']}`\n\n"
        f"A log is read with `mlops logs NAME --execution {document['execution']['id']}`."
    )
    if not rows:
        return text
    return f"{text}\n\n{table([('Name', _LEFT), ('Log group', _LEFT), ('Stream', _LEFT)], rows)}"
