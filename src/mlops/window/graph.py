"""Draws a state machine: the longest way to success in a column, all else to its right.

The result has numbers for an SVG: boxes of states, and paths of transitions. Source: Amazon States Language.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_HEIGHT, _GAP, _COLUMN_GAP, _PADDING, _TITLE = 34.0, 26.0, 44.0, 14.0, 20.0
_LETTER, _LEAST_WIDTH, _MOST_LETTERS = 7.2, 96.0, 26
_BULGE = 18.0


@dataclass
class _Box:
    """A state. The boxes inside it have coordinates relative to it."""

    name: str
    type: str
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    inside: list[_Drawing] = field(default_factory=list)

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass
class _Drawing:
    boxes: dict[str, _Box]
    edges: list[dict[str, Any]]
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0


def draw(definition: dict[str, Any]) -> dict[str, Any]:
    """`width`, `height`, `nodes` and `edges` of a state machine's definition."""
    drawing = _draw(definition)
    nodes: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    _flatten(drawing, 0.0, 0.0, nodes, edges)
    return {"width": drawing.width, "height": drawing.height, "nodes": nodes, "edges": edges}


def transitions(state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The states that can follow a state, each with a word about when."""
    for choice in state.get("Choices", []):
        if "Next" in choice:
            yield choice["Next"], "if"
    if "Next" in state:
        yield state["Next"], ""
    if "Default" in state:
        yield state["Default"], "else"
    for catcher in state.get("Catch", []):
        yield catcher["Next"], "error"


def _flatten(drawing: _Drawing, x: float, y: float, nodes: list[dict[str, Any]], edges: list[dict[str, Any]]) -> None:
    for box in drawing.boxes.values():
        left, top = x + box.x, y + box.y
        nodes.append(
            {
                "name": box.name,
                "label": _label(box.name),
                "type": box.type,
                "x": left,
                "y": top,
                "width": box.width,
                "height": box.height,
                "contains": bool(box.inside),
            }
        )
        for inner in box.inside:
            _flatten(inner, left + inner.x, top + inner.y, nodes, edges)
    edges += [{**edge, "points": [(x + left, y + top) for left, top in edge["points"]]} for edge in drawing.edges]


def _draw(definition: dict[str, Any]) -> _Drawing:
    states, start = definition["States"], definition["StartAt"]
    boxes = {name: _box(name, state) for name, state in states.items()}
    spine = _longest(states, start)
    skips = sum(
        1
        for name in spine
        for target, _ in transitions(states[name])
        if target in spine and spine.index(target) != spine.index(name) + 1
    )
    left = min(skips, 3) * _BULGE
    width = max(boxes[name].width for name in spine)
    column = left + width + _COLUMN_GAP
    placed = set(spine)
    y = beside = right = 0.0
    for name in spine:
        box = boxes[name]
        box.x, box.y = left + (width - box.width) / 2, y
        # States outside the column are drawn beside the state that they follow, one below the other.
        waiting = [target for target, _ in transitions(states[name]) if target not in placed]
        while waiting:
            other = waiting.pop(0)
            if other in placed or other not in boxes:
                continue
            placed.add(other)
            boxes[other].x, boxes[other].y = column, max(y, beside)
            beside = boxes[other].y + boxes[other].height + _GAP / 2
            right = max(right, boxes[other].width)
            waiting = [target for target, _ in transitions(states[other]) if target not in placed] + waiting
        y += box.height + _GAP
    shown = {name: box for name, box in boxes.items() if name in placed}
    edges = [
        {"from": name, "to": target, "label": label, **_edge(shown, spine, name, target)}
        for name in shown
        for target, label in transitions(states[name])
        if target in shown
    ]
    height = max(box.y + box.height for box in shown.values())
    return _Drawing(shown, edges, column + right if right else left + width, height)


def _box(name: str, state: dict[str, Any]) -> _Box:
    width = max(_LEAST_WIDTH, len(_label(name)) * _LETTER + 26)
    inner = [*state.get("Branches", []), *([state["ItemProcessor"]] if "ItemProcessor" in state else [])]
    if not inner:
        return _Box(name, state["Type"], width, _HEIGHT)
    drawings = [_draw(each) for each in inner]
    x = _PADDING
    for each in drawings:
        each.x, each.y = x, _TITLE + _PADDING
        x += each.width + _PADDING
    height = _TITLE + 2 * _PADDING + max(each.height for each in drawings)
    return _Box(name, state["Type"], max(x, width), height, inside=drawings)


def _longest(states: dict[str, Any], start: str) -> list[str]:
    """The longest way from the start, to an end that is no failure where there is one. Loops are not followed."""
    known: dict[str, tuple[int, list[str]]] = {}

    def way(name: str, before: frozenset[str]) -> tuple[int, list[str]]:
        if name in known:
            return known[name]
        following = [
            way(target, before | {name})
            for target, _ in transitions(states[name])
            if target in states and target not in before and target != name
        ]
        succeeds = 0 if states[name]["Type"] == "Fail" else 1
        reached, rest = max(following, key=lambda each: (each[0], len(each[1])), default=(succeeds, []))
        known[name] = (reached, [name, *rest])
        return known[name]

    # A state in a loop may have been left out of another way: no state twice.
    return list(dict.fromkeys(way(start, frozenset())[1]))


def _edge(boxes: dict[str, _Box], spine: list[str], name: str, target: str) -> dict[str, Any]:
    """`kind` and `points` of a transition: the ends of a line, or of a curve that `kind` names."""
    one, other = boxes[name], boxes[target]
    down = [(one.middle[0], one.y + one.height), (other.middle[0], other.y)]
    if name in spine and target in spine:
        if spine.index(target) == spine.index(name) + 1:
            return {"kind": "line", "points": down}
        bulge = min(one.x, other.x) - _BULGE
        return {"kind": "around", "points": [(one.x, one.middle[1]), (bulge, 0), (other.x, other.middle[1])]}
    if name in spine:
        return {"kind": "across", "points": [(one.x + one.width, one.middle[1]), (other.x, other.middle[1])]}
    if target in spine:
        return {"kind": "across", "points": [(one.x, one.middle[1]), (other.x + other.width, other.middle[1])]}
    return {"kind": "line", "points": down}


def _label(name: str) -> str:
    return name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 1]}…"
