"""`mlops logs`: what a build, a job or an endpoint has written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from mlops.errors import InputError

if TYPE_CHECKING:
    from mlops.aws.logs import LogEvent, LogPlace
    from mlops.aws.places import LogSource
    from mlops.cli.project import Repository


@click.command()
@click.argument("what", nargs=-1)
@click.option("-f", "--follow", "followed", is_flag=True, help="Go on until it ends.")
@click.option("-n", "--lines", default=100, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--execution", metavar="ID", help="[default: the latest execution]")
def logs(what: tuple[str, ...], followed: bool, lines: int, execution: str | None) -> None:
    """Print the log of an action, a job or an endpoint.

    WHAT is an action (Test/QA), a job (training, evaluation) or an endpoint (endpoint production).
    Without it, say which logs there are.
    """
    from mlops.aws import executions
    from mlops.aws import logs as cloudwatch
    from mlops.cli import console, project

    repository = project.find()
    session = repository.session
    if what[:1] == ("endpoint",):
        place = _endpoint_log(repository, what[1:], execution)
    else:
        pipeline = repository.names.pipeline
        execution = execution or executions.latest(session, pipeline)
        if not what:
            _list(repository, execution)
            return
        place = _source(repository, execution, " ".join(what)).place
    if followed:
        finished = _finished(repository, execution, what)
        for event in cloudwatch.follow(session, place, finished=finished):
            console.say(_line(event))
        return
    events = cloudwatch.tail(session, place, lines)
    for event in events:
        console.say(_line(event))
    if not events:
        console.say(f"Nothing has been written yet to {place}")


def _endpoint_log(repository: Repository, stage: tuple[str, ...], execution: str | None = None) -> LogPlace:
    from mlops.aws import endpoints

    if stage not in {("test",), ("production",)}:
        raise InputError("mlops logs endpoint: say which one: test or production")
    return endpoints.log_of(endpoints.name_of(repository.session, repository.names, stage[0], execution))


def _sources(repository: Repository, execution_id: str) -> list[LogSource]:
    from mlops.aws import executions, places

    execution = executions.read(repository.session, repository.names.pipeline, execution_id)
    return places.of_execution(repository.session, repository.names, execution)


def _source(repository: Repository, execution_id: str, what: str) -> LogSource:
    """What a person means by an action's name, with or without its stage, or by a job's kind or name."""
    known = _sources(repository, execution_id)
    wanted = what.lower()
    found = [
        each
        for each in known
        if wanted in {each.name.lower(), each.name.lower().split("/")[-1], each.place.prefix.rstrip("/").lower()}
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{what} may be {' or '.join(each.name for each in found)}. Say which one.")
    names = ", ".join([*(each.name for each in known), "endpoint test", "endpoint production"])
    raise InputError(f"The execution {execution_id} has no log {what}. There are: {names}")


def _list(repository: Repository, execution_id: str) -> None:
    from mlops.cli import console

    console.say(f"Logs of the execution {execution_id}:")
    for source in _sources(repository, execution_id):
        console.say(f"  {source.name:<20} {source.place}")
    for stage in ("test", "production"):
        console.say(f"  {'endpoint ' + stage:<20} {_endpoint_log(repository, (stage,), execution_id)}")


def _finished(repository: Repository, execution_id: str | None, what: tuple[str, ...]) -> Callable[[], bool]:
    """Whether what writes the log has ended; an endpoint's log has no end."""
    if execution_id is None:
        return lambda: False
    return lambda: not _source(repository, execution_id, " ".join(what)).running


def _line(event: LogEvent) -> str:
    return f"{event.timestamp.astimezone().strftime('%H:%M:%S')}  {event.message}"
