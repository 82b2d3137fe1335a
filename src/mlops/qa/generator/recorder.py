"""Records each request of a run, and the generator's own CPU time and lag."""

from __future__ import annotations

import json
import time
from array import array
from pathlib import Path
from typing import NamedTuple

import gevent
import psutil
from locust.env import Environment

from mlops.qa.generator.summary import Generator, Requests, summarise

_LAG_INTERVAL_SECONDS = 0.05
MAXIMUM_REQUESTS = 5_000_000
_SCHEDSTAT = Path("/proc/self/schedstat")


class _Clocks(NamedTuple):
    """Clocks in seconds, read together: real time, this process's time on a CPU and waiting for a CPU, busy time of all
    CPUs, and total time of all CPUs.
    """

    wall: float
    cpu: float
    waited: float
    machine_busy: float
    machine: float

    @classmethod
    def read(cls) -> _Clocks:
        times = psutil.cpu_times()
        idle = times.idle + getattr(times, "iowait", 0.0)
        return cls(time.perf_counter(), time.process_time(), _waited_for_cpu(), sum(times) - idle, sum(times))


class Recorder:
    """Writes `file` when the run ends. Requests count from the start of the last user.

    The run ends after MAXIMUM_REQUESTS, so that it cannot fill the memory.
    """

    def __init__(self, environment: Environment, file: Path) -> None:
        self._environment = environment
        self._file = file
        self._requests = Requests(array("d"), array("d"), bytearray())
        self._lag = array("d")
        self._warned = False
        self._ramp_started = time.perf_counter()
        self._begin: _Clocks | None = None
        self._end: _Clocks | None = None

    def attach(self) -> None:
        """Register listeners for locust's events of the run."""
        events = self._environment.events
        events.test_start.add_listener(self._on_start)
        events.spawning_complete.add_listener(self._on_all_users)
        events.request.add_listener(self._on_request)
        events.cpu_warning.add_listener(self._on_cpu_warning)
        events.test_stopping.add_listener(self._on_stopping)
        events.quit.add_listener(self._write)

    def _on_start(self, **_: object) -> None:
        self._ramp_started = time.perf_counter()

    def _on_all_users(self, **_: object) -> None:
        if self._begin is None:
            self._begin = _Clocks.read()
            gevent.spawn(self._watch_lag)

    def _on_request(self, response_time: float, exception: Exception | None, **_: object) -> None:
        requests = self._requests
        requests.ended.append(time.perf_counter())
        requests.milliseconds.append(response_time)
        requests.failed.append(exception is not None)
        if len(requests.ended) == MAXIMUM_REQUESTS:
            runner = self._environment.runner
            assert runner, "locust has a runner while requests end"
            gevent.spawn(runner.quit)

    def _on_cpu_warning(self, **_: object) -> None:
        self._warned = True

    def _on_stopping(self, **_: object) -> None:
        self._end = self._end or _Clocks.read()

    def _watch_lag(self) -> None:
        """Record how late the event loop wakes a sleeper: a response waits as long before the generator reads it."""
        while self._end is None:
            due = time.perf_counter() + _LAG_INTERVAL_SECONDS
            gevent.sleep(_LAG_INTERVAL_SECONDS)
            self._lag.append((time.perf_counter() - due) * 1000)

    def _write(self, **_: object) -> None:
        end = self._end or _Clocks.read()
        begin = self._begin or end
        generator = Generator(
            cpu_percent=_percent(end.cpu - begin.cpu, end.wall - begin.wall),
            waited_percent=_percent(end.waited - begin.waited, end.wall - begin.wall),
            machine_percent=_percent(end.machine_busy - begin.machine_busy, end.machine - begin.machine),
            lag_milliseconds=self._lag,
            warned=self._warned,
        )
        summary = summarise(self._requests, generator, self._ramp_started, begin.wall, end.wall)
        self._file.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def _waited_for_cpu() -> float:
    """Seconds in which this process could have run and others did; 0 on macOS, which does not count them."""
    try:
        # Nanoseconds on a CPU, nanoseconds on a run queue, timeslices:
        # https://docs.kernel.org/scheduler/sched-stats.html
        return int(_SCHEDSTAT.read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


def _percent(part: float, whole: float) -> float:
    return 100 * part / whole if whole > 0 else 0.0
