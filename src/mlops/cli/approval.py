"""`mlops approve` and `mlops reject`: a person's answer to a release that waits for approval."""

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
    help="Refuse unless this checkout is the source of the release, byte for byte. Without this option "
    "the comparison runs only in a checkout of the release's commit.",
)
def approve(execution: str | None, comment: str, verify_source: bool) -> None:
    """Let a release go to production.

    Without EXECUTION: the release that waits for approval, if no other is on its way.
    """
    _say_how_to_follow(show(release.approve(release.find(), execution, comment=comment, verify_source=verify_source)))


@click.command()
@_execution
@_comment
def reject(execution: str | None, comment: str) -> None:
    """Keep a release from production.

    Without EXECUTION: the release that waits for approval, if no other is on its way.
    """
    _say_how_to_follow(show(release.reject(release.find(), execution, comment=comment)))


def _say_how_to_follow(execution_id: str) -> None:
    console.write(f"Follow the release with: mlops watch {execution_id}")
