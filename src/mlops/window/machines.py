"""The state machines: their graphs, and the states of their newest executions."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from typing import Any

from mlops.aws import paging
from mlops.aws.session import Session
from mlops.window import graph
from mlops.window.times import Ended, iso

_RUNNING = "RUNNING"
_EXECUTIONS = 5


def collect(session: Session, ended: Ended) -> list[dict[str, Any]]:
    """Each state machine with its graph, its newest executions and the states of the newest one."""
    client = session.client("stepfunctions")
    return [
        _machine(client, ended, each["name"], each["stateMachineArn"])
        for each in paging.items(client, "list_state_machines", "stateMachines")
    ]


def _machine(client: Any, ended: Ended, name: str, arn: str) -> dict[str, Any]:
    definition = client.describe_state_machine(stateMachineArn=arn)["definition"]
    drawn = ended.get(("graph", definition), lambda: graph.draw(json.loads(definition)), ended=bool)
    found = paging.items(client, "list_executions", "executions", stateMachineArn=arn)
    executions = list(itertools.islice(found, _EXECUTIONS))
    return {
        "name": name,
        "arn": arn,
        "graph": drawn,
        "executions": [
            {
                "name": each["name"],
                "state": each["status"],
                "started": iso(each["startDate"]),
                "ended": iso(each.get("stopDate")),
            }
            for each in executions
        ],
        "states": _states(client, ended, executions[0]) if executions else {},
    }


def _states(client: Any, ended: Ended, execution: dict[str, Any]) -> dict[str, Any]:
    arn = execution["executionArn"]
    return ended.get(
        ("states", arn),
        lambda: states(paging.items(client, "get_execution_history", "events", executionArn=arn)),
        ended=lambda _: execution["status"] != _RUNNING,
    )


def states(events: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The entered states by name: running, succeeded, caught, failed or stopped; with times and the reason."""
    found: dict[str, dict[str, Any]] = {}
    # The state in which an event happened: that of the event before it.
    inside: dict[int, str] = {}
    for event in events:
        kind = event["type"]
        name = inside.get(event.get("previousEventId", 0), "")
        if kind.endswith("StateEntered"):
            name = event["stateEnteredEventDetails"]["name"]
            found[name] = {"state": "running", "started": iso(event["timestamp"]), "ended": None, "reason": ""}
        elif kind.endswith("StateExited"):
            name = event["stateExitedEventDetails"]["name"]
            if name in found:
                end = "caught" if found[name]["state"] == "failed" else "succeeded"
                found[name] |= {"state": end, "ended": iso(event["timestamp"])}
        elif kind in ("ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"):
            _end_running(found, event)
        elif kind.endswith("Failed") and name in found:
            found[name] |= {"state": "failed", "reason": _reason(event), "ended": iso(event["timestamp"])}
        inside[event["id"]] = name
    return found


def _end_running(found: dict[str, dict[str, Any]], event: dict[str, Any]) -> None:
    end = "stopped" if event["type"] == "ExecutionAborted" else "failed"
    for state in found.values():
        if state["state"] == "running":
            state |= {"state": end, "ended": iso(event["timestamp"]), "reason": _reason(event)}


def _reason(event: dict[str, Any]) -> str:
    details: dict[str, Any] = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
    return ": ".join(filter(None, [details.get("error", ""), details.get("cause", "")]))
