"""`mlops stop`: stop an execution."""

from __future__ import annotations

import click

from mlops import release
from mlops.cli.show import show


@click.command()
@click.argument("execution", required=False)
@click.option("--reason", default="", help="Why. It is kept with the execution.")
def stop(execution: str | None, reason: str) -> None:
    """Stop an execution and wait for its end.

    The builds and jobs that run for it end with it. Without EXECUTION the one that runs.
    """
    show(release.stop(release.find(), execution, reason=reason))
