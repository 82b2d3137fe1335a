"""Why an execution failed, in one sentence, and the location of the log."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any

from mlops.aws import endpoints, executions, jobs, log_locations, logs, stacks
from mlops.aws.executions import Action, Execution
from mlops.aws.logs import LogLocation
from mlops.aws.session import AWSError, Session
from mlops.names import Function, Names, Stage

_RUNNER_LINE = "[Container]"
# A shell's exit status for a command that was not found, not permitted or killed: its output is not the cause.
_LEAST_SHELL_STATUS = 126
_EXIT_STATUS = re.compile(r"exit status (\d+)")
# The last lines of pytest: a line for each failure, then how many there were.
_FAILED_TEST = re.compile(r"(?:FAILED|ERROR) (\S+)")
_TEST_COUNT = re.compile(r"\d+ (failed|error).* in [\d.]+s")
_MOST_TESTS_NAMED = 3
_EXCERPT_LINES = 8
# Images and jobs are named after their execution, and AWS takes each name once.
_STAGES_WITHOUT_RETRY = ("Build", "Train")
_NO_RETRY = (
    "CodePipeline's retry of this stage cannot succeed where its image or its jobs exist. Start a new execution "
    "instead: mlops start"
)
# CodeDeploy's lifecycle events and the functions that they call.
_HOOKS: dict[str, Function] = {"BeforeAllowTraffic": "before-traffic", "AfterAllowTraffic": "after-traffic"}


@dataclass(frozen=True)
class Failure:
    """`action` is None when the execution was stopped or superseded.

    `log` is what `mlops logs` calls `log_name`, `excerpt` its lines that belong to the cause.
    """

    action: Action | None
    cause: str
    log: LogLocation | None = None
    log_name: str = ""
    excerpt: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        if self.action is None:
            return self.cause
        verb = "was not approved" if self.action.category == "Approval" else "failed"
        return f"{self.action.path} {verb}: {self.cause}"


def explain(session: Session, names: Names, execution: Execution) -> Failure | None:
    """The failure of an execution that ended badly, else None.

    Asks the service that the failed action called: CodePipeline itself passes on little more than a state.
    """
    action = execution.failed_action
    if action is None or execution.stopped:
        if execution.finished and execution.status != "Succeeded":
            reason = executions.stop_reason(session, execution) or execution.status_summary
            reason = reason or "CodePipeline gives no reason"
            return Failure(None, f"The execution ended as {execution.status}: {reason}")
        return None
    explanation = _BY_PROVIDER.get(action.provider, _by_codepipeline)
    failure = explanation(session, names, execution, action)
    if action.stage in _STAGES_WITHOUT_RETRY and action.retried:
        return replace(failure, cause=f"{failure.cause.rstrip('.')}. {_NO_RETRY}")
    return failure


def _by_codepipeline(session: Session, names: Names, execution: Execution, action: Action) -> Failure:
    cause = action.error_message or action.summary or action.error_code or "CodePipeline gives no reason"
    log = LogLocation.from_arn(action.log_stream_arn) if action.log_stream_arn else None
    return Failure(action, cause, log, action.path)


def _by_build(session: Session, names: Names, execution: Execution, action: Action) -> Failure:
    build = log_locations.build_of(session, action)
    if build is None:
        return _by_codepipeline(session, names, execution, action)
    failed: dict[str, Any] = next((phase for phase in build.get("phases", []) if _is_failed(phase)), {})
    phase = failed.get("phaseType", "")
    message = next((context.get("message", "") for context in failed.get("contexts", [])), "")
    log = log_locations.of_action(session, action)
    written = before_end([event.message for event in logs.tail(session, log, 200)], phase) if log else []
    words = last_words(written)
    if message and _was_interrupted(failed, message):
        cause = f"{message}; last output: {words}" if words else message
    else:
        cause = words or message or action.error_message or f"the build ended as {build['buildStatus']}"
    return Failure(action, cause, log, action.path, tuple(written[-_EXCERPT_LINES:]))


def _by_state_machine(session: Session, names: Names, execution: Execution, action: Action) -> Failure:
    ran = jobs.of_execution(session, names, execution.id)
    # The state machine stops the other job when one has failed: the stopped one is not the cause.
    failed = sorted(
        (job for job in ran if job.failed), key=lambda job: (job.status != "Failed", not job.failure_reason)
    )
    if failed:
        job = failed[0]
        reason = job.failure_reason or "SageMaker gives no reason"
        return Failure(action, f"{job.kind} job {job.name} ended as {job.status}: {reason}", job.log, job.kind)
    if not action.external_id:
        return _by_codepipeline(session, names, execution, action)
    try:
        machine = session.client("stepfunctions").describe_execution(executionArn=action.external_id)
    except AWSError as error:
        if error.code != "ExecutionDoesNotExist":
            raise
        return _by_codepipeline(session, names, execution, action)
    cause = machine_cause(machine.get("error", ""), machine.get("cause", ""))
    cause = cause or action.error_message or f"the state machine ended as {machine['status']}"
    # The job before a gate logs the metrics that the gate checks.
    return Failure(action, cause, ran[-1].log, ran[-1].kind) if ran else Failure(action, cause)


def _by_stack(session: Session, names: Names, execution: Execution, action: Action) -> Failure:
    stack = action.configuration.get("StackName", "")
    span = action.span
    first = stacks.first_failure(stacks.events_between(session, stack, *span)) if stack and span else None
    if first is None:
        return _by_codepipeline(session, names, execution, action)
    cause = f"stack {stack}, {first.resource} ({first.type}): {first.reason}"
    if first.type == "AWS::Lambda::Alias":
        return _by_hook(session, names, action, cause)
    if first.type != "AWS::SageMaker::Endpoint":
        return Failure(action, cause)
    stage: Stage = "test" if action.stage == "Test" else "production"
    endpoint = endpoints.name_of(session, names, stage, execution.id)
    return Failure(action, cause, endpoints.log_of(endpoint), f"endpoint {stage}")


def _by_hook(session: Session, names: Names, action: Action, cause: str) -> Failure:
    """The hook that has stopped the shift, if one has. CodeDeploy says that it failed, only its log says why."""
    for event, hook in _HOOKS.items():
        log = log_locations.of_function(names, hook)
        written = logs.tail(session, log, 1000, between=action.span)
        reason = hook_reason([each.message for each in written])
        if reason or event in cause:
            explanation = f". {names.function(hook)} reports: {reason}" if reason else ""
            return Failure(action, f"{cause}{explanation}", log, f"function {hook}")
    return Failure(action, cause)


def _by_person(session: Session, names: Names, execution: Execution, action: Action) -> Failure:
    if not action.rejected_by:
        return _by_codepipeline(session, names, execution, action)
    return Failure(action, f"rejected by {action.rejected_by}: {action.summary or 'no comment'}")


_BY_PROVIDER = {
    "CodeBuild": _by_build,
    "StepFunctions": _by_state_machine,
    "CloudFormation": _by_stack,
    "Manual": _by_person,
}


def before_end(lines: list[str], phase: str) -> list[str]:
    """What the commands of a build wrote before its phase failed."""
    end = next((n for n, line in enumerate(lines) if f"Phase complete: {phase} State: FAILED" in line), len(lines))
    return program_output(lines[:end])


def last_words(written: list[str]) -> str:
    """The last unindented line of a command's output with the indented lines after it. Failed tests are named."""
    start = next((n for n in range(len(written) - 1, -1, -1) if not written[n][0].isspace()), None)
    if start is None:
        return ""
    words = written[start].strip("= ")
    if _TEST_COUNT.match(words):
        return _with_failed_tests(words, written)
    for line in written[start + 1 :]:
        words += (" " if words.endswith((":", ".")) else "; ") + line.strip()
    return words


def _with_failed_tests(count: str, written: list[str]) -> str:
    names = [match[1] for line in written if (match := _FAILED_TEST.match(line))]
    more = f" and {len(names) - _MOST_TESTS_NAMED} more" if len(names) > _MOST_TESTS_NAMED else ""
    return f"{count}: {', '.join(names[:_MOST_TESTS_NAMED])}{more}" if names else count


def _was_interrupted(phase: dict, message: str) -> bool:
    status = _EXIT_STATUS.search(message)
    return phase["phaseStatus"] == "FAULT" or (status is not None and int(status[1]) >= _LEAST_SHELL_STATUS)


def program_output(lines: list[str]) -> list[str]:
    """The lines of a build's log that its commands wrote, without CodeBuild's own and empty ones."""
    return [line for line in lines if line.strip() and not line.startswith(_RUNNER_LINE)]


def hook_reason(lines: list[str]) -> str:
    """The reason of the last failure in the log of a hook, as api/hooks.py writes it; else empty."""
    for line in reversed(lines):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and record.get("level") == "ERROR":
            return record.get("reason") or (record.get("exception") or "").strip().rpartition("\n")[2]
    return ""


def machine_cause(error: str, cause: str) -> str:
    """A state machine's error and cause as text; of a job's description, its reason."""
    try:
        described = json.loads(cause)
    except ValueError:
        described = None
    if isinstance(described, dict):
        # A processing job's FailureReason does not contain what its program reports.
        reasons = (described.get(key) for key in ("ExitMessage", "FailureReason", "errorMessage"))
        cause = next(filter(None, reasons), cause)
    return f"{cause} ({error})" if cause and error else cause or error


def _is_failed(phase: dict) -> bool:
    return phase.get("phaseStatus", "SUCCEEDED") not in {"SUCCEEDED", "IN_PROGRESS", "QUEUED"}
