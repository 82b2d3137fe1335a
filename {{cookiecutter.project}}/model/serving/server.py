"""The server: one process that loads the model, and a forked worker per core that shares its memory and its socket."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys
import time
import traceback

import uvicorn

from model.container import Container, InputError
from model.predictor import Predictor
from model.serving.application import Application

_MIB = 1024 * 1024
_YOUNG = 1.0  # seconds; a worker that ends sooner would end again
_SIGNALS = {signal.SIGTERM, signal.SIGINT}


def serve(container: Container) -> None:
    """Serve the model in {base}/model until SIGTERM; requests that have begun are answered before that.

    Environment, all of it SageMaker's: SAGEMAKER_BIND_TO_PORT (8080), SAGEMAKER_MODEL_SERVER_WORKERS (one per core),
    SAGEMAKER_MAX_PAYLOAD_IN_MB (6, InvokeEndpoint's limit; batch transform sets more). SAGEMAKER_BIND_TO_HOST
    (0.0.0.0) is for machines where only the loopback may listen. Raises InputError when there is no usable model.
    """
    # Before XGBoost's library starts OpenMP: threads do not survive a fork.
    os.environ["OMP_NUM_THREADS"] = "1"
    application = Application(Predictor(container.model), _number("SAGEMAKER_MAX_PAYLOAD_IN_MB", 6) * _MIB)
    workers = _number("SAGEMAKER_MODEL_SERVER_WORKERS", _cores())
    listening = _listen(os.environ.get("SAGEMAKER_BIND_TO_HOST", "0.0.0.0"), _number("SAGEMAKER_BIND_TO_PORT", 8080))
    host, port = listening.getsockname()
    print(f"serving {container.model} on {host}:{port} with {workers} workers", flush=True)
    Workers(_configuration(application), listening).run(workers)


class Workers:
    """Forked copies of this process that serve; one that dies is replaced."""

    def __init__(self, configuration: uvicorn.Config, listening: socket.socket) -> None:
        self._configuration, self._listening = configuration, listening
        self._born: dict[int, float] = {}
        self._stopping = False

    def run(self, count: int) -> None:
        """Keep `count` workers until SIGTERM or SIGINT. Raises RuntimeError when one cannot even start."""
        for number in _SIGNALS:
            signal.signal(number, self._stop)
        # What is there now stays for good; a collection that touched it would copy the shared pages.
        gc.collect()
        gc.freeze()
        for _ in range(count):
            self._fork()
        while self._born:
            pid, status = os.wait()
            age = time.monotonic() - self._born.pop(pid)
            if self._stopping:
                continue
            print(
                f"worker {pid} ended after {age:.1f} s with {os.waitstatus_to_exitcode(status)}",
                file=sys.stderr,
                flush=True,
            )
            if age < _YOUNG:
                self._stop()
                raise RuntimeError("a worker ended as soon as it had started")
            self._fork()

    def _stop(self, *_: object) -> None:
        self._stopping = True
        # The workers close theirs; with this one open, new clients would wait for nobody.
        self._listening.close()
        for pid in self._born:
            # A second signal may come between a worker's end and the note of it.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def _fork(self) -> None:
        # A signal between the fork and the note of it would miss the child.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            _work(_Server(self._configuration, parent), self._listening)
        self._born[pid] = time.monotonic()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


class _Server(uvicorn.Server):
    def __init__(self, configuration: uvicorn.Config, parent: int) -> None:
        super().__init__(configuration)
        self._parent = parent

    async def on_tick(self, counter: int) -> bool:
        """Stop as well when the parent was killed and nobody else would say so."""
        return await super().on_tick(counter) or os.getppid() != self._parent


def _work(server: _Server, listening: socket.socket) -> None:
    """The worker's life; never returns, for what is above on the stack is the parent's."""
    code = 1
    try:
        for number in _SIGNALS:
            signal.signal(number, server.handle_exit)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        server.run([listening])
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _configuration(application: Application) -> uvicorn.Config:
    configuration = uvicorn.Config(
        application,
        http="httptools",
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


def _number(variable: str, default: int) -> int:
    text = os.environ.get(variable, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f"environment variable {variable}: found {text!r}, allowed is a number, at least 1")
    return int(text)
