"""`mlops report`: the report of an execution."""

from __future__ import annotations

from pathlib import Path

import click

from mlops import release
from mlops.cli.show import show


@click.command()
@click.argument("execution", required=False)
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="[default: .mlops/reports/EXECUTION]")
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="The report.json of another release, to compare with.",
)
@click.option("--open", "opened", is_flag=True, help="Show it in the browser.")
def report(execution: str | None, output: Path | None, baseline: Path | None, opened: bool) -> None:
    """Write the report of an execution.

    EXECUTION is its id, the beginning of it, or the number of its version; by default the latest one. The report comes
    as HTML, Markdown and JSON.
    """
    repository = release.find()
    document = release.read_baseline(baseline) if baseline else None
    page = show(release.write_report(repository, execution, output, document))
    if opened:
        click.launch(page.as_uri())
