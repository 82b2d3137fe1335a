"""A whole release in a local cloud: from the data to a prediction of the production endpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops import places
from mlops.aws.executions import Execution
from mlops.errors import InputError, PipelineError
from mlops.localcloud import launch
from mlops.localcloud.launch import Handle
from mlops.localcloud.state import Running
from mlops.places import shown
from mlops.release import approval
from mlops.release.datasets import dataset_for
from mlops.release.deployment import deploy
from mlops.release.events import (
    Events,
    ExecutionChanged,
    LocalCloudKept,
    LocalCloudStopped,
    LocalCloudStopping,
    LocalRunInterrupted,
    LocalRunReported,
    ProductionAnswered,
    ReleaseFailed,
    Result,
    step,
)
from mlops.release.invocation import first_row, invoke
from mlops.release.reporting import write_last_seen, write_report
from mlops.release.repository import Repository
from mlops.release.starting import start
from mlops.release.watching import watch


@dataclass(frozen=True)
class Decision:
    """The answer to a release that waits for its approval."""

    approved: bool
    comment: str = ""


def run_locally(
    repository: Repository,
    data: str | None = None,
    *,
    tune: bool = False,
    hyperparameters: dict[str, str] | None = None,
    decide: Callable[[Execution], Decision] | None = None,
    baseline: dict[str, Any] | None = None,
    keep: bool = False,
    port: int | None = None,
) -> Events[Path]:
    """Prepare the data, deploy, release, approve and call production, in the local cloud of the repository.

    Uses the running cloud, or starts one and stops it after the run, unless `keep`; from then on AWS clients of this
    process call that cloud. `decide` answers the approval after the report is written; without it the release is
    approved. Returns the page of the report. PipelineError when the release fails, after its report is written.
    """
    repository.check()
    _require_no_other_run(repository)
    places.require_folder(repository.cloud_directory)
    places.require_folder(repository.reports)
    # Before the cloud starts: unusable data end the run at once.
    dataset = yield from dataset_for(repository, data)
    handle, running = yield from _start_cloud(repository, port)
    launch.adopt(running)
    seen: list[Execution] = []
    abandoned = False
    stays = handle is None or keep
    try:
        return (yield from _release(repository, dataset, tune, hyperparameters or {}, decide, baseline, stays, seen))
    except GeneratorExit:
        abandoned = True
        raise
    except Exception as error:
        if handle is None or (ending := handle.ended_by_itself()) is None:
            raise
        sentence = f"The local cloud of this run ended unexpectedly ({ending})."
        if seen:
            yield from write_last_seen(repository, seen[-1], sentence)
        raise PipelineError(f"{sentence}\n{launch.end_of_log(handle.log)}") from error
    except KeyboardInterrupt:
        if handle is None:
            yield LocalRunInterrupted()
        raise
    finally:
        # After GeneratorExit a generator must not yield.
        if handle is not None and abandoned:
            _leave(handle, keep)
        elif handle is not None:
            yield from _end_cloud(repository, handle, keep)


def _require_no_other_run(repository: Repository) -> None:
    """InputError while the local cloud of another run uses the repository's directory."""
    running = launch.find(repository.cloud_directory)
    if running is not None and running.owned:
        raise _other_run(repository)


def _other_run(repository: Repository) -> InputError:
    return InputError(
        f"Another mlops local run has its local cloud in {shown(repository.cloud_directory)}. "
        "Wait until it ends, or stop it."
    )


def _start_cloud(repository: Repository, port: int | None) -> Events[tuple[Handle | None, Running]]:
    """Start the local cloud, or find the running one, which has no handle."""
    region = repository.project.region

    def start_cloud() -> Handle:
        return launch.start(repository.root, repository.cloud_directory, port=port, region=region)

    try:
        handle = yield from step("Starting the local cloud", start_cloud)
    except launch.AlreadyRuns as error:
        if error.running.owned:
            raise _other_run(repository) from None
        if port not in (None, error.running.port):
            raise
        return None, error.running
    return handle, handle.running


def _leave(handle: Handle, keep: bool) -> None:
    if keep and not handle.ended_by_itself():
        handle.detach()
    else:
        handle.stop()


def _end_cloud(repository: Repository, handle: Handle, keep: bool) -> Events[None]:
    if handle.ended_by_itself():
        handle.stop()
    elif keep:
        handle.detach()
        yield LocalCloudKept()
    else:
        try:
            yield LocalCloudStopping()
        finally:
            handle.stop()
        yield LocalCloudStopped(repository.cloud_directory)


def _release(
    repository: Repository,
    dataset: Path,
    tune: bool,
    hyperparameters: dict[str, str],
    decide: Callable[[Execution], Decision] | None,
    baseline: dict[str, Any] | None,
    cloud_stays: bool,
    seen: list[Execution],
) -> Events[Path]:
    yield from deploy(repository)
    execution_id = yield from start(repository, dataset, tune=tune, hyperparameters=hyperparameters)
    try:
        yield from _watch_to_the_end(repository, execution_id, decide, seen, cloud_stops=not cloud_stays)
        row = first_row(dataset)
        yield ProductionAnswered(row, invoke(repository, row.encode()).decode().strip())
    except PipelineError as error:
        # Before the report: show the cause even if writing the report fails.
        yield ReleaseFailed(str(error))
        yield from write_report(repository, execution_id, baseline=baseline)
        logs = shown(repository.cloud_directory)
        hint = "" if cloud_stays else "\nmlops logs needs the local cloud, which has stopped: --keep leaves it running."
        raise PipelineError(f"No release. The logs of all jobs, builds and endpoints are in {logs}{hint}") from error
    page = yield from write_report(repository, execution_id, baseline=baseline)
    yield LocalRunReported(page)
    return page


def _watch_to_the_end(
    repository: Repository,
    execution_id: str,
    decide: Callable[[Execution], Decision] | None,
    seen: list[Execution],
    *,
    cloud_stops: bool,
) -> Events[None]:
    watching = watch(repository, execution_id, until_approval=True, cloud_stops=cloud_stops)
    execution = yield from _remembering(watching, seen)
    if not execution.waiting_approval:
        return
    decision = Decision(approved=True)
    if decide is not None:
        yield from write_report(repository, execution.id)
        decision = decide(execution)
    yield approval.answer(repository, execution, approved=decision.approved, comment=decision.comment)
    yield from _remembering(watch(repository, execution_id, cloud_stops=cloud_stops), seen)


def _remembering(events: Events[Result], seen: list[Execution]) -> Events[Result]:
    """Yield the same events, and append the execution's states to `seen`."""
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            return end.value
        if isinstance(event, ExecutionChanged):
            seen.append(event.execution)
        yield event
