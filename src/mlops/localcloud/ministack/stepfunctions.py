"""ministack's Step Functions: integrations of tasks, the end of an execution, requests that AWS refuses."""

import json
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from mlops.localcloud.errors import AWSError, TaskError
from mlops.localcloud.ministack import cloudwatch
from mlops.localcloud.protocol import isoformat

_state_machine_execution: ContextVar[str | None] = ContextVar("state_machine_execution", default=None)
_failed_parallels: ContextVar[tuple[threading.Event, ...]] = ContextVar("failed_parallels", default=())
_integrations: set[str] = set()
_METRICS = {
    "ABORTED": "ExecutionsAborted",
    "FAILED": "ExecutionsFailed",
    "SUCCEEDED": "ExecutionsSucceeded",
    "TIMED_OUT": "ExecutionsTimedOut",
}


def add_integration(resource: str, run: Callable[[dict], dict]) -> None:
    """Add the task resource `resource` to Step Functions, for example …:::sagemaker:createTrainingJob.sync."""
    from ministack.services import stepfunctions

    def dispatch(task_resource: str, task_input: dict) -> dict:
        if task_resource != resource:
            raise stepfunctions._ExecutionError(
                "States.Runtime",
                f"The local cloud does not support the integration {task_resource}; it supports {resource}",
            )
        try:
            return json.loads(json.dumps(run(task_input), default=isoformat))
        except TaskError as error:
            raise stepfunctions._ExecutionError(error.error, error.cause) from error

    stepfunctions._SERVICE_DISPATCH[resource.removesuffix(".sync")] = dispatch
    _integrations.add(resource)


def replace_sdk_integration(call: Callable[[str, str, dict, str], dict]) -> None:
    """Carry out Step Functions' aws-sdk:SERVICE:ACTION tasks by `call(service, action, arguments, role ARN)`.

    ministack's integration covers a part of each service, and ignores the state machine's role.
    """
    from ministack.services import stepfunctions

    def dispatch(resource: str, arguments: dict) -> dict:
        service, _, action = resource.partition(":aws-sdk:")[2].partition(":")
        try:
            return json.loads(json.dumps(call(service, action, arguments, state_machine_role()), default=isoformat))
        except TaskError as error:
            raise stepfunctions._ExecutionError(
                stepfunctions._prefix_sdk_error(service, error.error), error.cause
            ) from error

    stepfunctions._invoke_aws_sdk_integration = dispatch


def track_state_machine_executions() -> None:
    """Track the execution, and the branch of a Parallel state, that the current work belongs to."""
    from ministack.services import stepfunctions

    run, run_branches, run_branch = (
        stepfunctions._run_execution,
        stepfunctions._run_parallel_branches,
        stepfunctions._run_sub_machine,
    )

    def tracked(execution_arn: str) -> Any:
        _state_machine_execution.set(execution_arn)
        run(execution_arn)
        _count(stepfunctions._executions.get(execution_arn))

    def branches(*args: Any) -> Any:
        token = _failed_parallels.set((*_failed_parallels.get(), threading.Event()))
        try:
            return run_branches(*args)
        finally:
            _failed_parallels.reset(token)

    def branch(*args: Any) -> Any:
        try:
            return run_branch(*args)
        except BaseException:
            # On AWS the other branches end with the first that fails; ministack waits for them.
            for failed in _failed_parallels.get()[-1:]:
                failed.set()
            raise

    stepfunctions._run_execution = tracked
    stepfunctions._run_parallel_branches = branches
    stepfunctions._run_sub_machine = branch


def _count(execution: dict | None) -> None:
    """Count an execution that has ended in the metric of its status.

    Source: AWS Step Functions Developer Guide, "Monitoring Step Functions metrics using Amazon CloudWatch".
    """
    metric = _METRICS.get(execution["status"]) if execution else None
    if execution and metric:
        machine = {"StateMachineArn": execution["stateMachineArn"]}
        cloudwatch.record("AWS/States", metric, "Count", machine, [(1.0, 1)])


def state_machine_execution_stopped() -> bool:
    """Whether the execution of the current task has ended, or another branch of its Parallel state has failed."""
    from ministack.services import stepfunctions

    arn = _state_machine_execution.get()
    execution = stepfunctions._executions.get(arn) if arn else None
    ended = execution is not None and execution["status"] != "RUNNING"
    return ended or any(failed.is_set() for failed in _failed_parallels.get())


def state_machine_role() -> str:
    """The role of the state machine whose execution runs the current task."""
    from ministack.services import stepfunctions

    execution = stepfunctions._executions[_state_machine_execution.get()]
    return stepfunctions._state_machines[execution["stateMachineArn"]]["roleArn"]


def is_integration(resource: str) -> bool:
    """Whether a task resource of the form arn:aws:states:::… is supported, other than by an AWS SDK."""
    from ministack.services import stepfunctions

    name = resource.removesuffix(".waitForTaskToken")
    own = {"arn:aws:states:::lambda:invoke", "arn:aws:states:::states:startExecution"}
    nested = {f"arn:aws:states:::states:startExecution.sync{suffix}" for suffix in ("", ":2")}
    added = {each.removesuffix(".sync") for each in _integrations if each.endswith(".sync")}
    return resource in _integrations | nested or name in own | (stepfunctions._SERVICE_DISPATCH.keys() - added)


def jsonata_violation(definition: str) -> str | None:
    """The first expression in JSONata that cannot be read, in AWS's words."""
    from ministack.services import stepfunctions

    return stepfunctions._validate_definition_jsonata(definition)


def validate_definitions(violations: Callable[[str], list[str]]) -> None:
    """Return the result of `violations(definition)` from ValidateStateMachineDefinition."""
    from ministack.services import stepfunctions

    def validated(request: dict) -> tuple:
        problems = [each.partition(": ") for each in violations(request["definition"])]
        diagnostics = [{"severity": "ERROR", "code": code, "message": message} for code, _, message in problems]
        response = {"result": "FAIL" if problems else "OK", "diagnostics": diagnostics, "truncated": False}
        return stepfunctions.json_response(response)

    stepfunctions._validate_state_machine_definition = validated


def require_input(parameters: dict) -> None:
    """Refuse an execution whose input is not JSON."""
    try:
        json.loads(parameters.get("input", "{}"))
    except ValueError as error:
        raise AWSError("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from error


def require_express(parameters: dict) -> None:
    """Refuse to wait for an execution of a standard state machine."""
    require_input(parameters)
    if _type(parameters["stateMachineArn"]) == "STANDARD":
        raise AWSError("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")


def require_standard(parameters: dict) -> None:
    """Refuse to list the executions of an express state machine: AWS keeps none."""
    if _type(parameters.get("stateMachineArn", "")) == "EXPRESS":
        raise AWSError("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")


def require_standard_execution(parameters: dict) -> None:
    """Refuse to describe an execution of an express state machine."""
    from ministack.services import stepfunctions

    execution = stepfunctions._executions.get(parameters["executionArn"])
    if execution and _type(execution["stateMachineArn"]) == "EXPRESS":
        raise AWSError("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: express'")


def correct_executions() -> None:
    """Start and end executions as AWS does: StartExecution is idempotent, and only a success has an output."""
    from ministack.services import stepfunctions

    start, describe, fail = (
        stepfunctions._start_execution,
        stepfunctions._describe_execution,
        stepfunctions._fail_state_error,
    )

    def started(request: dict) -> tuple:
        machine = stepfunctions._resolve_state_machine_arn(request.get("stateMachineArn", ""))
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{request.get('name')}" if machine else ""
        known = stepfunctions._executions.get(arn)
        if known and known["status"] == "RUNNING" and known["input"] == request.get("input", "{}"):
            return stepfunctions.json_response({"executionArn": arn, "startDate": known["startDate"]})
        return start(request)

    def described(request: dict) -> tuple:
        status, headers, body = describe(request)
        response = json.loads(body)
        if response.get("status") not in ("RUNNING", "SUCCEEDED"):
            response = {key: value for key, value in response.items() if key not in ("output", "outputDetails")}
        return status, headers, json.dumps(response).encode()

    def failed(state: dict, *rest: Any) -> tuple[str, str]:
        error, cause = fail(state, *rest)
        return error if "Error" in state or "ErrorPath" in state else "", cause

    stepfunctions._start_execution = started
    stepfunctions._describe_execution = described
    stepfunctions._fail_state_error = failed


def _type(arn: str) -> str:
    from ministack.services import stepfunctions

    machine = stepfunctions._resolve_state_machine_arn(arn)
    return stepfunctions._state_machines[machine]["type"] if machine else ""
