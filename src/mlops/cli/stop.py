"""`mlops stop`: stop an execution."""

from __future__ import annotations

import click

from mlops import release
from mlops.cli.show import show


@click.command()
@click.argument("execution", required=False)
@click.option("--reason", default="", help="The reason, stored with the execution.")
def stop(execution: str | None, reason: str) -> None:
    """Stop an execution and wait for its end.

    Stops its builds and jobs too. Without EXECUTION: the running execution.
    """
    show(release.stop(release.find(), execution, reason=reason))
