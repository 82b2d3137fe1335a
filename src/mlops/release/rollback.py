"""Puts an earlier release back into production."""

from __future__ import annotations

from mlops.aws import deployments, executions, model_packages, notifications, releases, requested_by, stacks
from mlops.aws.executions import Execution
from mlops.aws.model_packages import ModelPackage
from mlops.aws.releases import Record
from mlops.errors import InputError, PipelineError
from mlops.qa import golden
from mlops.release import naming, refusals
from mlops.release.events import Events, ReleasesOnTheirWay, RollbackStarted, RolledBack, long_step, step
from mlops.release.repository import Repository
from mlops.rendering import transition

# A rollback must neither be blocked by active alarms nor wait for a gradual shift.
_AT_ONCE = {"Guarded": "false", "ShiftType": "ALL_AT_ONCE"}


def roll_back(repository: Repository, to: str | None = None, *, reason: str = "") -> Events[ModelPackage]:
    """Deploy an earlier release again, with its functions and settings, at once, even while alarms are active.

    `to` is the version of a model package, or the id of the execution that released it, or its first characters; by
    default the version before the one in production, which is marked as rejected. Returns the package of the target.
    InputError when no such version exists or production cannot be changed to it. PipelineError while a release is being
    deployed to production, and when production does not return the golden predictions.
    """
    current, deployed = _in_production(repository)
    target = _target(repository, current, deployed, version_number(repository, to))
    yield RollbackStarted(deployed["ExecutionId"], current.version if current else None)
    if on_their_way := _not_in_production(repository):
        yield ReleasesOnTheirWay(on_their_way)
    record = releases.read(repository.session, repository.bucket, target.execution_id)
    _require_possible(target, record, deployed)
    yield from _deploy(repository, target, record)
    _record(repository, current, target, reason)
    yield from step("Asking production for golden rows", lambda: _require_answers(repository, target, record))
    yield RolledBack(target.execution_id, target.version)
    return target


def version_number(repository: Repository, version: str | None) -> int | None:
    """The version of a model package by its number, or by the first characters of the execution that released it."""
    if version is None:
        return None
    if number := naming.version_number(version):
        return number
    packages = list(model_packages.newest_first(repository.session, repository.names, None))
    matches = [each.version for each in packages if version and each.execution_id.startswith(version)]
    if len(matches) == 1:
        return matches[0]
    approved = [each for each in packages if each.status == model_packages.APPROVED]
    known = "".join(f"\n  {each.version}  {each.execution_id}" for each in approved[:5])
    raise InputError(f"--to {version}: allowed is a version or the execution that released it, such as:{known}")


def _in_production(repository: Repository) -> tuple[ModelPackage | None, dict[str, str]]:
    """The package that production serves, if the group has it, and the parameters of the stack."""
    deployed = releases.deployed(repository.session, repository.names)
    if not deployed:
        raise InputError("Nothing is in production. See what has been released with: mlops status")
    return model_packages.of_execution(repository.session, repository.names, deployed["ExecutionId"]), deployed


def _target(
    repository: Repository, current: ModelPackage | None, deployed: dict[str, str], version: int | None
) -> ModelPackage:
    session, names = repository.session, repository.names
    approved = list(model_packages.newest_first(session, names))
    versions = ", ".join(str(each.version) for each in approved)
    if version is not None:
        try:
            target = model_packages.read(session, names, version)
        except InputError as error:
            raise InputError(f"{error} Allowed are the approved ones: {versions}") from error
        if target.execution_id == deployed["ExecutionId"]:
            raise InputError(f"Production serves version {version} already.")
        if target.status != model_packages.APPROVED:
            raise refusals.of_version(repository, target, [each.version for each in approved])
        return target
    for package in approved:
        is_older = current is None or package.version < current.version
        if is_older and package.execution_id not in ("", deployed["ExecutionId"]):
            return package
    raise InputError(
        f"The model package group {names.model_package_group} has no approved version before this one. Release a better "
        "model with: mlops start"
    )


def _not_in_production(repository: Repository) -> tuple[Execution, ...]:
    """The executions in progress, newest first.

    PipelineError while one is being deployed to production: both would change the same stack.
    """
    on_their_way = executions.on_their_way(repository.session, repository.names.pipeline)
    for execution in on_their_way:
        if running := execution.running_in_production:
            raise PipelineError(
                f"Execution {execution.id} is running {running.path}. Wait until it ends (mlops watch "
                f"{execution.id}); if it fails, production keeps its present model."
            )
    return tuple(each for each in on_their_way if each.status == executions.IN_PROGRESS)


def _require_possible(target: ModelPackage, record: Record, deployed: dict[str, str]) -> None:
    """InputError when production cannot be changed to the target's recorded parameters."""
    before, current = record.parameters["ClientsCall"], deployed.get("ClientsCall")
    if before != current:
        raise InputError(
            f"Version {target.version} was released with clients_call: {before}, production with {current}: a rollback "
            "does not change what clients call. Release instead: mlops start"
        )
    served = (record.parameters["Image"], record.parameters["ModelDataUrl"])
    if served != (target.container.image, target.container.model_data_url):
        raise PipelineError(
            f"The record of execution {target.execution_id} is not of version {target.version}: it serves "
            f"{served[1]} by {served[0]}. Find out who wrote it."
        )
    if problems := transition.problems(deployed, {**record.parameters, **_AT_ONCE}):
        raise InputError("\n".join([f"Production can't go back to version {target.version}:", *problems]))


def _deploy(repository: Repository, target: ModelPackage, record: Record) -> Events[stacks.Outcome]:
    stack = repository.names.endpoint_stack("production")
    deployment = stacks.change(
        repository.session, stack, record.template, {**record.parameters, **_AT_ONCE}, tags=record.tags
    )
    return (yield from long_step(f"Deploying version {target.version} to the stack {stack}", deployment))


def _require_answers(repository: Repository, target: ModelPackage, record: Record) -> None:
    """PipelineError when production does not return the golden predictions of the target's release."""
    parameters = record.parameters
    rows = golden.read(repository.session, parameters["GoldenRowsUri"])
    client = golden.client_of(repository.session, repository.names, parameters)
    try:
        golden.require(client, rows, int(parameters["MaxRows"]))
    except PipelineError as error:
        raise PipelineError(
            f"Version {target.version} is deployed, but production does not return its golden predictions: {error}. Go "
            "back further with: mlops rollback --to VERSION"
        ) from error


def _record(repository: Repository, left: ModelPackage | None, target: ModelPackage, reason: str) -> None:
    """Add the deployment to the log of production, mark the package that it served before as rejected, notify."""
    asked = requested_by.of_this_call(reason)
    deployments.write_rollback(repository.session, repository.names, repository.bucket, target.execution_id, asked)
    message = f"Rolled back to version {target.version} {asked}"
    if left is not None:
        model_packages.reject(repository.session, left, message)
    instead = f", in place of commit {left.commit_id}" if left else ""
    notifications.publish(
        repository.session,
        repository.names,
        f"{repository.names.project}: rolled back to version {target.version}",
        f"{message}.\nProduction serves commit {target.commit_id} with data version {target.data_version} again{instead}.",
    )
