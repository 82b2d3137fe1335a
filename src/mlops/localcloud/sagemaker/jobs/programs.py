"""The running programs of a job's instances, as one: they end together."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Self

from mlops.localcloud import context
from mlops.localcloud.processes import Process
from mlops.localcloud.sagemaker.common.container import Instance

# What StopTrainingJob documents: SIGTERM, then 120 seconds to save what there is.
_GRACE_SECONDS = 120
_TICK_SECONDS = 1.0


@dataclass(frozen=True)
class Outcome:
    """How the programs ended: by themselves with `exit_code`, or stopped for `cause`."""

    exit_code: int = 0
    instance: Instance | None = None
    cause: str | None = None


class Programs:
    """Programs of one job. Use as a context manager: leaving it ends whatever still runs."""

    def __init__(self) -> None:
        self._running: dict[str, tuple[Instance, Process]] = {}
        self._news: SimpleQueue[str | Outcome] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end_all(grace_seconds=0)

    def add(self, instance: Instance, process: Process) -> None:
        """Watch the program of an instance."""
        self._running[instance.name] = (instance, process)
        context.spawn(self._await_end, instance, process)

    def stop(self, cause: str) -> None:
        """Have the programs stopped, with time to save their work. May be called from any thread, at any time."""
        self._news.put(Outcome(cause=cause))

    def wait(self, deadline: float, expired: str, meanwhile: Callable[[], None]) -> Outcome:
        """Wait until all programs have succeeded, one has failed, or they were stopped.

        `deadline` is in time.monotonic() seconds; when it passes they are stopped for the cause `expired`.
        `meanwhile` is called about once a second.
        """
        left = set(self._running)
        while left:
            remaining = deadline - time.monotonic()
            try:
                news = self._news.get(timeout=max(0, min(remaining, _TICK_SECONDS)))
            except Empty:
                if remaining <= 0:
                    self.stop(expired)
                meanwhile()
                continue
            if isinstance(news, Outcome):
                self._end_all(_GRACE_SECONDS)
                return news
            instance, process = self._running[news]
            code = _exit_code(process)
            if code:
                self._end_all(_GRACE_SECONDS)
                return Outcome(code, instance)
            left.discard(news)
        return Outcome()

    def _await_end(self, instance: Instance, process: Process) -> None:
        process.wait()
        self._news.put(instance.name)

    def _end_all(self, grace_seconds: float) -> None:
        ending = [
            threading.Thread(target=process.stop, args=(grace_seconds,))
            for _, process in self._running.values()
            if process.returncode is None
        ]
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join()


def _exit_code(process: Process) -> int:
    """The exit code as Docker gives it: 128 and the number of the signal that ended the program."""
    code = process.returncode or 0
    return code if code >= 0 else 128 - code
