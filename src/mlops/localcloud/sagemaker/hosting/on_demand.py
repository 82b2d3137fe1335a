"""The container of a serverless variant: started by a request when there is none, ended after an idle time.

SageMaker starts a container for each request at a time; here one container takes all of them.
Source: Amazon SageMaker Developer Guide, "Deploy models with Amazon SageMaker Serverless Inference".
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from mlops.localcloud import context
from mlops.localcloud.errors import AWSError
from mlops.localcloud.sagemaker.hosting.model_container import ServingContainer

# The maximum size of a request and of a response.
MOST_BYTES = 4 * 1024 * 1024
# AWS does not document after how much time without a request it ends a container.
_IDLE_SECONDS = 300
_LEAST_IDLE_SECONDS = 2.0
_LOOK_SECONDS = 0.25


class Retired(Exception):
    """The variant's fleet starts no container any more."""


class OnDemand:
    """At most one container, which `launch` starts and returns when it is healthy; `stop` ends it.

    Provisioned concurrency keeps it running. `on_start` is called with the seconds that a start took which a request
    has waited for.
    """

    def __init__(
        self,
        settings: dict,
        launch: Callable[[], ServingContainer],
        stop: Callable[[ServingContainer], None],
        on_start: Callable[[float], None],
    ):
        self.settings = settings
        self._launch = launch
        self._stop = stop
        self._on_start = on_start
        self._lock = threading.Lock()
        self._container: Future[ServingContainer] | None = None
        self._requests = 0
        self._used = time.monotonic()
        self._retired = threading.Event()

    @contextmanager
    def request(self) -> Iterator[float]:
        """Take a request. Yields the share of the concurrency that is in use with it.

        Raises AWSError when MaxConcurrency requests are in flight.
        """
        most = self.settings["MaxConcurrency"]
        with self._lock:
            if self._requests == most:
                raise AWSError("ThrottlingException", "Rate exceeded")
            self._requests += 1
            share = self._requests / most
        try:
            yield share
        finally:
            with self._lock:
                self._requests -= 1
                self._used = time.monotonic()

    def start(self) -> "Future[ServingContainer]":
        """Start the first container, which no request waits for, and end it when it is idle for long."""
        future = self.container(is_first=True)
        if not self.settings.get("ProvisionedConcurrency"):
            context.spawn(self._end_when_idle)
        return future

    def container(self, *, is_first: bool = False) -> "Future[ServingContainer]":
        """The running container, or one that starts now. Raises Retired."""
        with self._lock:
            if self._retired.is_set():
                raise Retired
            if self._container is None or _has_failed(self._container):
                self._container = Future()
                # A request that is cancelled must not cancel it for the others.
                self._container.set_running_or_notify_cancel()
                context.spawn(self._start, self._container, is_first)
            return self._container

    def retire(self) -> None:
        """End the container, and start no other."""
        with self._lock:
            self._retired.set()
            container, self._container = self._container, None
        self._end(container)

    def _start(self, future: "Future[ServingContainer]", is_first: bool) -> None:
        began = time.monotonic()
        try:
            container = self._launch()
        except Exception as error:
            future.set_exception(error)
            return
        if not is_first:
            self._on_start(time.monotonic() - began)
        with self._lock:
            self._used = time.monotonic()
        future.set_result(container)

    def _end_when_idle(self) -> None:
        idle = max(_LEAST_IDLE_SECONDS, _IDLE_SECONDS * context.settings.time_scale)
        while not self._retired.wait(_LOOK_SECONDS):
            with self._lock:
                container = self._container
                is_idle = not self._requests and time.monotonic() - self._used > idle
                if container is None or not container.done() or not is_idle:
                    continue
                self._container = None
            self._end(container)

    def _end(self, container: "Future[ServingContainer] | None") -> None:
        if container is not None and container.exception() is None:
            self._stop(container.result())


def _has_failed(container: "Future[ServingContainer]") -> bool:
    return container.done() and container.exception() is not None
