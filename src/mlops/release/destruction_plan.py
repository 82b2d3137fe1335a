"""What `destroy` deletes, read before it deletes anything, and what it leaves, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mlops.aws import executions, inventory, running_jobs, stacks
from mlops.aws.executions import IN_PROGRESS
from mlops.aws.inventory import Objects, Resource
from mlops.aws.running_jobs import RunningJob
from mlops.release.repository import Repository

# The reverse order of their creation: each stack exports values to stacks that precede it in this list.
STACKS = (
    "monitoring",
    "production",
    "test",
    "pipeline",
    "notifications",
    "builds",
    "api",
    "endpoints",
    "jobs",
    "storage",
)
# PendingWindowInDays of the key in infra/storage.yml.
KEY_DAYS = 30
Kind = Literal["object versions", "images", "model packages"]
# Of executions, as many as are stopped at most.
_EXECUTIONS = 100


@dataclass(frozen=True)
class PlannedStack:
    """A stack that is deleted with its resources; `status` is CloudFormation's word."""

    template: str
    name: str
    status: str
    resources: tuple[Resource, ...]


@dataclass(frozen=True)
class Contents:
    """What a bucket, an image repository or a model package group holds: CloudFormation deletes only empty ones."""

    name: str
    kind: Kind
    amount: Objects | int


@dataclass(frozen=True)
class Kept:
    """What stays, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class DestructionPlan:
    """What `destroy` deletes and what it keeps. `executions` and `jobs` are in progress and are stopped."""

    project: str
    executions: tuple[str, ...]
    jobs: tuple[RunningJob, ...]
    stacks: tuple[PlannedStack, ...]
    contents: tuple[Contents, ...]
    log_groups: tuple[str, ...]
    kept: tuple[Kept, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.executions or self.jobs or self.stacks or self.log_groups)


def read(repository: Repository) -> DestructionPlan:
    """The plan for what the account has now. Nothing is changed."""
    session, names = repository.session, repository.names
    planned: list[PlannedStack] = []
    kept: list[Kept] = []
    for template in STACKS:
        name = names.stack(template)
        stack = stacks.describe(session, name)
        if stack is None:
            continue
        if not _is_own(stack, names.project):
            reason = f"it has no tag project = {names.project}, so no command of this repository created it"
            kept.append(Kept(f"stack {name}", reason))
            continue
        resources = tuple(inventory.stack_resources(session, name))
        planned.append(PlannedStack(template, name, stack["StackStatus"], resources))
    has_storage = any(each.template == "storage" for each in planned)
    return DestructionPlan(
        project=names.project,
        executions=_running(repository),
        jobs=tuple(running_jobs.find(session, names)),
        stacks=tuple(planned),
        contents=tuple(_contents(repository)) if has_storage else (),
        log_groups=tuple(inventory.endpoint_log_groups(session, names)),
        kept=(*kept, *_kept(repository, has_storage)),
    )


def _is_own(stack: dict, project: str) -> bool:
    """Whether the stack has the tag of this project. One that waits for its first change set has no resources."""
    tags = {each["Key"]: each["Value"] for each in stack.get("Tags", [])}
    return stack["StackStatus"] == "REVIEW_IN_PROGRESS" or tags.get("project") == project


def _running(repository: Repository) -> tuple[str, ...]:
    session, pipeline = repository.session, repository.names.pipeline
    if not executions.exists(session, pipeline):
        return ()
    recent = executions.recent(session, pipeline, limit=_EXECUTIONS)
    return tuple(each.id for each in recent if each.status == IN_PROGRESS)


def _contents(repository: Repository) -> list[Contents]:
    """What the resources of the stack `storage` hold."""
    session, names, bucket = repository.session, repository.names, repository.bucket
    found: list[tuple[str, Kind, Objects | int | None]] = [
        (bucket, "object versions", inventory.objects(session, bucket)),
        (names.repository, "images", inventory.images(session, names.repository)),
        (names.model_package_group, "model packages", inventory.model_packages(session, names.model_package_group)),
    ]
    return [Contents(name, kind, amount) for name, kind, amount in found if amount is not None]


def _kept(repository: Repository, has_storage: bool) -> list[Kept]:
    session, names = repository.session, repository.names
    by_a_person = "only a person deploys and deletes it; workflows would lose their roles in the middle of the deletion"
    kept = [
        Kept(f"stack {names.stack(template)}", by_a_person)
        for template in ("bootstrap", "boundaries")
        if stacks.describe(session, names.stack(template)) is not None
    ]
    if has_storage:
        reason = f"AWS deletes a key {KEY_DAYS} days after it is asked to; until then its deletion can be cancelled"
        kept.append(Kept(f"key alias/{names.project}", reason))
    return [
        *kept,
        Kept("stack mlops-foundation", "other repositories of the account use it, where the account has it"),
        Kept(
            "log groups /aws/sagemaker/TrainingJobs, /aws/sagemaker/ProcessingJobs and /aws/sagemaker/TransformJobs",
            "jobs of all projects in the account write into them",
        ),
        Kept("variables and environments on GitHub", "they are not in the account"),
    ]
