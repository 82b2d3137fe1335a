"""Ctrl-C during a block whose outcome has to be known."""

import signal
import threading
from collections.abc import Iterator

import pytest

from mlops.interrupts import deferred


@pytest.fixture(autouse=True)
def heed_interrupts() -> Iterator[None]:
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


def press(done: list[int], times: int) -> None:
    with deferred():
        for count in range(times):
            signal.raise_signal(signal.SIGINT)
            done.append(count)


@pytest.mark.parametrize(("times", "done"), [(1, [0]), (2, [0])])
def test_the_first_interrupt_waits_for_the_end_and_the_second_one_does_not(times: int, done: list[int]) -> None:
    counted: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        press(counted, times)
    assert counted == done
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_ignored_signal_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    counted: list[int] = []
    press(counted, 3)
    assert counted == [0, 1, 2]


def test_other_threads_defer_nothing() -> None:
    finished = threading.Event()

    def work() -> None:
        with deferred():
            finished.set()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert finished.is_set()
