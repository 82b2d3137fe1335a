"""Deletes everything of a repository from its account."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mlops.aws import cleanup, pipeline, running_jobs, stacks
from mlops.aws.session import Session
from mlops.release import destruction_plan
from mlops.release.destruction_plan import Contents, DestructionPlan, Kind
from mlops.release.events import DestructionPlanned, Events, ProjectDestroyed, long_step, step
from mlops.release.repository import Repository


def plan_destruction(repository: Repository) -> Events[DestructionPlan]:
    """Read what `destroy` would delete and what it would keep. Nothing is changed."""
    project = repository.names.project
    plan = yield from step(f"Reading what {project} has in the account", lambda: destruction_plan.read(repository))
    yield DestructionPlanned(plan)
    return plan


def destroy(repository: Repository, plan: DestructionPlan) -> Events[None]:
    """Delete what the plan names, with data, models, images and logs, without asking.

    Objects, images and model packages that were added after the plan are deleted with what holds them; a stack that was
    added is not.
    """
    session, names = repository.session, repository.names
    if plan.executions:
        yield from step(
            "Stopping the executions of the pipeline",
            lambda: pipeline.stop_all(session, names.pipeline, "the pipeline is destroyed"),
        )
    yield from _stop_jobs(repository)
    for stack in plan.stacks:
        if stack.template == "storage":
            yield from _empty(repository, plan.contents)
        yield from long_step(f"Deleting the stack {stack.name}", stacks.delete(session, stack.name))
        if stack.template == "monitoring":
            # Its rule may have started one since.
            yield from _stop_jobs(repository)
    if plan.log_groups:
        yield from step(
            "Deleting the logs of the endpoints of all releases", lambda: cleanup.log_groups(session, plan.log_groups)
        )
    yield ProjectDestroyed(plan)


def _stop_jobs(repository: Repository) -> Events[None]:
    """Stop the jobs of monitoring and of batches: they would write into the bucket while it is emptied."""
    session = repository.session
    if jobs := running_jobs.find(session, repository.names):
        yield from long_step("Stopping jobs of monitoring and batches", running_jobs.stop(session, jobs))


def _empty(repository: Repository, contents: tuple[Contents, ...]) -> Events[None]:
    """Delete what CloudFormation does not delete with the bucket, the image repository and the model package group."""
    deletions: dict[Kind, tuple[str, Callable[[Session, str], None]]] = {
        "object versions": ("Emptying the bucket", cleanup.bucket),
        "images": ("Deleting the images of", cleanup.images),
        "model packages": ("Deleting the model packages of", cleanup.model_packages),
    }
    for each in contents:
        title, delete = deletions[each.kind]
        yield from step(f"{title} {each.name}", partial(delete, repository.session, each.name))
