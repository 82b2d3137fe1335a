"""How pages and messages name compared columns. Files and metrics keep the name of the baseline's column."""

from __future__ import annotations


def title(column: str, target: str | None) -> str:
    """The name for people: predictions are compared with the baseline's target, whose name a feature could have."""
    return f"prediction of {column}" if column == target else column
