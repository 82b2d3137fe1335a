"""`mlops rollback`: production back on an earlier release."""

from __future__ import annotations

import click

from mlops import release
from mlops.cli.show import show


@click.command()
@click.option(
    "--to",
    "to",
    metavar="VERSION",
    help="Version of the model package, or the model_version of an answer, which is the id of its execution.  "
    "[default: the previous]",
)
@click.option("--reason", default="", help="Why. It is kept with the model package that is left.")
def rollback(to: str | None, reason: str) -> None:
    """Put the previous model package back into production.

    Nothing is built or trained: what its release deployed is deployed again, functions and settings included. The
    traffic is shifted at once, also while alarms ring, and the package that is left is marked as rejected.
    """
    show(release.roll_back(release.find(), to, reason=reason))
