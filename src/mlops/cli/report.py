"""`mlops report`: a page about an execution."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops.errors import InputError

if TYPE_CHECKING:
    from mlops.aws.executions import Execution
    from mlops.cli.project import Repository


@click.command()
@click.argument("execution", required=False)
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="[default: .mlops/reports/EXECUTION]")
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="The report.json of another release, to show its figures beside these.",
)
@click.option("--open", "opened", is_flag=True, help="Show it in the browser.")
def report(execution: str | None, output: Path | None, baseline: Path | None, opened: bool) -> None:
    """Write the report of an execution.

    Without EXECUTION the latest one. It comes as HTML, Markdown and JSON.
    """
    from mlops.aws import executions
    from mlops.cli import project

    repository = project.find()
    chosen = executions.named(repository.session, repository.names.pipeline, execution)
    page = write_report(repository, chosen, output, read_baseline(baseline))
    if opened:
        click.launch(page.as_uri())


def read_baseline(file: Path | None) -> dict[str, Any] | None:
    """The report.json beside whose figures others are shown. InputError for what is none."""
    import json

    if file is None:
        return None
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"--baseline: {file} is not JSON: {error}") from error
    if not isinstance(found, dict) or "verdict" not in found:
        raise InputError(f"--baseline: {file} is no report.json of `mlops report`")
    return found


def write_report(
    repository: Repository, execution_id: str, output: Path | None = None, baseline: dict[str, Any] | None = None
) -> Path:
    """Write the report and say where. Returns the HTML page."""
    from mlops import report as reporting
    from mlops.cli import console

    directory = _directory(repository, execution_id, output)
    with console.working("Writing the report"):
        files = reporting.write(repository.session, repository.project, execution_id, directory, baseline)
    return _say(files)


def write_last_seen(repository: Repository, execution: Execution, sentence: str) -> Path:
    """Write a report of an execution whose local cloud has ended, by its last known state. Returns the HTML page."""
    from mlops import report as reporting

    directory = _directory(repository, execution.id, None)
    account = repository.session.account
    return _say(reporting.write_last_seen(repository.project, account, execution, sentence, directory))


def _directory(repository: Repository, execution_id: str, output: Path | None) -> Path:
    directory = output or repository.state / "reports" / execution_id[:8]
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _say(files: dict[str, Path]) -> Path:
    from mlops.cli import console, project

    for kind, file in files.items():
        console.say(f"  {kind}: {project.shown(file)}")
    return files["html"].resolve()
