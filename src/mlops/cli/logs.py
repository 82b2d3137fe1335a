"""`mlops logs`: prints the log of a build, a job, an endpoint or a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import click

from mlops import release
from mlops.aws import endpoints, executions, failures, log_locations
from mlops.aws import logs as cloudwatch
from mlops.aws.log_locations import LogSource
from mlops.aws.logs import LogEvent, LogLocation
from mlops.cli import console
from mlops.errors import InputError
from mlops.names import Stage
from mlops.release import Repository, failed, naming

_NAME_WIDTH = len("function before-traffic")


@click.command()
@click.argument("what", nargs=-1)
@click.option("-f", "--follow", "followed", is_flag=True, help="Print new lines until the action or job ends.")
@click.option("-n", "--lines", default=100, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--execution", metavar="ID", help="[default: the latest execution; for an endpoint, the deployed one]")
def logs(what: tuple[str, ...], followed: bool, lines: int, execution: str | None) -> None:
    """Print the log of an action, a job, an endpoint or a function.

    WHAT is an action (Test/QA), a job (training, evaluation), an endpoint (endpoint production) or a function
    (function api). Without WHAT, list the logs, and mark the one of the failure.
    """
    repository = release.find()
    session = repository.session
    execution_id = _execution_id(repository, execution)
    if not what:
        _list(repository, execution_id)
        return
    location, finished = _find(repository, " ".join(what), execution_id)
    if followed:
        for event in cloudwatch.follow(session, location, finished=finished):
            console.write(_line(event))
        return
    events = cloudwatch.tail(session, location, lines)
    for event in events:
        console.write(_line(event))
    if not events:
        console.write(f"The log is empty: {location}")


def _execution_id(repository: Repository, execution: str | None) -> str | None:
    """The whole id of the execution that --execution names. InputError when it does not exist."""
    if not execution:
        return None
    session, pipeline = repository.session, repository.names.pipeline
    return executions.read(session, pipeline, naming.execution_id(repository, execution)).id


def _find(repository: Repository, what: str, execution_id: str | None) -> tuple[LogLocation, Callable[[], bool]]:
    """The location of the named log, and a function that returns whether its writer has ended."""
    if what.lower().partition(" ")[0] in {"endpoint", "function"}:
        executions.require_pipeline(repository.session, repository.names.pipeline)
        lasting = _lasting(repository, execution_id)
        if what.lower() not in lasting:
            raise InputError(f"There is no log {what}. Allowed are: {', '.join(lasting)}")
        return lasting[what.lower()], lambda: False
    chosen = execution_id or executions.latest(repository.session, repository.names.pipeline)
    return _source(repository, chosen, what).location, lambda: not _source(repository, chosen, what).running


def _lasting(repository: Repository, execution_id: str | None) -> dict[str, LogLocation]:
    """The logs that outlive an execution: of its endpoints, or of the deployed ones, and of the functions."""
    session, names = repository.session, repository.names
    return {
        **{
            f"endpoint {stage}": endpoints.log_of(endpoints.name_of(session, names, stage, execution_id))
            for stage in get_args(Stage)
        },
        **log_locations.of_functions(session, names),
    }


def _existing(repository: Repository, execution_id: str | None) -> dict[str, LogLocation]:
    """Those of the lasting logs that have a group."""
    lasting = _lasting(repository, execution_id)
    return {
        name: location for name, location in lasting.items() if cloudwatch.exists(repository.session, location.group)
    }


def _sources(repository: Repository, execution_id: str) -> list[LogSource]:
    execution = executions.read(repository.session, repository.names.pipeline, execution_id)
    return log_locations.of_execution(repository.session, repository.names, execution)


def _source(repository: Repository, execution_id: str, what: str) -> LogSource:
    """The log of an action, by its name with or without the stage, or of a job, by its kind or name."""
    sources = _sources(repository, execution_id)
    name = what.lower()
    matches = [
        each
        for each in sources
        if name in {each.name.lower(), each.name.lower().split("/")[-1], each.location.prefix.rstrip("/").lower()}
    ]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise InputError(f"{what} is ambiguous. Give one of: {', '.join(each.name for each in matches)}")
    names = ", ".join([*(each.name for each in sources), *_existing(repository, execution_id)])
    raise InputError(f"The execution {execution_id} has no log {what}. Its logs: {names or 'none yet'}")


def _list(repository: Repository, chosen: str | None) -> None:
    session, names = repository.session, repository.names
    execution = executions.read(session, names.pipeline, chosen or executions.latest(session, names.pipeline))
    failure = failures.explain(session, names, execution)

    def write(name: str, location: LogLocation) -> None:
        is_of_failure = failure is not None and (name, location) == (failure.log_name, failure.log)
        console.write(f"  {name:<{_NAME_WIDTH}} {location}{'  ← of the failure' if is_of_failure else ''}")

    console.write(f"Logs of the execution {execution.id}:")
    for source in log_locations.of_execution(session, names, execution):
        write(source.name, source.location)
    existing = _existing(repository, chosen)
    if existing:
        console.write("Endpoints of this execution, and functions:" if chosen else "Endpoints and functions:")
    for name, location in existing.items():
        write(name, location)
    if failure is not None:
        print_it = [f"Print its log: {failed.log_command(execution, failure)}"] if failure.log else []
        for line in ["", *failed.cause(execution, failure), *print_it]:
            console.write(line)


def _line(event: LogEvent) -> str:
    return f"{event.timestamp.astimezone().strftime('%H:%M:%S')}  {event.message}"
