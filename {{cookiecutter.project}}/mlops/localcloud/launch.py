"""Starting and stopping a local cloud from another process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil

from mlops.errors import InputError, PipelineError
from mlops.localcloud import ports

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


@dataclass(frozen=True)
class Running:
    """A local cloud that runs by itself, as its state file says and its process confirms."""

    port: int
    pid: int
    region: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which every AWS client calls this cloud, and none calls AWS."""
        no_proxy = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "NO_PROXY": ",".join(dict.fromkeys(filter(None, [*no_proxy.split(","), "127.0.0.1"]))),
        }


def conflicting_variables() -> list[str]:
    """Variables that would win over those of `Running.environment`, or spoil its credentials."""
    return [*_CONFLICTING, *(name for name in os.environ if name.startswith("AWS_ENDPOINT_URL_"))]


class Handle:
    """A local cloud that this process owns: it stops when the handle stops, or when this process ends."""

    def __init__(self, process: subprocess.Popen, port: int, region: str, directory: Path) -> None:
        self.process = process
        self.running = Running(port, process.pid, region)
        self._directory = directory

    def detach(self) -> None:
        """Let it live on without this process; `stop` with its directory ends it then."""
        self.process.stdin.write(b"d")
        self.process.stdin.close()

    def stop(self, grace_seconds: float = 30) -> None:
        """End it and the processes that it started, and wait until they are gone."""
        try:
            self.process.stdin.close()
            self.process.wait(grace_seconds)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            # Its reaper ends what it started, however it ends.
            self.process.kill()
            self.process.wait()
        _state_file(self._directory).unlink(missing_ok=True)


def start(root: Path, directory: Path, *, port: int | None, region: str, deadline_seconds: float = 30) -> Handle:
    """Start a local cloud for the repository at `root` and wait until it answers.

    `directory` takes its log, its state file and everything that it writes. With no port, 4566 or, when that
    is taken, a free one. InputError when the port is taken, PipelineError with the end of its log when it
    doesn't start.
    """
    directory = directory.resolve()
    if port is None:
        port = DEFAULT_PORT if ports.is_free(DEFAULT_PORT) else ports.free_port()
    elif not ports.is_free(port):
        raise InputError(_taken(port))
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "cloud.log"
    arguments = ["--port", str(port), "--directory", str(directory), "--region", region, "--owned"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", _MODULE, *arguments],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the command line, which then ends the cloud in good order
        )
    handle = Handle(process, port, region, directory)
    try:
        _wait_until_ready(process, port, log, deadline_seconds)
    except BaseException:
        handle.stop(grace_seconds=5)
        raise
    _state_file(directory).write_text(json.dumps(asdict(handle.running)) + "\n", encoding="utf-8")
    return handle


def find(directory: Path) -> Running | None:
    """The local cloud that runs with this directory, or None."""
    running = _read_state(directory)
    if running is None:
        return None
    return running if _process(running, directory) and health(running.port) else None


def stop(directory: Path, grace_seconds: float = 30) -> Running | None:
    """End the local cloud that the state file names, if its process really is one. Returns what was ended."""
    running = _read_state(directory)
    if running is None:
        return None
    process = _process(running, directory)
    if process is not None:
        process.terminate()
        if not _ended(running, directory, grace_seconds):
            process.kill()
            _ended(running, directory, grace_seconds)
    _state_file(directory).unlink(missing_ok=True)
    return running if process is not None else None


def health(port: int, timeout_seconds: float = 5) -> dict | None:
    """What the local cloud on this port says of itself, or None when none answers there."""
    connection = HTTPConnection("127.0.0.1", port, timeout=timeout_seconds)  # never through a proxy
    try:
        connection.request("GET", "/_localcloud/health")
        answer = connection.getresponse()
        return json.load(answer) if answer.status == 200 else None
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()


def _wait_until_ready(process: subprocess.Popen, port: int, log: Path, deadline_seconds: float) -> None:
    deadline = time.monotonic() + deadline_seconds
    while health(port) is None:
        if process.poll() is not None:
            raise PipelineError(f"The local cloud ended with exit code {process.returncode}.\n{_end_of(log)}")
        if time.monotonic() > deadline:
            raise PipelineError(f"The local cloud didn't answer within {deadline_seconds:.0f} s.\n{_end_of(log)}")
        time.sleep(0.05)


def _end_of(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join([f"The end of {log}:", *(f"  {line}" for line in lines[-_LOG_TAIL_LINES:])])


def _state_file(directory: Path) -> Path:
    return directory / "cloud.json"


def _read_state(directory: Path) -> Running | None:
    try:
        return Running(**json.loads(_state_file(directory).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _process(running: Running, directory: Path) -> psutil.Process | None:
    """The process of this pid, if it is a local cloud with this directory: pids are used again."""
    try:
        process = psutil.Process(running.pid)
        command = process.cmdline()
        alive = process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return None
    return process if alive and _MODULE in command and str(directory.resolve()) in command else None


def _ended(running: Running, directory: Path, seconds: float) -> bool:
    """Whether the process ends in that time. It isn't our child, and in a container nobody may collect it."""
    deadline = time.monotonic() + seconds
    while _process(running, directory) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _taken(port: int) -> str:
    owner = "another local cloud" if health(port, timeout_seconds=1) else "another program"
    return f"Port {port} is taken by {owner}. Choose another one: mlops local up --port {port + 1}"
