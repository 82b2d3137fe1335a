"""`mlops status`: the state of an execution and of the endpoints."""

from __future__ import annotations

import click

from mlops import release
from mlops.aws.alarms import Alarm
from mlops.aws.executions import Execution
from mlops.aws.failures import Failure
from mlops.cli import console, display, facts, on_their_way
from mlops.cli.show import lines
from mlops.release import failed
from mlops.release.events import ExecutionQueued
from mlops.release.overview import EndpointStatus


@click.command()
@click.argument("execution", required=False)
def status(execution: str | None) -> None:
    """Show what runs, production, and active alarms.

    Shows one execution in full, with the reason of its failure, and lists all that have not ended. EXECUTION is its id,
    the beginning of it, or the number of its version; by default the latest one.
    """
    current = release.status(release.find(), execution)
    state = current.execution
    duration = console.between(state.started, state.ended)
    console.write(f"Execution {state.id}: {state.status}{' after ' + duration if duration else ''}")
    for name, value in {**state.variables, **state.revisions}.items():
        console.write(f"  {name}: {value}")
    console.terminal().print(display.table(state))
    if current.blocked_by:
        for line in lines(ExecutionQueued(current.blocked_by)):
            console.write(line)
    if current.failure:
        for line in _failure(state, current.failure):
            console.write(line)
    if current.on_their_way:
        console.write("\nOn their way, newest first:")
        for line in on_their_way.lines(current.on_their_way):
            console.write(line)
    console.write()
    for endpoint in current.endpoints:
        console.write(_line(endpoint))
    if current.api:
        console.write(f"API: {current.api.url} ({current.api.authentication})")
    for line in _alarms(current.alarms):
        console.write(line)


def _failure(execution: Execution, failure: Failure) -> list[str]:
    log = [f"Log: {failure.log}", f"Whole log: {failed.log_command(execution, failure)}"] if failure.log else []
    return ["", *failed.cause(execution, failure), *log]


def _alarms(active: tuple[Alarm, ...] | None) -> list[str]:
    if active is None:
        return ["Alarms: unknown. To read them needs the permission cloudwatch:DescribeAlarms."]
    if not active:
        return ["Alarms: none is active"]
    return [
        "Alarms that are active:",
        *(
            f"  {each.name} since {facts.when(each.since)}"
            + (f': see "{each.section}" in docs/operations.md' if each.section else "")
            for each in active
        ),
    ]


def _line(endpoint: EndpointStatus) -> str:
    if endpoint.name is None:
        return f"{endpoint.stage}: no endpoint"
    released_from = {
        "commit": endpoint.commit_id,
        "data version": endpoint.data_version,
        "execution": endpoint.execution_id,
    }
    released = [f"{label} {value}" for label, value in released_from.items() if value]
    if endpoint.version is not None:
        released.append(f"version {endpoint.version} of its model package group")
    reason = f": {endpoint.failure_reason}" if endpoint.failure_reason else ""
    model = ", ".join(["", *released])
    return f"{endpoint.stage}: endpoint {endpoint.name} is {endpoint.status}{reason}{model}"
