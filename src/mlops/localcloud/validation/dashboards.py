"""The body of a CloudWatch dashboard.

Source: Amazon CloudWatch API Reference, "Dashboard Body Structure and Syntax" and PutDashboard.
"""

import json
from collections.abc import Iterator
from typing import Any

from mlops.localcloud.errors import AWSError

_MOST_WIDGETS = 500
# What the properties of a widget of each type must have: one of these.
_TYPES: dict[str, tuple[str, ...]] = {
    "alarm": ("alarms",),
    "chart": (),
    "custom": ("endpoint",),
    "explorer": (),
    "log": ("query", "queryId"),
    "metric": ("metrics", "annotations"),
    "text": ("markdown",),
}
_NEED_REGION = ("log", "metric")
# The grid is 24 columns wide.
_LIMITS = {"x": (0, 23), "y": (0, None), "width": (1, 24), "height": (1, 1000)}


def require_body(body: str) -> None:
    """Refuse a body that CloudWatch refuses, with the first fault."""
    for path, text in violations(body):
        raise AWSError("InvalidParameterInput", f"The dashboard body is invalid: {path}: {text}")


def violations(body: str) -> Iterator[tuple[str, str]]:
    """The faults of a body, each with its path."""
    try:
        document = json.loads(body)
    except ValueError as error:
        yield "/", f"not JSON ({error})"
        return
    widgets = document.get("widgets") if isinstance(document, dict) else None
    if not isinstance(widgets, list):
        yield "/widgets", "Should be an array"
        return
    if len(widgets) > _MOST_WIDGETS:
        yield "/widgets", f"Should have at most {_MOST_WIDGETS} items"
    for number, widget in enumerate(widgets):
        for path, text in _of_widget(widget):
            yield f"/widgets/{number}{path}", text


def _of_widget(widget: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(widget, dict) or widget.get("type") not in _TYPES:
        yield "/type", f"Should be one of {', '.join(_TYPES)}"
        return
    for name, (least, most) in _LIMITS.items():
        value = widget.get(name, least)
        if not isinstance(value, int) or value < least or (most is not None and value > most):
            yield f"/{name}", f"Should be a number from {least}{'' if most is None else f' to {most}'}"
    properties = widget.get("properties")
    if not isinstance(properties, dict):
        yield "/properties", "Should be an object"
        return
    needed = _TYPES[widget["type"]]
    if needed and not any(name in properties for name in needed):
        yield "/properties", f"Should have {' or '.join(needed)}"
    if widget["type"] in _NEED_REGION and not isinstance(properties.get("region"), str):
        yield "/properties/region", "Should be the name of a region"
    if widget["type"] == "metric":
        yield from _of_metrics(properties)


def _of_metrics(properties: dict) -> Iterator[tuple[str, str]]:
    period = properties.get("period", 300)
    if not isinstance(period, int) or period <= 0 or (period not in (1, 5, 10, 20, 30) and period % 60):
        yield "/properties/period", "Should be 1, 5, 10, 20, 30 or a multiple of 60"
    metrics = properties.get("metrics", [])
    for number, row in enumerate(metrics if isinstance(metrics, list) else [None]):
        names = [each for each in row if isinstance(each, str)] if isinstance(row, list) else []
        options = row[-1] if isinstance(row, list) and row and isinstance(row[-1], dict) else {}
        written_out = names and "..." not in names
        if not names and "expression" not in options:
            yield f"/properties/metrics/{number}", "Should be a namespace, a name and dimensions, or an expression"
        elif written_out and len(names) % 2:
            yield f"/properties/metrics/{number}", "Should have a value for each dimension"
