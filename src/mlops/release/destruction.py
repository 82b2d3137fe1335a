"""Deletes everything of a repository from its account."""

from __future__ import annotations

from mlops.aws import cleanup, executions, pipeline, stacks
from mlops.release.events import Events, ProjectDestroyed, long_step, step
from mlops.release.repository import Repository

# The reverse order of their creation: each stack exports values to stacks that precede it in this list.
_STACKS = ("production", "test", "pipeline", "notifications", "builds", "api", "endpoints", "jobs", "storage")


def destroy(repository: Repository) -> Events[None]:
    """Delete all stacks of this repository, with their data, models, images and logs, without asking.

    The stacks that `bootstrap` deployed remain.
    """
    session, names = repository.session, repository.names
    if executions.exists(session, names.pipeline):
        yield from step(
            "Stopping the executions of the pipeline",
            lambda: pipeline.stop_all(session, names.pipeline, "the pipeline is destroyed"),
        )
    for template in _STACKS:
        stack = names.stack(template)
        if stacks.describe(session, stack) is None:
            continue
        if template == "storage":
            yield from _empty(repository)
        yield from long_step(f"Deleting the stack {stack}", stacks.delete(session, stack))
    yield from step("Deleting the logs of the endpoints of all releases", lambda: cleanup.endpoint_logs(session, names))
    yield ProjectDestroyed(names.project)


def _empty(repository: Repository) -> Events[None]:
    """Empty bucket, image repository and model package group: CloudFormation deletes them only when they are empty."""
    session, names = repository.session, repository.names
    bucket, repository_name, group = repository.bucket, names.repository, names.model_package_group
    yield from step(f"Emptying the bucket {bucket}", lambda: cleanup.bucket(session, bucket))
    yield from step(f"Deleting the images of {repository_name}", lambda: cleanup.images(session, repository_name))
    yield from step(f"Deleting the model packages of {group}", lambda: cleanup.model_packages(session, group))
