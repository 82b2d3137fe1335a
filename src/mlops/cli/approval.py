"""`mlops approve` and `mlops reject`: a person's answer to a release that waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlops.errors import InputError, PipelineError

if TYPE_CHECKING:
    from mlops.aws.executions import Execution
    from mlops.cli.project import Repository

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
    repository, waiting = _chosen(execution, comment)
    _verify_source(repository, waiting, required=verify_source)
    _answer(repository, waiting, approved=True, comment=comment)


@click.command()
@_execution
@_comment
def reject(execution: str | None, comment: str) -> None:
    """Keep a release from production.

    Without EXECUTION the one that waits.
    """
    _answer(*_chosen(execution, comment), approved=False, comment=comment)


def _chosen(execution_id: str | None, comment: str) -> tuple[Repository, Execution]:
    """The execution to answer: the given one, or the one that waits."""
    from mlops.aws import executions
    from mlops.cli import project

    if len(comment) > 512:
        raise InputError(f"--comment has {len(comment)} characters; allowed: at most 512")
    repository = project.find()
    if execution_id:
        session, pipeline = repository.session, repository.names.pipeline
        return repository, executions.read(session, pipeline, executions.named(session, pipeline, execution_id))
    return repository, _waiting(repository)


def _verify_source(repository: Repository, execution: Execution, *, required: bool) -> None:
    """PipelineError when the source of the release differs from this checkout.

    The commit that an approval shows is a text that came with the start of the release. The version of source.zip that
    the execution took cannot be chosen so.
    """
    from mlops.aws import objects, source
    from mlops.cli import console

    released, commit = execution.variables.get("CommitId", "none"), source.commit_id(repository.root)
    is_comparable = commit == released and source.UNCOMMITTED not in commit
    if not (required or is_comparable):
        console.say(f"The source is not compared: the release is of commit {released}, this checkout is {commit}.")
        if commit == released:
            console.say("Uncommitted changes are compared on request: mlops approve --verify-source")
        return
    version = execution.revisions.get("Code")
    if version and objects.is_source(repository.session, repository.bucket, version, repository.root):
        console.say(f"The source of the release is this checkout ({commit}), byte for byte.")
        return
    raise PipelineError(
        f"Nothing is approved: the source of the execution {execution.id} is not this checkout. The release names "
        f"commit {released}, this checkout is {commit}. If they are the same, the release was started with "
        f"something else: reject it (mlops reject {execution.id}) and release this commit (mlops start). If not, check "
        "the release's commit out and approve again."
    )


def _answer(repository: Repository, execution: Execution, *, approved: bool, comment: str) -> None:
    from mlops.cli import console

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
