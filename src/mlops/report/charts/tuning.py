"""The trials of a hyperparameter tuning job."""

from __future__ import annotations

from typing import Any

from mlops.pages import svg
from mlops.pages.numbers import number


def objective_by_trial(tuning: dict[str, Any]) -> str:
    """The objective of each trial in order of their start, and the best objective so far as a line."""
    trials = tuning["trials"]
    known = [trial["objective"] for trial in trials if trial["objective"] is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    room = (high - low) * 0.12 or abs(high) * 0.05 or 1.0
    plot = svg.Plot(height=260)
    x, y = plot.x(0.5, len(trials) + 0.5), plot.y(low - room, high + room)
    better = min if tuning["goal"] == "Minimize" else max
    best, steps, marks = None, [], []
    for position, trial in enumerate(trials, start=1):
        value = trial["objective"]
        if value is not None:
            best = value if best is None else better(best, value)
            kind = "mark best" if trial["name"] == tuning["best"] else "mark"
            hint = f"trial {position}: {number(value, 5)}"
            marks.append(svg.circle(x(position), y(value), 6 if "best" in kind else 4.5, kind, hint))
        steps += [(position - 0.5, best), (position + 0.5, best)]
    ticks = [tick for tick in x.ticks() if tick == int(tick) and tick >= 1] or [1.0]
    return svg.document(
        plot.height,
        "Objective by trial",
        f"{len(trials)} trials. The best {tuning['metric']} was {number(better(known), 5)}.",
        plot.grid(x, y, "trial", str(tuning["metric"]), ticks),
        svg.polyline(steps, x, y, "line sofar"),
        *marks,
        svg.legend([("best so far", "line sofar")], svg.WIDTH - plot.right, 12),
    )
