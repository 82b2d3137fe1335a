"""`mlops status`: what runs, what is in production."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mlops.cli.project import Repository

_RELEASED = {"commit": "CommitId", "data version": "DataVersion", "execution": "ExecutionId"}


@click.command()
@click.argument("execution", required=False)
def status(execution: str | None) -> None:
    """Show what runs, and what is in production.

    Without EXECUTION the latest one.
    """
    from mlops.aws import executions
    from mlops.cli import console, display, project
    from mlops.cli.watch import say_what_is_ahead

    repository = project.find()
    session, pipeline = repository.session, repository.names.pipeline
    chosen = executions.read(session, pipeline, executions.named(session, pipeline, execution))
    took = console.between(chosen.started, chosen.ended)
    console.say(f"Execution {chosen.id}: {chosen.status}{' after ' + took if took else ''}")
    for name, value in {**chosen.variables, **chosen.revisions}.items():
        console.say(f"  {name}: {value}")
    console.terminal().print(display.table(chosen))
    say_what_is_ahead(repository, chosen)
    console.say()
    for stage in ("test", "production"):
        console.say(_endpoint(repository, stage))
    if entrance := _api(repository):
        console.say(f"API: {entrance}")


def _api(repository: Repository) -> str:
    """Where clients call; empty where that is no API."""
    from mlops.aws import api, stacks

    session, names = repository.session, repository.names
    if not api.clients_call_api(session, names):
        return ""
    outputs = stacks.outputs(session, names.stack("api"))
    return f"{api.url(outputs)}/predict ({outputs['Authentication']})" if "RestApiId" in outputs else ""


def _endpoint(repository: Repository, stage: str) -> str:
    from mlops.aws import endpoints, stacks

    name = endpoints.name_of(repository.session, repository.names, stage)
    found = endpoints.describe(repository.session, name)
    if found is None:
        return f"{stage}: no endpoint"
    released = stacks.outputs(repository.session, repository.names.endpoint_stack(stage))
    facts = [f"{label} {released[key]}" for label, key in _RELEASED.items() if key in released]
    if stage == "production" and (version := _version(repository, released.get("ExecutionId", ""))):
        facts.append(f"version {version} of its model package group")
    model = ", ".join(["", *facts])
    reason = f": {found.failure_reason}" if found.failure_reason else ""
    return f"{stage}: endpoint {name} is {found.status}{reason}{model}"


def _version(repository: Repository, execution_id: str) -> int | None:
    """The number that `mlops rollback` knows a release by; answers of the endpoint name its execution."""
    from mlops.aws import model_packages

    packages = model_packages.newest_first(repository.session, repository.names)
    return next((each.version for each in packages if execution_id and each.execution_id == execution_id), None)
