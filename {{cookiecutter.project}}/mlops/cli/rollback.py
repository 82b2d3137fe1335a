"""`mlops rollback`: production back on a model that it had before."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from mlops.errors import InputError, PipelineError

if TYPE_CHECKING:
    from mlops.aws.model_packages import ModelPackage
    from mlops.cli.project import Repository


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

    Nothing is built or trained. The traffic is shifted at once, guarded by the same alarms, and the package that is
    left is marked as rejected.
    """
    from mlops.cli import console, project

    repository = project.find()
    repository.check()
    stack = repository.names.endpoint_stack("production")
    now, deployed = _in_production(repository, stack)
    target = _target(repository, now, deployed, _version_number(repository, given))
    console.say(f"Production serves the release {deployed['ExecutionId']}{_version(now)}.")
    _require_idle(repository)
    _deploy(repository, stack, target, deployed)
    console.say(f"Production serves version {target.version} again, of execution {target.execution_id}.")
    _note(repository, now, target, reason)


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


def _in_production(repository: Repository, stack: str) -> tuple[ModelPackage | None, dict[str, str]]:
    """The package that production serves, if the group has it, and the parameters of the stack."""
    from mlops.aws import model_packages, stacks

    deployed = stacks.parameters(repository.session, stack)
    if not deployed:
        raise InputError("Nothing is in production yet. See what has been released with: mlops status")
    packages = model_packages.newest_first(repository.session, repository.names)
    return next((each for each in packages if each.execution_id == deployed["ExecutionId"]), None), deployed


def _target(
    repository: Repository, now: ModelPackage | None, deployed: dict[str, str], version: int | None
) -> ModelPackage:
    from mlops.aws import model_packages

    session, names = repository.session, repository.names
    if version is not None:
        target = model_packages.read(session, names, version)
        if target.execution_id == deployed["ExecutionId"]:
            raise InputError(f"Production serves version {version} already.")
        if target.status != model_packages.APPROVED:
            approved = ", ".join(str(each.version) for each in model_packages.newest_first(session, names))
            raise InputError(f"Version {version} is {target.status}; allowed are the approved ones: {approved}")
        return target
    for package in model_packages.newest_first(session, names):
        is_older = now is None or package.version < now.version
        if is_older and package.execution_id not in ("", deployed["ExecutionId"]):
            return package
    raise InputError(f"The model package group {names.model_package_group} has no approved version before this one.")


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


def _deploy(repository: Repository, stack: str, target: ModelPackage, deployed: dict[str, str]) -> None:
    from mlops import requests
    from mlops.aws import stacks
    from mlops.cli import console

    configuration = repository.configuration
    marks = requests.Marks(target.execution_id, target.commit_id, target.data_version, repository.bucket)
    # A package that was released where clients called SageMaker names no functions: those of now stay.
    deployed_functions = requests.Functions(deployed.get("FunctionsKey", ""), deployed.get("FunctionsVersion", ""))
    functions = target.functions if target.functions.key else deployed_functions
    parameters = requests.serving(configuration, marks, target.container, functions, "production")
    if deployed.get("Entrance") != configuration.production.clients_call:
        raise InputError(
            f"Production was released with clients_call: {deployed.get('Entrance')}, configuration/production.yml now "
            f"says {configuration.production.clients_call}. Put it back for a rollback, or release."
        )
    with console.working(f"Deploying version {target.version} to the stack {stack}") as show:
        stacks.change(
            repository.session,
            stack,
            {**parameters, "ShiftType": "ALL_AT_ONCE"},
            tags=requests.lineage(configuration, marks),
            on_event=show,
        )


def _note(repository: Repository, left: ModelPackage | None, target: ModelPackage, reason: str) -> None:
    """Mark the package that is left, and tell the topic."""
    from mlops.aws import model_packages, notifications, origin

    told = f"Rolled back to version {target.version} {origin.of_this_call(reason)}"
    if left is not None:
        model_packages.reject(repository.session, left, told)
    instead = f", in place of commit {left.commit_id}" if left else ""
    notifications.publish(
        repository.session,
        repository.names,
        f"{repository.names.project}: rolled back to version {target.version}",
        f"{told}.\nProduction serves commit {target.commit_id} with data version {target.data_version} again{instead}.",
    )


def _version(package: ModelPackage | None) -> str:
    return f", version {package.version} of its group" if package else ""
