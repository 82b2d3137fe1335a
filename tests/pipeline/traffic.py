"""Clients of production while its releases change."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from workshop import Response


@contextmanager
def traffic(ask: Callable[[], Response]) -> Iterator[list[Response]]:
    """A client that sends requests without a pause; yields the list to which it appends the responses."""
    answers: list[Response] = []
    ended = threading.Event()

    def call() -> None:
        while not ended.wait(0.02):
            try:
                answers.append(ask())
            except Exception as error:
                answers.append(Response(0, repr(error), ""))

    caller = threading.Thread(target=call)
    caller.start()
    try:
        yield answers
    finally:
        ended.set()
        caller.join()
