"""The report of a pipeline execution: one document, as an HTML page, as Markdown and as JSON.

`collect` reads everything from AWS into the document; the renderers use nothing but the document. So report.json
has all the data of the page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlops import places
from mlops.aws.executions import Execution
from mlops.aws.session import Session
from mlops.configuration import Project
from mlops.report import as_html, as_json, as_markdown, drift
from mlops.report.collect import collect, last_seen

__all__ = ["collect", "write", "write_last_seen"]

_RENDERERS = {
    "html": ("report.html", as_html.render),
    "markdown": ("report.md", as_markdown.render),
    "json": ("report.json", as_json.render),
}


def write(
    session: Session,
    project: Project,
    execution_id: str | None,
    output: Path,
    baseline: dict[str, Any] | None = None,
    cost: dict[str, Any] | None = None,
) -> dict[str, Path]:
    """Write the report of an execution (None: of the latest one) into the directory `output`.

    `baseline` is the document of another release, to compare with; `cost` is part of the document. Returns the files by
    kind: html, markdown, json.
    The report of a running or failed execution has the results so far. Raises InputError when there is no such
    execution.
    """
    document = collect(session, project, execution_id)
    compared = drift.with_main(document, baseline)
    return _render({**document, "cost": cost, "drift": compared, "baseline": baseline}, output)


def write_last_seen(
    project: Project, account: str, execution: Execution, sentence: str, output: Path
) -> dict[str, Path]:
    """Write, like `write`, the last known state of an execution whose local cloud has ended because of `sentence`."""
    return _render({**last_seen(project, account, execution, sentence), "cost": None, "baseline": None}, output)


def _render(document: dict[str, Any], output: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for kind, (name, render) in _RENDERERS.items():
        files[kind] = output / name
        text = render(document)
        with places.writing(output):
            output.mkdir(parents=True, exist_ok=True)
            files[kind].write_text(text, encoding="utf-8")
    return files
