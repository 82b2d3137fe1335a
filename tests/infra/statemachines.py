"""Reads the state machines of a generated repository, and evaluates their expressions as Step Functions does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonata
from baking import REPOSITORY


def machine(file: str) -> dict[str, Any]:
    return json.loads((REPOSITORY / "infra" / file).read_text())


def machines_in(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The machine itself and the branches of its Parallel states."""
    yield definition
    for state in definition["States"].values():
        for branch in state.get("Branches", []):
            yield from machines_in(branch)


def targets(state: dict[str, Any]) -> set[str]:
    rules = [state, *state.get("Choices", []), *state.get("Catch", [])]
    return {rule["Next"] for rule in rules if "Next" in rule} | ({state["Default"]} if "Default" in state else set())


def expressions(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for value in node.values():
            yield from expressions(value)
    elif isinstance(node, list):
        for value in node:
            yield from expressions(value)
    elif isinstance(node, str) and node.startswith("{%"):
        yield node.removeprefix("{%").removesuffix("%}").strip()


def evaluate(text: str, **variables: Any) -> Any:
    """Evaluate a state's expression as Step Functions does, with variables alone in scope."""
    expression = jsonata.Jsonata(text.removeprefix("{%").removesuffix("%}").strip())
    expression.register_lambda("parse", json.loads)
    null = jsonata.utils.Utils.NULL_VALUE
    return expression.evaluate(None, {name: null if value is None else value for name, value in variables.items()})


def texts(task: dict[str, Any]) -> list[tuple[str, str]]:
    """The arguments of a task that are expressions."""
    return [(name, value) for name, value in task["Arguments"].items() if str(value).startswith("{%")]
