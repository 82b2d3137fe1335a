"""`mlops track`: an execution as a run of MLflow."""

from __future__ import annotations

import click

from mlops import release
from mlops.cli.show import show


@click.command()
@click.argument("execution", required=False)
def track(execution: str | None) -> None:
    """Write an execution to MLflow.

    Without EXECUTION the latest one. The server is tracking_uri in configuration/project.json. `mlops watch` does it for
    a release that succeeds; an execution that the server has already is not written again.
    """
    show(release.track(release.find(), execution))
