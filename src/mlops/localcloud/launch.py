"""Starting and stopping a local cloud from another process."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil

from mlops import places
from mlops.errors import InputError, PipelineError
from mlops.localcloud import ports, state
from mlops.localcloud.settings import TIME_SCALE
from mlops.localcloud.state import Running

DEFAULT_PORT = 4566
_CONFLICTING = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "no_proxy",
)
_MODULE = "mlops.localcloud"
_LOG_TAIL_LINES = 15
HEALTH_SECONDS = 15.0
# How long an unresponsive process may take to end.
_EXIT_SECONDS = 5.0


class AlreadyRuns(InputError):
    """A local cloud runs with this directory: `running`."""

    def __init__(self, running: Running) -> None:
        super().__init__(f"A local cloud already runs on port {running.port}. Stop it first: mlops local down")
        self.running = running


def conflicting_variables() -> list[str]:
    """Variables that would override those of `Running.environment`, or conflict with its credentials."""
    return [*_CONFLICTING, *(name for name in os.environ if name.startswith("AWS_ENDPOINT_URL_"))]


def time_scale() -> str:
    """The time scale that the environment sets for a cloud that is started now; empty for the default."""
    return os.environ.get(TIME_SCALE, "")


def adopt(running: Running) -> None:
    """Make AWS clients of this process call the cloud, from now on."""
    for name in conflicting_variables():
        os.environ.pop(name, None)
    os.environ.update(running.environment)


class Handle:
    """A local cloud that this process owns: it stops when the handle stops, or when this process ends."""

    def __init__(self, process: subprocess.Popen, running: Running, directory: Path) -> None:
        self.process = process
        self.running = running
        self._directory = directory

    @property
    def log(self) -> Path:
        """The file with the cloud's own log."""
        return _log(self._directory)

    def ended_by_itself(self) -> str | None:
        """How the cloud ended without `stop`, such as "signal 9"; None while it runs."""
        if health(self.running.port) is not None:
            return None
        try:
            code = self.process.wait(_EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            return None
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def detach(self) -> None:
        """Keep it running after this process has ended; `stop` with its directory ends it then."""
        assert self.process.stdin
        self.process.stdin.write(b"d")
        self.process.stdin.close()
        self.running = replace(self.running, owned=False)
        while self.process.poll() is None and state.read(self._directory) != self.running:
            time.sleep(0.01)

    def stop(self, grace_seconds: float = 30) -> None:
        """End it and the processes that it started, and wait until they are gone."""
        _end(self.process, grace_seconds)
        state.remove(self._directory)


def start(
    root: Path, directory: Path, *, port: int | None, region: str, detached: bool = False, deadline_seconds: float = 30
) -> Handle:
    """Start a local cloud for the repository at `root` and wait until it answers.

    All its files are written to `directory`. Without a port it takes 4566, or a free port when 4566 is taken.
    AlreadyRuns when one runs with this directory, or another process starts one at the same time; InputError when the
    port is taken or the directory cannot be written, PipelineError with the end of its log when it doesn't start.
    """
    directory = directory.resolve()
    with places.writing(directory):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # An existing directory may have other permissions.
        directory.chmod(0o700)
        places.require_folder(directory)
    with _starting(directory):
        running = find(directory)
        if running is not None:
            raise AlreadyRuns(running)
        state.remove(directory)
        if port is not None and not ports.is_free(port):
            raise InputError(_taken(port))
        chosen = port or (DEFAULT_PORT if ports.is_free(DEFAULT_PORT) else ports.free_port())
        try:
            handle = _start(root, directory, chosen, region, deadline_seconds)
        except PipelineError:
            if port is not None or ports.is_free(chosen):
                raise
            # Another program has taken the port since the check.
            handle = _start(root, directory, ports.free_port(), region, deadline_seconds)
        if detached:
            handle.detach()
    return handle


def find(directory: Path) -> Running | None:
    """The local cloud that runs with this directory, or None.

    InputError where one runs that cannot be used: it doesn't answer, or cloud.json is damaged.
    """
    process = _process(directory)
    if process is None:
        return None
    running = state.read(directory)
    if running is None or running.pid != process.pid:
        reason = f"{directory / state.FILE} does not have its address and credentials"
    elif (health(running.port) or {}).get("id") == running.id:
        return running
    else:
        reason = f"it does not answer on port {running.port}"
    raise InputError(f"A local cloud runs (process {process.pid}), but {reason}. Stop it: mlops local down")


def stop(directory: Path, grace_seconds: float = 30) -> bool:
    """End the local cloud that runs with this directory. Returns whether there was one."""
    process = _process(directory)
    if process is not None:
        process.terminate()
        if not _ended(process, grace_seconds):
            process.kill()
            _ended(process, grace_seconds)
    with places.writing(directory):
        state.remove(directory)
    return process is not None


def health(port: int, timeout_seconds: float | None = None) -> dict | None:
    """The health response of the local cloud on this port; None without a response."""
    connection = HTTPConnection("127.0.0.1", port, timeout=timeout_seconds or HEALTH_SECONDS)  # never through a proxy
    try:
        connection.request("GET", "/_localcloud/health")
        response = connection.getresponse()
        body = json.load(response) if response.status == 200 else None
        return body if isinstance(body, dict) else None
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()


def end_of_log(log: Path) -> str:
    """The last lines of a cloud's log, under a heading."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    if not lines:
        return f"Its log is empty: {log}"
    return "\n".join([f"The end of {log}:", *(f"  {line}" for line in lines[-_LOG_TAIL_LINES:])])


@contextmanager
def _starting(directory: Path) -> Iterator[None]:
    """Hold the lock that lets only one process at a time start a cloud with this directory."""
    with open(os.open(directory / "cloud.lock", os.O_RDWR | os.O_CREAT, 0o600), "r+b") as lock:
        # The system releases the lock when the file is closed, also when this process is killed.
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start(root: Path, directory: Path, port: int, region: str, deadline_seconds: float) -> Handle:
    log = _log(directory)
    arguments = ["--port", str(port), "--directory", str(directory), "--region", region, "--owned"]
    log.unlink(missing_ok=True)
    with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", _MODULE, *arguments],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the command line, which then ends the cloud in good order
        )
    try:
        return Handle(process, _wait_until_ready(process, directory, deadline_seconds), directory)
    except BaseException:
        _end(process, grace_seconds=5)
        raise


def _wait_until_ready(process: subprocess.Popen, directory: Path, deadline_seconds: float) -> Running:
    """Wait until this process answers, and not another one on the same port."""
    deadline = time.monotonic() + deadline_seconds
    log = _log(directory)
    while True:
        running = state.read(directory)
        if running is not None and (health(running.port) or {}).get("id") == running.id:
            return running
        if process.poll() is not None:
            raise PipelineError(f"The local cloud ended with exit code {process.returncode}.\n{end_of_log(log)}")
        if time.monotonic() > deadline:
            raise PipelineError(f"The local cloud didn't answer within {deadline_seconds:.0f} s.\n{end_of_log(log)}")
        time.sleep(0.02)


def _end(process: subprocess.Popen, grace_seconds: float) -> None:
    assert process.stdin
    try:
        process.stdin.close()
        process.wait(grace_seconds)
    except (BrokenPipeError, subprocess.TimeoutExpired):
        # Its reaper ends the processes that it started, even after a kill.
        process.kill()
        process.wait()


def _log(directory: Path) -> Path:
    return directory / "cloud.log"


def _process(directory: Path) -> psutil.Process | None:
    """The process of the local cloud with this directory, also when cloud.json is missing or wrong."""
    running = state.read(directory)
    if running is not None and psutil.pid_exists(running.pid):
        with _ignore_ended():
            process = psutil.Process(running.pid)
            if _is_cloud(process, directory):
                return process
    for process in psutil.process_iter():
        with _ignore_ended():
            if _is_cloud(process, directory):
                return process
    return None


@contextmanager
def _ignore_ended() -> Iterator[None]:
    """Ignore a process that ends meanwhile or belongs to another user: it is not this user's cloud."""
    try:
        yield
    except psutil.Error:
        return


def _is_cloud(process: psutil.Process, directory: Path) -> bool:
    command = process.cmdline()
    return _MODULE in command and str(directory.resolve()) in command and process.status() != psutil.STATUS_ZOMBIE


def _ended(process: psutil.Process, seconds: float) -> bool:
    """Whether the process ends in that time. It isn't our child, and may stay a zombie in a container without an init."""
    deadline = time.monotonic() + seconds
    with _ignore_ended():
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
    return True


def _taken(port: int) -> str:
    owner = "another local cloud" if health(port, timeout_seconds=1) else "another program"
    return f"Port {port} is taken by {owner}. Choose another one: mlops local up --port {port + 1}"
