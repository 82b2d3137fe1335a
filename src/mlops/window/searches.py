"""CloudWatch's search expressions, as far as dashboards of this project use them: one schema, exact terms, one statistic.

FILL around a search gives a value to the periods that have none, so that few values become peaks in place of a line.

Source: Amazon CloudWatch User Guide, "CloudWatch search expression syntax".
"""

from __future__ import annotations

import math
import re
from typing import Any

from mlops.aws import paging
from mlops.aws.session import Session
from mlops.window.metrics import Metric

_SEARCH = re.compile(
    r"""(?:FILL\(\s*)?SEARCH\(\s*'\{(?P<schema>[^{}']+)\}(?P<terms>(?:\s+\w+="[^"']*")*)\s*'\s*,\s*"""
    r"""'(?P<stat>[^']+)'\s*(?:,\s*(?P<period>\d+)\s*)?\)(?:\s*,\s*(?P<filled>\d+)\s*\))?"""
)
_TERM = re.compile(r'(\w+)="([^"]*)"')
_NAME = "MetricName"


def is_search(expression: str) -> bool:
    """Whether `found` knows the kind of this expression."""
    return _parsed(expression) is not None


def fills_with(expression: str) -> float | None:
    """The value of periods without one; None where they stay without."""
    match = _parsed(expression)
    return None if match is None or match["filled"] is None else float(match["filled"])


def filled(points: list[list[float]], value: float, period: int, since: float, until: float) -> list[list[float]]:
    """Points for all periods between two times. A series without any stays so."""
    known = {moment // period: found for moment, found in points}
    slots = range(math.ceil(since / period), math.floor(until / period) + 1) if known else ()
    return [[slot * period, known.get(slot, value)] for slot in slots]


def _parsed(expression: str) -> re.Match[str] | None:
    match = _SEARCH.fullmatch(expression.strip())
    # FILL has a value, and nothing else has one.
    is_whole = match is not None and match[0].startswith("FILL") is (match["filled"] is not None)
    return match if is_whole else None


def found(session: Session, expression: str, period: int) -> list[tuple[str, Metric]] | None:
    """The metrics that a search finds, each with its label; None for an expression of another kind.

    A label has what differs: the values of the dimensions that the terms leave open, or else the metric's name.
    """
    match = _parsed(expression)
    if match is None:
        return None
    namespace, *dimensions = (each.strip(' "') for each in match["schema"].split(","))
    terms = dict(_TERM.findall(match["terms"]))
    query: dict[str, Any] = {"Namespace": namespace} | ({_NAME: terms[_NAME]} if _NAME in terms else {})
    metrics = []
    for each in paging.items(session.client("cloudwatch"), "list_metrics", "Metrics", **query):
        values = {dimension["Name"]: dimension["Value"] for dimension in each["Dimensions"]}
        if values.keys() != set(dimensions) or not terms.items() <= (values | {_NAME: each["MetricName"]}).items():
            continue
        label = " ".join(values[name] for name in dimensions if name not in terms) or each["MetricName"]
        given = tuple((name, values[name]) for name in dimensions)
        metrics.append(
            (label, Metric(namespace, each["MetricName"], given, match["stat"], int(match["period"] or period)))
        )
    return sorted(metrics, key=lambda entry: entry[0])
