"""State machines as graphs, and the states of an execution from its history."""

import json
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

import pytest
from baking import REPOSITORY

from mlops.window import graph, machines

MACHINES = sorted((REPOSITORY / "infra").glob("*.asl.json"))
CHOICE: dict[str, Any] = {
    "StartAt": "Choose",
    "States": {
        "Choose": {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "Work"}], "Default": "Done"},
        "Work": {"Type": "Task", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Broken"}], "Next": "Done"},
        "Broken": {"Type": "Fail"},
        "Done": {"Type": "Succeed"},
    },
}


def boxes(drawn: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {node["name"]: node for node in drawn["nodes"]}


def names_of(definition: dict[str, Any]) -> list[str]:
    found = []
    for name, state in definition["States"].items():
        inner = [*state.get("Branches", []), *([state["ItemProcessor"]] if "ItemProcessor" in state else [])]
        found += [name, *(each for definition in inner for each in names_of(definition))]
    return found


@pytest.mark.parametrize("file", MACHINES, ids=lambda file: file.name)
def test_every_state_of_the_repositorys_machines_is_drawn_once(file: Any) -> None:
    definition = json.loads(file.read_text())
    drawn = graph.draw(definition)
    assert sorted(node["name"] for node in drawn["nodes"]) == sorted(names_of(definition))


@pytest.mark.parametrize("file", MACHINES, ids=lambda file: file.name)
def test_boxes_lie_within_the_drawing_and_cover_none_but_what_they_contain(file: Any) -> None:
    drawn = graph.draw(json.loads(file.read_text()))
    for node in drawn["nodes"]:
        assert node["x"] >= 0 and node["x"] + node["width"] <= drawn["width"] + 0.01
        assert node["y"] >= 0 and node["y"] + node["height"] <= drawn["height"] + 0.01
    for one, other in combinations([node for node in drawn["nodes"] if not node["contains"]], 2):
        apart = (
            one["x"] + one["width"] <= other["x"]
            or other["x"] + other["width"] <= one["x"]
            or one["y"] + one["height"] <= other["y"]
            or other["y"] + other["height"] <= one["y"]
        )
        assert apart, (one["name"], other["name"])


def test_the_longest_way_to_success_is_the_column_and_failures_stand_beside_it() -> None:
    drawn = boxes(graph.draw(CHOICE))
    middle = {name: each["x"] + each["width"] / 2 for name, each in drawn.items()}
    assert middle["Choose"] == middle["Work"] == middle["Done"]
    assert drawn["Choose"]["y"] < drawn["Work"]["y"] < drawn["Done"]["y"]
    assert drawn["Broken"]["x"] > drawn["Work"]["x"] + drawn["Work"]["width"]


def test_each_transition_has_a_word_about_when() -> None:
    found = {(edge["from"], edge["to"]): edge["label"] for edge in graph.draw(CHOICE)["edges"]}
    assert found == {
        ("Choose", "Work"): "if",
        ("Choose", "Done"): "else",
        ("Work", "Done"): "",
        ("Work", "Broken"): "error",
    }


def test_a_loop_is_drawn() -> None:
    loop = {
        "StartAt": "Ask",
        "States": {
            "Ask": {"Type": "Task", "Next": "Ready"},
            "Ready": {"Type": "Choice", "Choices": [{"Next": "Done"}], "Default": "Wait"},
            "Wait": {"Type": "Wait", "Next": "Ask"},
            "Done": {"Type": "Succeed"},
        },
    }
    drawn = graph.draw(loop)
    assert {(edge["from"], edge["to"]) for edge in drawn["edges"]} >= {("Wait", "Ask"), ("Ready", "Wait")}
    assert len(drawn["nodes"]) == 4


def event(number: int, before: int, kind: str, **details: Any) -> dict[str, Any]:
    return {
        "id": number,
        "previousEventId": before,
        "type": kind,
        "timestamp": datetime(2026, 1, 1, 0, 0, number, tzinfo=UTC),
        **details,
    }


def entered(number: int, before: int, name: str) -> dict[str, Any]:
    return event(number, before, "TaskStateEntered", stateEnteredEventDetails={"name": name})


def left(number: int, before: int, name: str) -> dict[str, Any]:
    return event(number, before, "TaskStateExited", stateExitedEventDetails={"name": name})


def test_states_run_from_their_entry_to_their_exit() -> None:
    states = machines.states(
        [event(1, 0, "ExecutionStarted"), entered(2, 1, "One"), left(3, 2, "One"), entered(4, 3, "Two")]
    )
    assert {name: state["state"] for name, state in states.items()} == {"One": "succeeded", "Two": "running"}
    assert states["One"]["started"] < states["One"]["ended"]


def test_a_branch_fails_alone_and_its_error_is_the_reason() -> None:
    """Events of branches alternate: each belongs to the state of the event before it."""
    states = machines.states(
        [
            entered(1, 0, "Train"),
            entered(2, 0, "Baseline"),
            event(3, 1, "TaskScheduled"),
            event(4, 2, "TaskScheduled"),
            event(5, 3, "TaskFailed", taskFailedEventDetails={"error": "Broken", "cause": "no data"}),
        ]
    )
    assert (states["Train"]["state"], states["Train"]["reason"]) == ("failed", "Broken: no data")
    assert states["Baseline"]["state"] == "running"


def test_an_error_that_is_caught_does_not_fail_the_state() -> None:
    failed = event(2, 1, "TaskFailed", taskFailedEventDetails={"error": "Broken"})
    states = machines.states([entered(1, 0, "Read"), failed, left(3, 2, "Read"), entered(4, 3, "Next")])
    assert states["Read"]["state"] == "caught"


@pytest.mark.parametrize(("kind", "state"), [("ExecutionFailed", "failed"), ("ExecutionAborted", "stopped")])
def test_the_end_of_the_execution_ends_what_runs(kind: str, state: str) -> None:
    detail = f"{kind[0].lower()}{kind[1:]}EventDetails"
    states = machines.states(
        [entered(1, 0, "One"), left(2, 1, "One"), entered(3, 2, "Two"), event(4, 3, kind, **{detail: {"error": "E"}})]
    )
    assert states["One"]["state"] == "succeeded"
    assert (states["Two"]["state"], states["Two"]["reason"]) == (state, "E")
