"""The report of a pipeline execution: one document, as an HTML page, as Markdown and as JSON.

`collect` asks AWS for everything and gives the document; the renderers know nothing but the document. So the JSON
that lies beside the page holds all that the page was made of.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlops.aws.executions import Execution
from mlops.aws.session import Session
from mlops.configuration import Project
from mlops.report import html, json, markdown
from mlops.report.collect import collect, last_seen

__all__ = ["collect", "write", "write_last_seen"]

_RENDERERS = {
    "html": ("report.html", html.render),
    "markdown": ("report.md", markdown.render),
    "json": ("report.json", json.render),
}


def write(
    session: Session,
    project: Project,
    execution_id: str | None,
    output: Path,
    baseline: dict[str, Any] | None = None,
) -> dict[str, Path]:
    """Write the report of an execution (None: of the latest one) into the directory `output`.

    `baseline` is the document of another release, whose figures are shown in comparison. Returns the files by kind:
    html, markdown, json. Of an execution that runs or has failed, the report holds the results so far. Raises
    InputError when there is no such execution.
    """
    return _render({**collect(session, project, execution_id), "baseline": baseline}, output)


def write_last_seen(
    project: Project, account: str, execution: Execution, sentence: str, output: Path
) -> dict[str, Path]:
    """Write the last known state of an execution whose local cloud has ended; `sentence` is the reason. As `write`."""
    return _render({**last_seen(project, account, execution, sentence), "baseline": None}, output)


def _render(document: dict[str, Any], output: Path) -> dict[str, Path]:
    output.mkdir(parents=True, exist_ok=True)
    written = {}
    for kind, (name, render) in _RENDERERS.items():
        written[kind] = output / name
        written[kind].write_text(render(document), encoding="utf-8")
    return written
