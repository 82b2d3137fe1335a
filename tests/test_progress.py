"""Functions that yield events and return a result."""

from collections.abc import Callable, Generator

import pytest

from mlops.progress import from_callback, result


def counting() -> Generator[int, None, str]:
    try:
        yield 1
        yield 2
    except KeyboardInterrupt:
        yield -1
        raise
    return "counted"


def test_result_follows_the_events():
    shown: list[int] = []
    assert result(counting(), shown.append) == "counted"
    assert shown == [1, 2]


def test_last_events_are_shown_after_an_interruption():
    shown: list[int] = []

    def interrupt(event: int) -> None:
        shown.append(event)
        if event == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        result(counting(), interrupt)
    assert shown == [1, -1]


def test_calls_of_a_callback_become_events():
    def work(show: Callable[[str], None]) -> int:
        show("half")
        show("all")
        return 7

    shown: list[str] = []
    assert result(from_callback(work), shown.append) == 7
    assert shown == ["half", "all"]


def test_error_of_the_work_is_raised_after_its_events():
    def work(show: Callable[[str], None]) -> None:
        show("half")
        raise ValueError("no rows")

    shown: list[str] = []
    with pytest.raises(ValueError, match="no rows"):
        result(from_callback(work), shown.append)
    assert shown == ["half"]
