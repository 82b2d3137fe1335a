"""`mlops approve` and `mlops reject`: a person's answer to a release that waits for approval."""

from __future__ import annotations

import click

from mlops import release
from mlops.cli import console
from mlops.cli.show import show
from mlops.errors import PipelineError

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
@click.option(
    "--despite-change",
    is_flag=True,
    help="Approve also where production serves another model than the one that the release was evaluated against. "
    "Without this option a terminal asks, and without a terminal it is refused.",
)
def approve(execution: str | None, comment: str, verify_source: bool, despite_change: bool) -> None:
    """Let a release go to production.

    Without EXECUTION: the release that waits for approval, if no other is on its way.
    """
    repository = release.find()

    def approved(despite_change: bool) -> str:
        return show(
            release.approve(
                repository, execution, comment=comment, verify_source=verify_source, despite_change=despite_change
            )
        )

    try:
        execution_id = approved(despite_change)
    except release.ProductionChangedError as error:
        if not console.has_input():
            raise
        console.write(str(error))
        if not click.confirm("Approve it all the same?", default=False):
            raise PipelineError("Nothing is approved.") from error
        execution_id = approved(True)
    console.write(f"Follow the release with: mlops watch {execution_id}")


@click.command()
@_execution
@_comment
def reject(execution: str | None, comment: str) -> None:
    """Keep a release from production. That is final, and needs a comment, which a terminal asks for.

    Without EXECUTION: the release that waits for approval, if no other is on its way.
    """
    repository = release.find()
    try:
        show(release.reject(repository, execution, comment=comment))
    except release.CommentMissingError:
        if not console.has_input():
            raise
        show(release.reject(repository, execution, comment=click.prompt("Comment, which is kept with the rejection")))
    console.write("It ends here, and production stays as it is. Change what was wrong, commit it, and run: mlops start")
