"""`mlops approve` and `mlops reject`: a person's answer to a release that waits."""

from __future__ import annotations

import click

from mlops import release
from mlops.cli import console
from mlops.cli.show import show

_execution = click.argument("execution", required=False)
_comment = click.option("--comment", default="", help="Kept with the decision, at most 512 characters.")


@click.command()
@_execution
@_comment
@click.option(
    "--verify-source",
    is_flag=True,
    help="Refuse unless this checkout is the source of the release, byte for byte. A checkout of the release's commit "
    "is compared in any case.",
)
def approve(execution: str | None, comment: str, verify_source: bool) -> None:
    """Let a release go to production.

    Without EXECUTION the one that waits.
    """
    _say_what_follows(show(release.approve(release.find(), execution, comment=comment, verify_source=verify_source)))


@click.command()
@_execution
@_comment
def reject(execution: str | None, comment: str) -> None:
    """Keep a release from production.

    Without EXECUTION the one that waits.
    """
    _say_what_follows(show(release.reject(release.find(), execution, comment=comment)))


def _say_what_follows(execution_id: str) -> None:
    console.say(f"Watch what follows with: mlops watch {execution_id}")
