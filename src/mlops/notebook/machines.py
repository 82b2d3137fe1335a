"""The state machine of the training, drawn with the states of its newest execution."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from mlops.aws import paging, state_machines
from mlops.notebook.html import Shown
from mlops.pages import svg
from mlops.release import Repository
from mlops.window import graph, machines

_MARGIN = 8.0


def state_machine(repository: Repository, name: str = "train") -> Shown:
    """The state machine PROJECT-NAME of infra/. A state has the colour of its result in the newest execution."""
    session = repository.session
    client, arn = session.client("stepfunctions"), state_machines.find(session, repository.names, name)
    drawn = graph.draw(json.loads(client.describe_state_machine(stateMachineArn=arn)["definition"]))
    newest = client.list_executions(stateMachineArn=arn, maxResults=1)["executions"]
    states: dict[str, dict[str, Any]] = {}
    if newest:
        history = paging.items(client, "get_execution_history", "events", executionArn=newest[0]["executionArn"])
        states = machines.states(history)
    counted = f"{len(states)} of {len(drawn['nodes'])} states entered" if newest else "no execution yet"
    note = f'<p class="note">{escape(arn.rpartition(":")[2])}: {counted}. White: not entered; green: succeeded; yellow: failed, and its error was caught; red: failed.</p>'
    return Shown(note + _svg(drawn, states))


def _svg(drawn: dict[str, Any], states: dict[str, dict[str, Any]]) -> str:
    width, height = drawn["width"] + 2 * _MARGIN, drawn["height"] + 2 * _MARGIN
    parts = [_box(node, states.get(node["name"], {})) for node in drawn["nodes"] if node["contains"]]
    parts += [svg.path(_path(edge), "edge", edge["label"]) for edge in drawn["edges"]]
    parts += [_box(node, states.get(node["name"], {})) for node in drawn["nodes"] if not node["contains"]]
    return (
        f'<svg class="graph" role="img" aria-label="State machine" width="{svg.short(width)}" '
        f'viewBox="{-_MARGIN:g} {-_MARGIN:g} {svg.short(width)} {svg.short(height)}">{"".join(parts)}</svg>'
    )


def _box(node: dict[str, Any], state: dict[str, Any]) -> str:
    x, y, width, height = (node[key] for key in ("x", "y", "width", "height"))
    kind = f"state-box {'group ' if node['contains'] else ''}{state.get('state', '')}"
    hint = ": ".join(filter(None, [node["name"], state.get("state", "not entered"), state.get("reason", "")]))
    label_y = y + (16 if node["contains"] else height / 2 + 4)
    return svg.rectangle(x, y, width, height, kind, hint) + svg.text(
        x + width / 2, label_y, node["label"], "middle", hint
    )


def _path(edge: dict[str, Any]) -> str:
    """SVG path of a line, a curve to the side, or a curve around the boxes between its ends, as in page/machine.js."""
    points = [(svg.short(x), svg.short(y)) for x, y in edge["points"]]
    if edge["kind"] == "around":
        (x, y), (bulge, _), (end_x, end_y) = points
        return f"M{x} {y}C{bulge} {y} {bulge} {end_y} {end_x} {end_y}"
    (x, y), (end_x, end_y) = points
    if edge["kind"] == "across":
        middle = svg.short((edge["points"][0][0] + edge["points"][1][0]) / 2)
        return f"M{x} {y}C{middle} {y} {middle} {end_y} {end_x} {end_y}"
    return f"M{x} {y}L{end_x} {end_y}"
