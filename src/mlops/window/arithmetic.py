"""Arithmetic of series, as in CloudWatch's metric math: ids, numbers, + - * / and parentheses.

Source: Amazon CloudWatch User Guide, "Using metric math with CloudWatch metrics".
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

Points = list[list[float]]

_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def computed(expression: str, series: Mapping[str, Points]) -> Points | None:
    """The values of an expression where all series that it names have one; None for an expression of another kind."""
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    if not named or not named <= series.keys() or not _is_arithmetic(tree):
        return None
    values = {name: {point[0]: point[1] for point in series[name]} for name in named}
    moments = sorted(set.intersection(*(set(each) for each in values.values())))
    points: Points = []
    for moment in moments:
        # CloudWatch leaves out what is divided by zero.
        try:
            points.append([moment, _value(tree, {name: found[moment] for name, found in values.items()})])
        except ZeroDivisionError:
            continue
    return points


def _is_arithmetic(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return type(node.op) in _OPERATORS and _is_arithmetic(node.left) and _is_arithmetic(node.right)
    if isinstance(node, ast.Constant):
        return type(node.value) in (int, float)
    return isinstance(node, ast.Name)


def _value(node: ast.expr, values: Mapping[str, float]) -> float:
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_value(node.left, values), _value(node.right, values))
    if isinstance(node, ast.Constant):
        assert isinstance(node.value, (int, float))
        return float(node.value)
    assert isinstance(node, ast.Name)
    return values[node.id]
