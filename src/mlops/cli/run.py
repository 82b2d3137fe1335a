"""`mlops local run`: a whole release on this machine."""

from __future__ import annotations

import time
from pathlib import Path

import click

from mlops import release
from mlops.aws.executions import Execution
from mlops.cli import console
from mlops.cli.show import show
from mlops.cli.start import release_options
from mlops.errors import InputError


@click.command()
@release_options
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="The report.json of another release, to compare with in the report.",
)
@click.option("--approve", "approved", is_flag=True, help="Approve without asking.")
@click.option("--keep", is_flag=True, help="Leave the local cloud running, with the endpoint in it.")
@click.option("--port", type=click.IntRange(1024, 65535), help="[default: 4566, or a free one]")
def run(
    source: str | None,
    tune: bool,
    settings: tuple[str, ...],
    baseline: Path | None,
    approved: bool,
    keep: bool,
    port: int | None,
) -> None:
    """Run the whole pipeline on this machine: from the data to a prediction of the production endpoint.

    Uses the local cloud that `mlops local up` started, or starts one for the time of the run.
    """
    if not approved and not console.has_input():
        raise InputError("There is no terminal on which to ask for the approval. Add --approve.")
    repository = release.find()
    overrides = release.hyperparameters(repository, settings, tune=tune)
    document = release.read_baseline(baseline) if baseline else None
    started = time.monotonic()
    show(
        release.run_locally(
            repository,
            source,
            tune=tune,
            hyperparameters=overrides,
            decide=None if approved else _ask,
            baseline=document,
            keep=keep,
            port=port,
        )
    )
    console.write(f"The whole run took {console.elapsed(time.monotonic() - started)}.")


def _ask(execution: Execution) -> release.Decision:
    approved = click.confirm("Release this model to production?", default=False)
    return release.Decision(approved, click.prompt("Comment", default="" if approved else None, show_default=False))
