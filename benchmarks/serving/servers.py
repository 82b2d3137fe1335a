"""The servers that are compared, as processes: start, wait until healthy, weigh, stop."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import string
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1] / "{{cookiecutter.project}}"
WORKERS = 2
_START_SECONDS = 60


@dataclass(frozen=True)
class Running:
    """A healthy server on the loopback."""

    port: int
    seconds_to_ping: float
    processes: tuple[subprocess.Popen[bytes], ...]

    def megabytes(self) -> float:
        """Proportional set size of all its processes: shared pages count once, split among those who share them."""
        family = []
        for process in self.processes:
            parent = psutil.Process(process.pid)
            family += [parent, *parent.children(recursive=True)]
        return sum(member.memory_full_info().pss for member in family) / 1e6


@contextlib.contextmanager
def ours(base: Path, scratch: Path) -> Iterator[Running]:
    """`python -m mlops.container serve`, as the container starts it."""
    port = _free_port()
    environment = _environment(base) | {"SAGEMAKER_BIND_TO_PORT": str(port), "SAGEMAKER_BIND_TO_HOST": "127.0.0.1"}
    environment["SAGEMAKER_MODEL_SERVER_WORKERS"] = str(WORKERS)
    with _started(
        [([sys.executable, "-m", "mlops.container", "serve"], PROJECT)], environment, port, scratch
    ) as running:
        yield running


@contextlib.contextmanager
def classic(base: Path, scratch: Path, **variables: str) -> Iterator[Running]:
    """nginx, gunicorn with gevent workers, flask. Without nginx, gunicorn listens itself."""
    port = _free_port()
    listening = f"unix:{scratch}/gunicorn.sock" if nginx() else f"127.0.0.1:{port}"
    gunicorn = [
        "-m",
        "gunicorn",
        "--timeout",
        "60",
        "-k",
        "gevent",
        "-b",
        listening,
        "-w",
        str(WORKERS),
        "predictor:app",
    ]
    commands = [([sys.executable, *gunicorn], HERE / "classic")]
    if nginx():
        scratch.chmod(0o755)  # when root starts nginx, its worker is nobody
        template = string.Template((HERE / "classic" / "nginx.conf").read_text())
        configuration = scratch / "nginx.conf"
        configuration.write_text(template.substitute(directory=scratch, port=port))
        commands.append(([nginx(), "-c", str(configuration)], HERE))
    with _started(commands, _environment(base) | variables, port, scratch) as running:
        yield running


def nginx() -> str | None:
    """The path of nginx, if it is installed."""
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")


@contextlib.contextmanager
def _started(
    commands: list[tuple[list[str], Path]], environment: dict[str, str], port: int, scratch: Path
) -> Iterator[Running]:
    begin = time.perf_counter()
    with contextlib.ExitStack() as stack:
        log = stack.enter_context((scratch / "server.log").open("ab"))
        processes = []
        for command, directory in commands:
            process = subprocess.Popen(command, cwd=directory, env=environment, stdout=log, stderr=log)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            processes.append(process)
        _wait_until_healthy(port, begin + _START_SECONDS, processes, scratch)
        yield Running(port, time.perf_counter() - begin, tuple(processes))


def _wait_until_healthy(port: int, deadline: float, processes: list[subprocess.Popen[bytes]], scratch: Path) -> None:
    while time.perf_counter() < deadline and all(process.poll() is None for process in processes):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5):
                return
        except OSError:
            time.sleep(0.005)
    raise RuntimeError(f"the server did not become healthy:\n{(scratch / 'server.log').read_text()}")


def _environment(base: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"SAGEMAKER_BASE_DIR": str(base), "PYTHONDONTWRITEBYTECODE": "1"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
