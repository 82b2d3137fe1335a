"""The locations of the logs of an execution's actions and jobs, and of the functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from mlops.aws import api, jobs
from mlops.aws.executions import IN_PROGRESS, Action, Execution
from mlops.aws.logs import LogLocation
from mlops.aws.session import Session
from mlops.names import Function, Names


@dataclass(frozen=True)
class LogSource:
    """The log of a job or an action: `name` is the job's kind ("training") or the action's path ("Test/QA")."""

    name: str
    location: LogLocation
    running: bool


def of_execution(session: Session, names: Names, execution: Execution) -> list[LogSource]:
    """The existing logs of the execution's actions and jobs."""
    sources = []
    for action in execution.actions:
        if action.provider == "StepFunctions":
            started = jobs.of_execution(session, names, execution.id)
            sources += [LogSource(job.kind, job.log, job.running) for job in started if job.log]
        elif location := of_action(session, action):
            sources.append(LogSource(action.path, location, action.state == IN_PROGRESS))
    return sources


def of_action(session: Session, action: Action) -> LogLocation | None:
    """The log that the action itself writes: a build's, or the one that CodePipeline names."""
    if action.log_stream_arn:
        return LogLocation.from_arn(action.log_stream_arn)
    build = build_of(session, action)
    log = build.get("logs", {}) if build else {}
    return LogLocation(log["groupName"], log["streamName"]) if log.get("streamName") else None


def of_function(names: Names, purpose: Function) -> LogLocation:
    """The log of a Lambda function, which all releases share."""
    return LogLocation(f"/aws/lambda/{names.function(purpose)}")


def of_functions(session: Session, names: Names) -> dict[str, LogLocation]:
    """The logs of all functions by their names on the command line; empty where clients call the endpoint itself."""
    if not api.clients_call_api(session, names):
        return {}
    return {f"function {purpose}": of_function(names, purpose) for purpose in get_args(Function)}


def build_of(session: Session, action: Action) -> dict | None:
    """CodeBuild's description of the build that the action started, or None."""
    if action.provider != "CodeBuild" or not action.external_id:
        return None
    builds = session.client("codebuild").batch_get_builds(ids=[action.external_id])["builds"]
    return next(iter(builds), None)
