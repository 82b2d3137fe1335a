"""`mlops local run`: a whole release on this machine."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops.cli.start import hyperparameters, release_options
from mlops.errors import InputError, PipelineError

if TYPE_CHECKING:
    from mlops.aws.executions import Execution
    from mlops.cli.project import Repository


@click.command()
@release_options
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="The report.json of another release, to show its figures beside these in the report.",
)
@click.option("--approve", "approved", is_flag=True, help="Approve without asking.")
@click.option("--keep", is_flag=True, help="Leave the local cloud running, with the endpoint in it.")
@click.option("--port", type=click.IntRange(1024, 65535), help="[default: 4566, or a free one]")
def run(
    source: str | None,
    tune: bool,
    settings: tuple[str, ...],
    baseline: Path | None,
    approved: bool,
    keep: bool,
    port: int | None,
) -> None:
    """Run the whole pipeline on this machine: from the data to an answer of the production endpoint.

    Uses the local cloud that `mlops local up` started, or starts one for the time of the run.
    """
    from mlops.cli import console, project
    from mlops.cli.report import read_baseline

    if not approved and not sys.stdin.isatty():
        raise InputError("There is no terminal on which to ask for the approval. Add --approve.")
    repository = project.find()
    overrides = hyperparameters(repository, settings, tune=tune)
    repository.check()
    other = read_baseline(baseline)
    started = time.monotonic()
    seen: list[Execution] = []
    with _cloud(repository, port, keep, seen) as stays:
        _release(repository, source, tune, overrides, approved, other, stays, seen)
    console.say(f"All of it took {console.elapsed(time.monotonic() - started)}.")


def _release(
    repository: Repository,
    source: str | None,
    tune: bool,
    overrides: dict[str, str],
    approved: bool,
    baseline: dict[str, Any] | None,
    cloud_stays: bool,
    seen: list[Execution],
) -> None:
    from mlops.cli import console, project
    from mlops.cli.data import dataset_for
    from mlops.cli.deploy import deploy_pipeline
    from mlops.cli.report import write_report
    from mlops.cli.start import start_execution

    dataset = dataset_for(repository, source)
    deploy_pipeline(repository)
    execution_id = start_execution(repository, dataset, tune=tune, overrides=overrides)
    try:
        _watch_to_the_end(repository, execution_id, approved, seen, cloud_stops=not cloud_stays)
        _invoke_once(repository, dataset)
    except PipelineError as error:
        # Said before the report is written: whatever becomes of that, the cause must be seen.
        console.say(str(error))
        write_report(repository, execution_id, baseline=baseline)
        logs = project.shown(repository.cloud_directory)
        hint = "" if cloud_stays else "\nmlops logs needs the local cloud, which has stopped: --keep leaves it running."
        raise PipelineError(f"No release. The logs of all jobs, builds and endpoints are in {logs}{hint}") from error
    page = write_report(repository, execution_id, baseline=baseline)
    console.say(f"Report: {page}")


def _watch_to_the_end(
    repository: Repository, execution_id: str, approved: bool, seen: list[Execution], cloud_stops: bool
) -> None:
    from mlops.cli.approval import answer_release
    from mlops.cli.watch import watch_execution

    watched = partial(watch_execution, repository, execution_id, cloud_stops=cloud_stops, on_change=seen.append)
    execution = watched(until_approval=True)
    if execution.waiting_approval:
        yes = approved or _ask(repository, execution)
        comment = "" if approved else click.prompt("Comment", default="", show_default=False)
        answer_release(repository, execution, approved=yes, comment=comment)
        watched()


def _ask(repository: Repository, execution: Execution) -> bool:
    from mlops.cli.report import write_report

    write_report(repository, execution.id)
    return click.confirm("Release this model to production?", default=False)


def _invoke_once(repository: Repository, dataset) -> None:
    from mlops.cli import console
    from mlops.cli.invoke import ask, first_row

    row = first_row(dataset)
    answer = ask(repository, "production", row.encode(), "text/csv", "text/csv")
    console.say(f"Production answers {answer.decode().strip()} for {row}")


@contextmanager
def _cloud(repository: Repository, port: int | None, keep: bool, seen: list[Execution]) -> Iterator[bool]:
    """A local cloud that this process's AWS clients call: the one that runs, or one of our own. Says if it stays.

    When our own ends by itself, PipelineError says so, and a report is written of what was seen.
    """
    from mlops.cli import console, project
    from mlops.cli.report import write_last_seen
    from mlops.localcloud import launch

    handle = None
    try:
        region = repository.project.region
        with console.working("Starting the local cloud"):
            handle = launch.start(repository.root, repository.cloud_directory, port=port, region=region)
        running = handle.running
    except launch.AlreadyRuns as found:
        running = found.running
        if running.owned:
            raise InputError(
                f"Another mlops local run has its local cloud in {project.shown(repository.cloud_directory)}. "
                "Wait for its end, or stop it."
            ) from None
        if port not in (None, running.port):
            raise
    for name in launch.conflicting_variables():
        os.environ.pop(name, None)
    os.environ.update(running.environment)
    try:
        yield handle is None or keep
    except Exception as error:
        if handle is None or (ending := handle.ended_by_itself()) is None:
            raise
        sentence = f"The local cloud of this run ended unexpectedly ({ending})."
        if seen:
            write_last_seen(repository, seen[-1], sentence)
        raise PipelineError(f"{sentence}\n{launch.end_of_log(handle.log)}") from error
    except KeyboardInterrupt:
        if handle is None:
            console.say('\nThe release goes on. Come back with: eval "$(mlops local env)" && mlops watch')
        raise
    finally:
        if handle is not None and handle.ended_by_itself():
            handle.stop()
        elif handle is not None and keep:
            handle.detach()
            console.say('The local cloud goes on. Call it: eval "$(mlops local env)"  Stop it: mlops local down')
        elif handle is not None:
            console.say("Stopping the local cloud (--keep leaves it running) …")
            handle.stop()
            console.say(f"Its logs stay in {project.shown(repository.cloud_directory)}")
