"""Answers the approval of a release."""

from __future__ import annotations

from mlops.aws import executions, objects, pipeline, source
from mlops.aws.executions import Execution
from mlops.errors import InputError, PipelineError
from mlops.names import short
from mlops.release import production_change
from mlops.release.events import Events, ReleaseAnswered, SourceNotCompared, SourceVerified
from mlops.release.repository import Repository

# CodePipeline's limit for the summary of an approval.
_MOST_CHARACTERS = 512


class CommentMissingError(InputError):
    """A rejection has no comment."""


def approve(
    repository: Repository,
    execution: str | None = None,
    *,
    comment: str = "",
    verify_source: bool = False,
    despite_change: bool = False,
) -> Events[str]:
    """Approve a release, by default the one that waits for approval. Returns the execution's id.

    InputError when none waits, and without an id while other executions are on their way. Compares this checkout with
    the release's source, byte for byte, if the checkout is at the release's commit or `verify_source` is set;
    PipelineError when they differ. ProductionChangedError when production does not serve the model that the release was
    evaluated against, unless `despite_change` is set.
    """
    waiting = _chosen(repository, execution, comment, "approve")
    if waiting.waiting_approval and not despite_change:
        production_change.require_none(repository, waiting)
    yield from _verify_source(repository, waiting, required=verify_source)
    yield answer(repository, waiting, approved=True, comment=comment)
    return waiting.id


def reject(repository: Repository, execution: str | None = None, *, comment: str = "") -> Events[str]:
    """Reject a release, by default the one that waits for approval. Returns the execution's id.

    InputError as for `approve`; CommentMissingError without a comment.
    """
    waiting = _chosen(repository, execution, comment, "reject")
    if waiting.waiting_approval and not comment.strip():
        raise CommentMissingError(
            "A rejection is final, and its comment is all that is kept of its reason. Nothing is rejected. Give it with: "
            f"mlops reject {short(waiting.id)} --comment WHY"
        )
    yield answer(repository, waiting, approved=False, comment=comment)
    return waiting.id


def answer(repository: Repository, execution: Execution, *, approved: bool, comment: str) -> ReleaseAnswered:
    """Answer the approval that the execution waits for."""
    action = pipeline.answer_approval(repository.session, execution, approved=approved, comment=comment)
    return ReleaseAnswered(execution.id, action.path, approved)


def _chosen(repository: Repository, execution: str | None, comment: str, command: str) -> Execution:
    """The given execution, or the one that waits for approval.

    InputError without an id while another one is on its way: the caller may mean that one.
    """
    if len(comment) > _MOST_CHARACTERS:
        raise InputError(f"--comment has {len(comment)} characters; allowed: at most {_MOST_CHARACTERS}")
    session, name = repository.session, repository.names.pipeline
    if execution:
        return executions.read(session, name, executions.named(session, name, execution))
    on_their_way = executions.on_their_way(session, name)
    waiting = [each for each in on_their_way if each.waiting_approval]
    if not waiting:
        raise InputError("No release waits for an approval. See the executions with: mlops status")
    if len(on_their_way) > 1:
        listed = "".join(
            f"\n  {each.id}  commit {each.variables.get('CommitId', 'unknown')}, {each.phase}" for each in on_their_way
        )
        raise InputError(
            f"{len(on_their_way)} releases are on their way. Give the id of the one that you mean, such as "
            f"mlops {command} {short(waiting[0].id)}; newest first:{listed}"
        )
    return waiting[0]


def _verify_source(repository: Repository, execution: Execution, *, required: bool) -> Events[None]:
    """PipelineError when the source of the release differs from this checkout.

    The commit id that an approval shows proves nothing: it is a text from the start of the release. The execution's
    version of source.zip identifies the content that is released.
    """
    released, commit = execution.variables.get("CommitId", "none"), source.commit_id(repository.root)
    is_comparable = commit == released and source.UNCOMMITTED not in commit
    if not (required or is_comparable):
        yield SourceNotCompared(released, commit)
        return
    version = execution.revisions.get("Code")
    if version and objects.is_source(repository.session, repository.bucket, version, repository.root):
        yield SourceVerified(commit)
        return
    raise PipelineError(
        f"Nothing is approved: the source of the execution {execution.id} is not this checkout. The release names "
        f"commit {released}, this checkout is {commit}. If they are the same, the release contains "
        f"other source: reject it (mlops reject {execution.id} --comment WHY) and release this commit (mlops start). If not, check "
        "the release's commit out and approve again."
    )
