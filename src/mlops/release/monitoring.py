"""Runs the monitoring of production now, and fetches what its runs have found."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

from mlops import places
from mlops.aws import monitoring_runs, polling, releases, state_machines
from mlops.aws.failures import machine_cause
from mlops.aws.logs import LogLocation
from mlops.errors import InputError, PipelineError
from mlops.release.events import Events, MonitoringContinues, MonitoringEnded, NothingMonitored, long_step, step
from mlops.release.repository import Repository

_MACHINE = "monitoring"
ANOTHER_RUNS = "Another execution of this state machine is running."
"""The reason in the output of an execution that has ended at once, of infra/monitoring.asl.json."""
_ACTIVITIES = {"Monitor": "the processing job runs", "FindGroundTruth": "looking for ground truth"}


def run_monitoring(repository: Repository) -> Events[list[MonitoringEnded]]:
    """Run the schedule's state machine now: what was captured since the last run is compared, and each record once.

    Where a run is under way, it is followed to its end first, and what it has found is reported too. PipelineError when
    the run fails; then no record is lost.
    """
    allowed = repository.configuration.monitoring.violations
    places.require_folder(_reports(repository))
    session = repository.session
    if not releases.deployed(session, repository.names):
        raise InputError("Nothing is in production. See what has been released with: mlops status")
    arn = state_machines.find(session, repository.names, _MACHINE)
    jobs: list[str] = []
    backoff = polling.Backoff()
    try:
        while True:
            for other in state_machines.running(session, arn):
                ended = yield from long_step("Waiting for the run that is under way", _follow(repository, other))
                jobs += _output(ended)["Jobs"]
            execution = state_machines.start(session, arn)
            ended = yield from long_step(
                "Monitoring what was captured since the last run", _follow(repository, execution)
            )
            output = _output(_require_success(ended))
            jobs += output["Jobs"]
            if output["Reason"] != ANOTHER_RUNS:
                break
            backoff.sleep()
    except KeyboardInterrupt:
        yield MonitoringContinues()
        raise
    if not jobs:
        yield NothingMonitored(output["Reason"])
    found = []
    for job in jobs:
        found.append((yield from _fetch(repository, job, allowed)))
    return found


def fetch_monitoring(repository: Repository, *, of_quality: bool = False) -> Events[MonitoringEnded]:
    """Fetch the newest comparison with the baseline, or with ground truth, to .mlops/monitoring/."""
    allowed = repository.configuration.monitoring.violations
    places.require_folder(_reports(repository))
    job = yield from step(
        "Looking for the newest report",
        lambda: monitoring_runs.newest(repository.session, repository.bucket, of_quality=of_quality),
    )
    if job is None:
        missing = "has judged predictions by ground truth" if of_quality else "has found captured requests"
        raise InputError(f"There is no report: no run of monitoring {missing} yet. Start one with: mlops monitor run")
    return (yield from _fetch(repository, job, allowed))


def _fetch(repository: Repository, job: str, allowed: int) -> Events[MonitoringEnded]:
    folder = _reports(repository) / job
    run = yield from step(
        "Fetching the report", lambda: monitoring_runs.fetch(repository.session, repository.bucket, job, folder)
    )
    ended = MonitoringEnded(run, 0 if run.of_quality else allowed)
    yield ended
    return ended


def _reports(repository: Repository) -> Path:
    return repository.state / "monitoring"


def _follow(repository: Repository, execution: str) -> Generator[str, None, dict[str, Any]]:
    following = state_machines.follow(repository.session, execution)
    while True:
        try:
            state = next(following)
        except StopIteration as end:
            described: dict[str, Any] = end.value
            return described
        yield _ACTIVITIES.get(state, "reading what was captured")


def _output(ended: dict[str, Any]) -> dict[str, Any]:
    """What an execution returns; of one that failed, that it has finished no job."""
    output: dict[str, Any] = json.loads(ended.get("output") or '{"Jobs": [], "Reason": ""}')
    return output


def _require_success(ended: dict[str, Any]) -> dict[str, Any]:
    if ended["status"] == state_machines.SUCCEEDED:
        return ended
    machine = ended["stateMachineArn"].rpartition(":")[2]
    cause = machine_cause(ended.get("error", ""), ended.get("cause", "")) or f"it ended as {ended['status']}"
    log = _log(ended.get("cause", ""))
    raise PipelineError(
        f"{machine} has failed: {cause}\n"
        f"No record is lost: the next run reads the same ones. See docs/operations.md, Monitoring fails.{log}"
    )


def _log(cause: str) -> str:
    """Where the log of a job is that has failed, from its description."""
    try:
        job = json.loads(cause)["ProcessingJobName"]
    except (ValueError, KeyError, TypeError):
        return ""
    return f"\nLog: {LogLocation('/aws/sagemaker/ProcessingJobs', f'{job}/')}"
