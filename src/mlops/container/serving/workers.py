"""Worker processes: forked copies of one process, each replaced when it ends."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable

SIGNALS = {signal.SIGTERM, signal.SIGINT}

_YOUNG = 1.0  # seconds; a worker that ends sooner has failed at its start
_ATTEMPTS = 5  # young workers in a row that may end before the server gives up
_FIRST_DELAY = 0.1  # seconds before a young worker is replaced; doubled for each further one


class Workers:
    """Keeps a number of forked workers running until SIGTERM or SIGINT.

    `work(parent)` runs in each worker, with the parent's process id and with SIGNALS blocked: it sets its own handlers,
    unblocks them, and returns when it has been stopped. `at_stop()` runs in the parent when it stops.
    """

    def __init__(self, work: Callable[[int], None], at_stop: Callable[[], None]) -> None:
        self._work, self._at_stop = work, at_stop
        self._started: dict[int, float] = {}
        self._delayed = 0.0
        self._stopping = False

    def run(self, count: int) -> None:
        """Keep `count` workers. Raises RuntimeError when several in a row end as soon as they have started."""
        for number in SIGNALS:
            signal.signal(number, self._stop)
        # A collection that touched the objects of the parent would copy the pages that the workers share.
        gc.collect()
        gc.freeze()
        for _ in range(count):
            self._fork()
        young = 0
        while self._started:
            pid, status = os.wait()
            age = self._now() - self._started.pop(pid)
            if self._stopping:
                continue
            print(
                f"worker {pid} ended after {age:.1f} s with {os.waitstatus_to_exitcode(status)}",
                file=sys.stderr,
                flush=True,
            )
            young = young + 1 if age < _YOUNG else 0
            if young == _ATTEMPTS:
                self._stop()
                raise RuntimeError(f"{_ATTEMPTS} workers in a row ended within {_YOUNG:g} s of their start")
            if young:
                self._delay(_FIRST_DELAY * 2 ** (young - 1))
            self._fork()

    def _stop(self, *_: object) -> None:
        self._stopping = True
        self._at_stop()
        for pid in self._started:
            # A second signal may arrive between a worker's end and its removal from the table.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def _fork(self) -> None:
        # A signal between the fork and its entry in the table would miss the child.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        if not self._stopping:
            parent = os.getpid()
            pid = os.fork()
            if pid == 0:
                self._run_worker(parent)
            self._started[pid] = self._now()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    def _delay(self, seconds: float) -> None:
        time.sleep(seconds)
        self._delayed += seconds

    def _now(self) -> float:
        """A clock that does not run during delays: a worker that ends within one is found only after it."""
        return time.monotonic() - self._delayed

    def _run_worker(self, parent: int) -> None:
        """Run the work and end the process: the frames above belong to the parent."""
        code = 1
        try:
            self._work(parent)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
