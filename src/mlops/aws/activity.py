"""Describes the present activity of an execution's running actions, in a few words each."""

from __future__ import annotations

from mlops.aws import executions, jobs, log_locations, logs, stacks
from mlops.aws.executions import IN_PROGRESS, Action, Execution
from mlops.aws.failures import program_output
from mlops.aws.jobs import Job
from mlops.aws.session import Session
from mlops.names import Names


def with_activities(session: Session, names: Names, execution: Execution) -> Execution:
    """The same execution with `activity` filled in on the actions in progress."""
    running = [action for action in execution.actions if action.state == IN_PROGRESS]
    described = {
        action.path: _BY_PROVIDER[action.provider](session, names, execution, action)
        for action in running
        if action.provider in _BY_PROVIDER
    }
    return executions.with_activity(execution, described)


def describe_job(job: Job) -> str:
    """A job in a few words, such as "training: validation:rmse=4.1" or "tuning: 3 of 6 trials"."""
    metrics = " ".join(f"{name}={value:.4g}" for name, value in job.metrics.items())
    if not job.trials:
        return f"{job.kind}: {metrics}" if metrics else job.kind
    running = job.trials.get("InProgress", 0)
    best = f", best {metrics}" if metrics else ""
    return f"{job.kind}: {job.trials.get('Completed', 0)} trials done, {running} running{best}"


def _jobs(session: Session, names: Names, execution: Execution, action: Action) -> str:
    started = jobs.of_execution(session, names, execution.id)
    return " | ".join(describe_job(job) for job in started if job.running)


def _build(session: Session, names: Names, execution: Execution, action: Action) -> str:
    build = log_locations.build_of(session, action)
    location = log_locations.of_action(session, action)
    if build is None or location is None:
        return ""
    phase = build.get("currentPhase", "")
    output = program_output([event.message for event in logs.tail(session, location, 20)])
    return f"{phase}: {output[-1].strip()}" if output else phase


def _stack(session: Session, names: Names, execution: Execution, action: Action) -> str:
    name = action.configuration.get("StackName", "")
    if not name or stacks.describe(session, name) is None:
        return ""
    event = next(stacks.events(session, name), None)
    return f"{event.resource} {event.status}" if event and action.started and event.time >= action.started else ""


_BY_PROVIDER = {"StepFunctions": _jobs, "CodeBuild": _build, "CloudFormation": _stack}
