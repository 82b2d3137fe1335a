"""The server: one process that loads the model, and a forked worker per core that shares its memory and its socket."""

from __future__ import annotations

import logging
import os
import signal
import socket

import uvicorn

from mlops import team
from mlops.container.directories import Container
from mlops.container.serving.application import Application
from mlops.container.serving.limits import BoundedLog, BoundedProtocol
from mlops.container.serving.workers import SIGNALS, Workers
from mlops.errors import InputError

_MIB = 1024 * 1024


def serve(container: Container) -> None:
    """Serve the model in {base}/model until SIGTERM. Running requests get their responses before the server ends.

    Environment variables that SageMaker sets: SAGEMAKER_BIND_TO_PORT (8080), SAGEMAKER_MODEL_SERVER_WORKERS (one per core),
    SAGEMAKER_MAX_PAYLOAD_IN_MB (6, InvokeEndpoint's limit; batch transform sets more). SAGEMAKER_BIND_TO_HOST
    (0.0.0.0) is for machines that may listen only on the loopback. With port 0 it takes a free port and prints it in the
    first line. Raises InputError when there is not a usable model, RuntimeError when no worker can run.
    """
    # Set before a learner's library starts OpenMP: threads do not survive a fork, and each core has a worker.
    os.environ["OMP_NUM_THREADS"] = "1"
    workers = _number("SAGEMAKER_MODEL_SERVER_WORKERS", _cores())
    max_bytes = _number("SAGEMAKER_MAX_PAYLOAD_IN_MB", 6) * _MIB
    application = Application(team.predictor(container.model), max_bytes, workers)
    listening = _listen(
        os.environ.get("SAGEMAKER_BIND_TO_HOST", "0.0.0.0"), _number("SAGEMAKER_BIND_TO_PORT", 8080, least=0)
    )
    host, port = listening.getsockname()
    print(f"serving {container.model} on {host}:{port} with {workers} workers", flush=True)
    configuration = _configuration(application)

    def work(parent: int) -> None:
        server = _Server(configuration, parent)
        for number in SIGNALS:
            signal.signal(number, server.handle_exit)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        server.run([listening])

    # The workers close their own copies; while this one is open, the kernel keeps accepting clients.
    Workers(work, at_stop=listening.close).run(workers)


class _Server(uvicorn.Server):
    def __init__(self, configuration: uvicorn.Config, parent: int) -> None:
        super().__init__(configuration)
        self._parent = parent

    async def on_tick(self, counter: int) -> bool:
        """Stop also when the parent was killed, because it can no longer send SIGTERM."""
        return await super().on_tick(counter) or os.getppid() != self._parent


def _configuration(application: Application) -> uvicorn.Config:
    configuration = uvicorn.Config(
        application,
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=25,  # SageMaker kills after 30 s
    )
    configuration.load()
    logging.getLogger("uvicorn.error").addFilter(BoundedLog())
    return configuration


def _listen(host: str, port: int) -> socket.socket:
    # With the protocol named, asyncio sees TCP and switches Nagle's algorithm off.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        raise InputError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    listening.listen(2048)
    listening.setblocking(False)
    return listening


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _number(variable: str, default: int, least: int = 1) -> int:
    text = os.environ.get(variable, str(default))
    if not text.isdecimal() or int(text) < least:
        raise InputError(f"environment variable {variable}: found {text!r}, allowed is a number, at least {least}")
    return int(text)
