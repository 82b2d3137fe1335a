"""ministack's Step Functions: the history of an execution, as AWS writes it.

Source: AWS Step Functions API Reference, HistoryEvent and the types of its details.
"""

import json
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from mlops.localcloud.ministack.scope import region

_INTEGRATION = "arn:aws:states:::"
_SDK = "aws-sdk:"
_OF_TASKS = ("TaskScheduled", "TaskSucceeded", "TaskFailed")

# An execution and its latest event: each branch of a Parallel state has its own.
_previous: ContextVar[tuple[str, int]] = ContextVar("previous_event", default=("", 0))
_arguments: ContextVar[Any] = ContextVar("task_arguments", default=None)
# The execution whose task runs, and the names of the service and the action that it calls.
_running: ContextVar[tuple[dict, dict[str, str]] | None] = ContextVar("running_task", default=None)
_lock = threading.Lock()


def install() -> None:
    """Add previousEventId to each event, the called service, action and arguments to the events of tasks, and the
    events of the states in branches and iterations."""
    from ministack.services import stepfunctions

    add, read = stepfunctions._add_event, stepfunctions._get_execution_history
    run_inside = stepfunctions._run_sub_machine

    def add_linked(execution: dict, kind: str, details: dict | None = None) -> dict:
        if kind not in _OF_TASKS:
            return _append(add, execution, kind, details)
        resource = _details(kind, details)["resource"]
        event = _append(add, execution, *_of_task(kind, resource, _details(kind, details)))
        if kind == "TaskScheduled" and ":activity:" not in resource:
            _append(add, execution, *_of_task("TaskStarted", resource, {}))
            _running.set((execution, _called(resource)))
        return event

    def history(request: dict) -> tuple:
        if execution := stepfunctions._executions.get(request.get("executionArn")):
            execution["events"][0].setdefault("previousEventId", 0)
        return read(request)

    def inside(states: dict, start_at: str, data: Any, execution: dict, ctx: dict) -> Any:
        reported = _ReportedStates(states, execution)
        output = run_inside(reported, start_at, data, execution, ctx)
        reported.leave({"output": json.dumps(output)})
        return output

    stepfunctions._add_event, stepfunctions._get_execution_history = add_linked, history
    stepfunctions._run_sub_machine = inside
    stepfunctions._apply_jsonata_arguments = _recording_arguments(stepfunctions._apply_jsonata_arguments)
    stepfunctions._apply_parameters = _recording_arguments(stepfunctions._apply_parameters)


class _ReportedStates(dict):
    """The states of a branch: each that is looked up is the next one to run.

    Between two states their input and output, which are optional in AWS's events, are not known.
    """

    def __init__(self, states: dict, execution: dict) -> None:
        super().__init__(states)
        self._execution = execution
        self._current: str | None = None

    def get(self, name: str, default: Any = None) -> Any:
        self.leave({})
        if name in self:
            self._current = name
            self._report("Entered", {"name": name})
        return super().get(name, default)

    def leave(self, details: dict) -> None:
        """Add the event of the current state's end, if there is a current state."""
        if self._current is not None:
            self._report("Exited", {"name": self._current, **details})
            self._current = None

    def _report(self, what: str, details: dict) -> None:
        from ministack.services import stepfunctions

        kind = f"{self[details['name']]['Type']}State{what}"
        stepfunctions._add_event(self._execution, kind, {f"state{what}EventDetails": details})


def task_submitted(output: dict) -> None:
    """Add the event TaskSubmitted: a service has accepted the job of the current task."""
    from ministack.services import stepfunctions

    running = _running.get()
    if running is not None:
        execution, called = running
        details = {**called, "output": json.dumps(output, default=str)}
        stepfunctions._add_event(execution, "TaskSubmitted", {"taskSubmittedEventDetails": details})


def _recording_arguments(apply: Callable) -> Callable:
    def applied(*args: Any) -> Any:
        arguments = apply(*args)
        _arguments.set(arguments)
        return arguments

    return applied


def _append(add: Callable, execution: dict, kind: str, details: dict | None) -> dict:
    # ministack takes an event's id from the number of events before it.
    with _lock:
        arn, before = _previous.get()
        known = arn == execution.get("executionArn")
        event = add(
            execution, kind, {"previousEventId": before if known else len(execution["events"]), **(details or {})}
        )
    _previous.set((execution.get("executionArn", ""), event["id"]))
    return event


def _details(kind: str, details: dict | None) -> dict:
    return (details or {})[f"{kind[0].lower()}{kind[1:]}EventDetails"]


def _of_task(kind: str, resource: str, details: dict) -> tuple[str, dict]:
    """Name and details of an event; events of functions and activities have other names than those of tasks."""
    ending = {key: details[key] for key in ("output", "error", "cause") if details.get(key)}
    arguments = json.dumps(_arguments.get())
    if resource.startswith(_INTEGRATION):
        scheduled = {"region": region(), "parameters": arguments} if kind == "TaskScheduled" else {}
        return kind, _named(kind, {**_called(resource), **scheduled, **ending})
    kind = kind.replace("Task", "Activity" if ":activity:" in resource else "LambdaFunction")
    scheduled = {"resource": resource, "input": arguments} if kind.endswith("Scheduled") else {}
    return kind, _named(kind, {**scheduled, **ending})


def _named(kind: str, details: dict) -> dict:
    return {f"{kind[0].lower()}{kind[1:]}EventDetails": details} if details else {}


def _called(resource: str) -> dict[str, str]:
    name = resource.removeprefix(_INTEGRATION)
    service, _, action = name.removeprefix(_SDK).partition(":")
    return {"resourceType": f"{_SDK}{service}" if name.startswith(_SDK) else service, "resource": action}
