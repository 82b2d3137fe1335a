"""`mlops report`: a page about an execution."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mlops.cli.project import Repository


@click.command()
@click.argument("execution", required=False)
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), help="[default: .mlops/reports/EXECUTION]"
)
@click.option("--open", "opened", is_flag=True, help="Show it in the browser.")
def report(execution: str | None, output: Path | None, opened: bool) -> None:
    """Write the report of an execution.

    Without EXECUTION the latest one. It comes as HTML, Markdown and JSON.
    """
    from mlops.aws import executions
    from mlops.cli import project

    repository = project.find()
    chosen = execution or executions.latest(repository.session, repository.names.pipeline)
    page = write_report(repository, chosen, output)
    if opened:
        click.launch(page.as_uri())


def write_report(repository: Repository, execution_id: str, output: Path | None = None) -> Path:
    """Write the report and say where. Returns the HTML page."""
    from mlops import report as reporting
    from mlops.cli import console, project

    directory = output or repository.state / "reports" / execution_id[:8]
    directory.mkdir(parents=True, exist_ok=True)
    with console.working("Writing the report"):
        files = reporting.write(repository.session, repository.project, execution_id, directory)
    for kind, file in files.items():
        console.say(f"  {kind}: {project.shown(file)}")
    return files["html"].resolve()
