"""One model container: a process that is started, pinged, sent requests, and restarted when it ends."""

import shutil
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future
from http.client import HTTPConnection, HTTPException

from mlops.localcloud import context, ports
from mlops.localcloud.images import Image
from mlops.localcloud.logs import LogStream
from mlops.localcloud.processes import Process
from mlops.localcloud.sagemaker.common import container
from mlops.localcloud.sagemaker.common.container import Instance

# "The request timeout on /ping attempts is 2 seconds" (Custom Inference Code with Hosting Services).
_PING_TIMEOUT_SECONDS = 2
_PING_INTERVAL_SECONDS = 0.05
# SageMaker keeps pinging a container and replaces it when it is unhealthy; after how long, is not documented. On a busy
# machine a container may miss some pings.
_WATCH_INTERVAL_SECONDS = 1.0
_UNHEALTHY_SECONDS = 20.0
# AWS starts a container that ends again and again until its start-up limit is over. The outcome is clear before.
_FAILED_STARTS = 3
_LONGEST_PAUSE_SECONDS = 5.0


class StartFailed(Exception):
    """The container does not stay up for long enough to answer a ping."""


class ServingContainer:
    """The container of one instance. It listens on its own loopback port, and is pinged as long as it runs.

    `healthy` is done when the first ping was answered; it fails with StartFailed when that cannot happen any more.
    """

    def __init__(self, model: dict, image: Image, instance: Instance, log: LogStream):
        self.healthy: Future[None] = Future()
        self._model = model
        self._image = image
        self._instance = instance
        self._log = log
        self._process: Process | None = None
        self._stopping = threading.Event()
        self._port: int | None = None
        self._in_flight = 0
        self._changed = threading.Condition()

    def start(self) -> None:
        """Start the program, and start it again whenever it ends, until `stop`."""
        self._thread = context.spawn(self._keep_running)

    def enter(self) -> int | None:
        """Take a request: the port to send it to, to be followed by `leave`. None when it can take none."""
        with self._changed:
            if self._port is not None:
                self._in_flight += 1
            return self._port

    def leave(self) -> None:
        """A request that was taken is over."""
        with self._changed:
            self._in_flight -= 1
            self._changed.notify_all()

    def drain(self, seconds: float) -> None:
        """Take no more requests, and wait until those in flight are over, at most for `seconds`."""
        self._stopping.set()
        with self._changed:
            self._port = None
            self._changed.wait_for(lambda: not self._in_flight, seconds)

    def stop(self, grace_seconds: float) -> None:
        """End the program by SIGTERM, and by SIGKILL after `grace_seconds`. Its log is complete afterwards."""
        self.drain(0)
        if self._process is not None:
            self._process.stop(grace_seconds)
        self._thread.join()
        shutil.rmtree(self._instance.root, ignore_errors=True)

    def _keep_running(self) -> None:
        failures = 0
        with self._log:
            while not self._stopping.wait(_pause_seconds(failures)):
                failures = 0 if self._run_once() else failures + 1
                if failures == _FAILED_STARTS and not self.healthy.done():
                    self.healthy.set_exception(StartFailed())
                    return

    def _run_once(self) -> bool:
        """Run the program until it ends. Returns whether it has been healthy."""
        # A new port each time: something else may have taken the one before.
        port = ports.free_port()
        try:
            process = self._process = self._launch(port)
        except (container.NotStarted, context.RoleNotAssumable) as error:
            self._log.write(str(error))
            return False
        if self._stopping.is_set():
            process.stop(0)
        answered: float | None = None
        while (code := process.wait(_PING_INTERVAL_SECONDS if answered is None else _WATCH_INTERVAL_SECONDS)) is None:
            if answers_ping(port):
                self._admit(port)
                answered = time.monotonic()
            elif answered is not None and time.monotonic() - answered > _UNHEALTHY_SECONDS:
                code = self._give_up(process)
                break
        with self._changed:
            self._port = None
        if not self._stopping.is_set():
            self._log.write(f"The container has ended with exit code {code}")
        return answered is not None

    def _admit(self, port: int) -> None:
        with self._changed:
            if not self._stopping.is_set():
                self._port = port
        if not self.healthy.done():
            self.healthy.set_result(None)

    def _give_up(self, process: Process) -> int:
        """End a program that no longer answers pings. Other containers take its requests meanwhile."""
        with self._changed:
            self._port = None
        self._log.write(f"The container has not answered a ping for {_UNHEALTHY_SECONDS} seconds and is replaced")
        return process.stop(_PING_TIMEOUT_SECONDS)

    def _launch(self, port: int) -> Process:
        role_arn, isolated = self._model["ExecutionRoleArn"], self._model["EnableNetworkIsolation"]
        environment = {
            **self._model["Container"].get("Environment", {}),
            **container.role_environment(role_arn, isolated),
            "SAGEMAKER_BIND_TO_PORT": str(port),
            "SAGEMAKER_BIND_TO_HOST": self._instance.host,
        }
        return self._instance.start(self._image, self._log.write, ["serve"], environment=environment)


def answers_ping(port: int) -> bool:
    """Whether GET /ping on this port answers with 200 in time."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_PING_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _pause_seconds(failures: int) -> float:
    return min(0.1 * 2**failures, _LONGEST_PAUSE_SECONDS) if failures else 0.0


def stop_together(containers: Iterable[ServingContainer], grace_seconds: float, drain_seconds: float = 0) -> None:
    """End containers at the same time, after at most `drain_seconds` for the requests that they have taken."""

    def stop(container: ServingContainer) -> None:
        container.drain(drain_seconds)
        container.stop(grace_seconds)

    threads = [threading.Thread(target=stop, args=(container,)) for container in containers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
