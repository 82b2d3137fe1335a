"""CloudWatch's dashboards: their widgets, with the values of the metrics that these name.

Source: Amazon CloudWatch API Reference, "Dashboard Body Structure and Syntax".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mlops.aws import paging
from mlops.aws.session import Session
from mlops.errors import InputError
from mlops.window import searches
from mlops.window.arithmetic import computed
from mlops.window.metrics import Metric, series
from mlops.window.times import iso

_DURATION = re.compile(
    r"-P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
_LEAST_PERIODS = 4
_DEFAULT_SPAN, _DEFAULT_PERIOD, _DEFAULT_STAT = timedelta(hours=3), 300, "Average"


class Dashboards:
    """Reads the dashboards with their values."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self, query: dict[str, str]) -> dict[str, Any]:
        """All dashboards; `minutes` of the query is the span that their charts show in place of their own."""
        minutes = query.get("minutes", "")
        if minutes and not (minutes.isascii() and minutes.isdigit() and 0 < int(minutes) <= 7 * 24 * 60):
            raise InputError(f"minutes: found {minutes!r}; allowed: a number up to 10080")
        span = timedelta(minutes=int(minutes)) if minutes else None
        client = self._session.client("cloudwatch")
        names = [each["DashboardName"] for each in paging.items(client, "list_dashboards", "DashboardEntries")]
        return {
            "dashboards": [
                self._dashboard(name, json.loads(client.get_dashboard(DashboardName=name)["DashboardBody"]), span)
                for name in names
            ]
        }

    def _dashboard(self, name: str, body: dict[str, Any], span: timedelta | None) -> dict[str, Any]:
        span = span or duration(body.get("start", ""))
        widgets = body.get("widgets", [])
        longest = _longest_period(span)
        asked = [self._lines(widget["properties"], longest) if widget["type"] == "metric" else [] for widget in widgets]
        now = datetime.now(UTC)
        values = iter(series(self._session, [metric for lines in asked for metric, _ in lines], span))
        return {
            "name": name,
            "from": iso(now - span),
            "to": iso(now),
            "widgets": [
                _widget(
                    widget,
                    [line | {"points": _filled(next(values), metric, line, now, span)} for metric, line in lines],
                )
                for widget, lines in zip(widgets, asked, strict=True)
            ],
        }

    def _lines(self, properties: dict[str, Any], longest: int) -> list[tuple[Metric, dict[str, Any]]]:
        """The metrics that a widget names, then those that its searches find, each with its line."""
        lines = _metrics(properties)
        period = int(properties.get("period", _DEFAULT_PERIOD))
        for each in _expressions(properties):
            found = searches.found(self._session, each["expression"], period)
            options = {"id": "", "visible": True, "fill": searches.fills_with(each["expression"])}
            lines += [(metric, {"label": label, **options}) for label, metric in found or ()]
        return [(replace(metric, period=min(metric.period, longest)), line) for metric, line in lines]


def _filled(
    points: list[list[float]], metric: Metric, line: dict[str, Any], now: datetime, span: timedelta
) -> list[list[float]]:
    """The points of a line, also those of periods that it fills."""
    if line.get("fill") is None:
        return points
    return searches.filled(points, line["fill"], metric.period, (now - span).timestamp(), now.timestamp())


def _longest_period(span: timedelta) -> int:
    """A period that a chart of this span has several of, as CloudWatch adapts periods to the time range."""
    return max(60, int(span.total_seconds()) // _LEAST_PERIODS // 60 * 60)


def duration(start: str) -> timedelta:
    """The span of a dashboard's start, such as -PT6H. An absolute start, or none, counts as three hours."""
    match = _DURATION.fullmatch(start)
    parts = {name: int(value) for name, value in match.groupdict().items() if value} if match else {}
    return timedelta(**parts) or _DEFAULT_SPAN


def rows(metrics: list[list[Any]]) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """The metrics of a widget in full: namespace, name and dimensions, and the options of each.

    In a row "." repeats the value of the row above in the same column, and "..." all values that are left out.
    """
    above: list[str] = []
    for row in metrics:
        options = row[-1] if row and isinstance(row[-1], dict) else {}
        names = [each for each in row if isinstance(each, str)]
        if names and names[0] == "...":
            names = above[: len(above) - len(names) + 1] + names[1:]
        names = [above[place] if each == "." and place < len(above) else each for place, each in enumerate(names)]
        above = names or above
        yield names, options


def _metrics(properties: dict[str, Any]) -> list[tuple[Metric, dict[str, Any]]]:
    """The metrics that a widget names, each with its line: label, id and whether it is drawn."""
    found = []
    for names, options in rows(properties.get("metrics", [])):
        if len(names) < 2:
            continue
        namespace, name, *dimensions = names
        metric = Metric(
            namespace,
            name,
            tuple(zip(dimensions[::2], dimensions[1::2], strict=True)),
            options.get("stat", properties.get("stat", _DEFAULT_STAT)),
            int(options.get("period", properties.get("period", _DEFAULT_PERIOD))),
        )
        line = {
            "label": options.get("label", f"{name} {metric.stat}"),
            "id": options.get("id", ""),
            "visible": options.get("visible", True),
        }
        found.append((metric, line))
    return found


def _widget(widget: dict[str, Any], lines: list[dict[str, Any]]) -> dict[str, Any]:
    properties = widget["properties"]
    annotations = properties.get("annotations", {})
    expressions = [each for each in _expressions(properties) if not searches.is_search(each["expression"])]
    by_id = {line["id"]: line["points"] for line in lines if line["id"]}
    results = [(each, computed(each["expression"], by_id)) for each in expressions]
    drawn = [
        {"label": each.get("label", each["expression"]), "points": points}
        for each, points in results
        if points is not None
    ]
    return {
        "type": widget["type"],
        "x": widget.get("x", 0),
        "y": widget.get("y", 0),
        "width": widget.get("width", 6),
        "height": widget.get("height", 6),
        "title": properties.get("title", ""),
        "text": properties.get("markdown", ""),
        "view": properties.get("view", "timeSeries"),
        "stacked": properties.get("stacked", False),
        "axis": properties.get("yAxis", {}),
        "alarms": [arn.rpartition(":alarm:")[2] for arn in properties.get("alarms", [])],
        "horizontal": _annotations(annotations.get("horizontal", [])),
        "vertical": _annotations(annotations.get("vertical", [])),
        "not_drawn": [each["expression"] for each, points in results if points is None],
        "lines": drawn + [{"label": line["label"], "points": line["points"]} for line in lines if line["visible"]],
    }


def _expressions(properties: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a widget that are expressions."""
    return [row[0] for row in properties.get("metrics", []) if isinstance(row[0], dict)]


def _annotations(found: list[Any]) -> list[dict[str, Any]]:
    """Lines; a band is a pair, of which both ends are lines."""
    single = [each for entry in found for each in (entry if isinstance(entry, list) else [entry])]
    return [{"value": each["value"], "label": each.get("label", "")} for each in single]
