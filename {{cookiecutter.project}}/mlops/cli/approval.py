"""`mlops approve` and `mlops reject`: a person's answer to a release that waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlops.errors import InputError

if TYPE_CHECKING:
    from mlops.aws.executions import Execution
    from mlops.cli.project import Repository

_execution = click.argument("execution", required=False)
_comment = click.option("--comment", default="", help="Kept with the decision, at most 512 characters.")


@click.command()
@_execution
@_comment
def approve(execution: str | None, comment: str) -> None:
    """Let a release go to production.

    Without EXECUTION the one that waits.
    """
    _answer(execution, approved=True, comment=comment)


@click.command()
@_execution
@_comment
def reject(execution: str | None, comment: str) -> None:
    """Keep a release from production.

    Without EXECUTION the one that waits.
    """
    _answer(execution, approved=False, comment=comment)


def _answer(execution_id: str | None, *, approved: bool, comment: str) -> None:
    from mlops.aws import executions
    from mlops.cli import console, project

    if len(comment) > 512:
        raise InputError(f"--comment has {len(comment)} characters; allowed: at most 512")
    repository = project.find()
    if execution_id:
        session, pipeline = repository.session, repository.names.pipeline
        execution = executions.read(session, pipeline, executions.named(session, pipeline, execution_id))
    else:
        execution = _waiting(repository)
    answer_release(repository, execution, approved=approved, comment=comment)
    console.say(f"Watch what follows with: mlops watch {execution.id}")


def answer_release(repository: Repository, execution: Execution, *, approved: bool, comment: str) -> None:
    """Give the answer and say so."""
    from mlops.aws import pipeline
    from mlops.cli import console

    action = pipeline.answer_approval(repository.session, execution, approved=approved, comment=comment)
    console.say(f"{action.path} of the execution {execution.id} is {'approved' if approved else 'rejected'}.")


def _waiting(repository: Repository) -> Execution:
    from mlops.aws import executions

    session, pipeline = repository.session, repository.names.pipeline
    for summary in executions.recent(session, pipeline):
        if summary.status == "InProgress":
            execution = executions.read(session, pipeline, summary.id)
            if execution.waiting_approval:
                return execution
    raise InputError("No release waits for an approval. See what goes on with: mlops status")
