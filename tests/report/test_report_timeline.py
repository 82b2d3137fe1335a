"""The actions of the pipeline as bars on one axis of time."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from mlops.report import timeline

BEGIN = datetime.fromisoformat("2026-11-21T10:00:00+00:00")


def action(
    path: str, start: float | None, end: float | None, category: str = "Build", provider: str = "CodeBuild"
) -> dict[str, Any]:
    """An action from second `start` to `end`: without an end it is running, without a start pending."""
    moment = {None: None} | {
        second: (BEGIN + timedelta(seconds=second)).isoformat() for second in (start, end) if second is not None
    }
    state = "Pending" if start is None else "InProgress" if end is None else "Succeeded"
    seconds = None if start is None or end is None else end - start
    return {
        "path": path,
        "category": category,
        "provider": provider,
        "link": None,
        "state": state,
        "started": moment[start],
        "ended": moment[end],
        "seconds": seconds,
    }


def bars(*actions: dict[str, Any], now: float = 100) -> dict[str, timeline.Bar]:
    written = (BEGIN + timedelta(seconds=now)).isoformat()
    found = timeline.bars({"stages": [{"actions": list(actions)}], "jobs": [], "written": written})
    return {bar.name: bar for bar in found}


def test_a_bar_starts_and_ends_with_its_action() -> None:
    found = bars(action("A", 0, 25), action("B", 25, 100))
    assert (found["A"].left, found["A"].width) == (0, 25)
    assert (found["B"].left, found["B"].width) == (25, 75)


def test_the_bar_of_a_running_action_ends_now() -> None:
    found = bars(action("A", 0, 50), action("B", 50, None), now=100)
    assert (found["B"].left, found["B"].width) == (50, 50)


def test_an_action_that_has_not_started_has_no_bar() -> None:
    found = bars(action("A", 0, 50), action("B", None, None))
    assert found["B"].width is None


def test_a_pipeline_that_has_not_started_has_no_bars() -> None:
    assert [bar.width for bar in bars(action("A", None, None)).values()] == [None]


def test_a_day_of_waiting_for_approval_is_drawn_short() -> None:
    found = bars(action("A", 0, 60), action("Approve", 60, 86_460, "Approval", "Manual"), action("B", 86_460, 86_500))
    assert found["Approve"].person
    assert found["Approve"].width == pytest.approx(100 / 11, abs=0.1)
    assert found["A"].width == pytest.approx(60 / 110 * 100, abs=0.1)
    assert found["B"].left + found["B"].width == pytest.approx(100, abs=0.1)


def test_a_quick_approval_is_drawn_to_scale() -> None:
    found = bars(action("A", 0, 97), action("Approve", 97, 100, "Approval", "Manual"))
    assert found["Approve"].width == pytest.approx(3, abs=0.01)


def test_jobs_follow_the_action_that_started_them() -> None:
    train = action("Train/Train", 0, 50, "Invoke", "StepFunctions")
    job = {
        "kind": "training",
        "status": "Completed",
        "started": train["started"],
        "ended": train["ended"],
        "seconds": 50,
    }
    written = (BEGIN + timedelta(seconds=60)).isoformat()
    found = timeline.bars(
        {"stages": [{"actions": [train, action("Test/QA", 50, 60)]}], "jobs": [job], "written": written}
    )
    assert [(bar.name, bar.job) for bar in found] == [("Train/Train", False), ("training", True), ("Test/QA", False)]
