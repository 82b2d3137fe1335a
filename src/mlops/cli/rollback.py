"""`mlops rollback`: production back on an earlier release."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from mlops.errors import InputError, PipelineError

if TYPE_CHECKING:
    from mlops.aws.model_packages import ModelPackage
    from mlops.aws.releases import Record
    from mlops.cli.project import Repository

# A rollback is needed while alarms ring, and must not wait.
_AT_ONCE = {"Guarded": "false", "ShiftType": "ALL_AT_ONCE"}


@click.command()
@click.option(
    "--to",
    "given",
    metavar="VERSION",
    help="Version of the model package, or the model_version of an answer, which is the id of its execution.  "
    "[default: the previous]",
)
@click.option("--reason", default="", help="Why. It is kept with the model package that is left.")
def rollback(given: str | None, reason: str) -> None:
    """Put the previous model package back into production.

    Nothing is built or trained: what its release deployed is deployed again, functions and settings included. The
    traffic is shifted at once, also while alarms ring, and the package that is left is marked as rejected.
    """
    from mlops.aws import releases
    from mlops.cli import console, project

    repository = project.find()
    now, deployed = _in_production(repository)
    target = _target(repository, now, deployed, _version_number(repository, given))
    console.say(f"Production serves the release {deployed['ExecutionId']}{_version(now)}.")
    _require_idle(repository)
    record = releases.read(repository.session, repository.bucket, target.execution_id)
    _require_possible(target, record, deployed)
    _deploy(repository, target, record)
    _note(repository, now, target, reason)
    _require_answers(repository, target, record)
    console.say(f"Production serves version {target.version} again, of execution {target.execution_id}.")


def _version_number(repository: Repository, given: str | None) -> int | None:
    """The version that is meant by its number, or by the first characters of the execution that released it."""
    from mlops.aws import model_packages

    if given is None:
        return None
    if re.fullmatch(r"[1-9][0-9]{0,6}", given):
        return int(given)
    packages = list(model_packages.newest_first(repository.session, repository.names))
    found = [each.version for each in packages if given and each.execution_id.startswith(given)]
    if len(found) == 1:
        return found[0]
    known = "".join(f"\n  {each.version}  {each.execution_id}" for each in packages[:5])
    raise InputError(f"--to {given}: allowed is a version or the execution that released it, such as:{known}")


def _in_production(repository: Repository) -> tuple[ModelPackage | None, dict[str, str]]:
    """The package that production serves, if the group has it, and the parameters of the stack."""
    from mlops.aws import model_packages, releases

    deployed = releases.deployed(repository.session, repository.names)
    if not deployed:
        raise InputError("Nothing is in production yet. See what has been released with: mlops status")
    packages = model_packages.newest_first(repository.session, repository.names)
    return next((each for each in packages if each.execution_id == deployed["ExecutionId"]), None), deployed


def _target(
    repository: Repository, now: ModelPackage | None, deployed: dict[str, str], version: int | None
) -> ModelPackage:
    from mlops.aws import model_packages

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
            raise InputError(f"Version {version} is {target.status}; allowed are the approved ones: {versions}")
        return target
    for package in approved:
        is_older = now is None or package.version < now.version
        if is_older and package.execution_id not in ("", deployed["ExecutionId"]):
            return package
    raise InputError(
        f"The model package group {names.model_package_group} has no approved version before this one. Release a better "
        "model with: mlops start"
    )


def _require_idle(repository: Repository) -> None:
    """PipelineError while a release is on its way to production: both would change the same stack."""
    from mlops.aws import executions

    session, pipeline = repository.session, repository.names.pipeline
    for summary in executions.recent(session, pipeline):
        if summary.status == executions.IN_PROGRESS:
            execution = executions.read(session, pipeline, summary.id)
            running = next((each for each in execution.actions if each.state == executions.IN_PROGRESS), None)
            if running is not None and running.stage == "Production":
                raise PipelineError(
                    f"Execution {execution.id} is in {running.path} just now. Wait for its end (mlops watch "
                    f"{execution.id}); if it fails, production stays on the model that it has."
                )


def _require_possible(target: ModelPackage, record: Record, deployed: dict[str, str]) -> None:
    """InputError when production cannot go back to what the target's release was."""
    from mlops.rendering import transition

    before, now = record.parameters["ClientsCall"], deployed.get("ClientsCall")
    if before != now:
        raise InputError(
            f"Version {target.version} was released with clients_call: {before}, production with {now}: a rollback does "
            "not change what clients call. Release instead: mlops start"
        )
    served = (record.parameters["Image"], record.parameters["ModelDataUrl"])
    if served != (target.container.image, target.container.model_data_url):
        raise PipelineError(
            f"The record of execution {target.execution_id} is not of version {target.version}: it serves "
            f"{served[1]} by {served[0]}. Find out who wrote it."
        )
    if found := transition.problems(deployed, {**record.parameters, **_AT_ONCE}):
        raise InputError("\n".join([f"Production can't go back to version {target.version}:", *found]))


def _deploy(repository: Repository, target: ModelPackage, record: Record) -> None:
    from mlops.aws import stacks
    from mlops.cli import console

    stack = repository.names.endpoint_stack("production")
    with console.working(f"Deploying version {target.version} to the stack {stack}") as show:
        stacks.change(
            repository.session,
            stack,
            record.template,
            {**record.parameters, **_AT_ONCE},
            tags=record.tags,
            on_event=show,
        )


def _require_answers(repository: Repository, target: ModelPackage, record: Record) -> None:
    """PipelineError when production does not answer as the target's release did."""
    from mlops.cli import console
    from mlops.qa import golden

    parameters = record.parameters
    with console.working("Asking production for golden rows"):
        rows = golden.read(repository.session, parameters["KnownRowsUri"])
        client = golden.client_of(repository.session, repository.names, parameters)
        try:
            golden.require(client, rows, int(parameters["MaxRows"]))
        except PipelineError as error:
            raise PipelineError(
                f"Version {target.version} is deployed, but production does not answer as it did: {error}. Go back "
                "further with: mlops rollback --to VERSION"
            ) from error


def _note(repository: Repository, left: ModelPackage | None, target: ModelPackage, reason: str) -> None:
    """Mark the package that is left, and tell the topic."""
    from mlops.aws import model_packages, notifications, requested_by

    message = f"Rolled back to version {target.version} {requested_by.of_this_call(reason)}"
    if left is not None:
        model_packages.reject(repository.session, left, message)
    instead = f", in place of commit {left.commit_id}" if left else ""
    notifications.publish(
        repository.session,
        repository.names,
        f"{repository.names.project}: rolled back to version {target.version}",
        f"{message}.\nProduction serves commit {target.commit_id} with data version {target.data_version} again{instead}.",
    )


def _version(package: ModelPackage | None) -> str:
    return f", version {package.version} of its group" if package else ""
