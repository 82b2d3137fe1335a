"""The container's programs, run as SageMaker runs them: `python -m mlops.container …` with a base directory of their own."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from baking import REPOSITORY
from waiting import until

DEADLINE = 300.0  # seconds; generous, because other tests may keep this machine busy

STARTED: list[subprocess.Popen[str]] = []
"""Every process of this session, so that conftest.py can end those of a failed test."""


def start(program: str, base: Path, repository: Path = REPOSITORY, **variables: str) -> subprocess.Popen[str]:
    """Start a program of a repository in a container's environment; stdout and stderr can be read."""
    environment = {"PATH": os.environ["PATH"], "SAGEMAKER_BASE_DIR": str(base)} | variables
    command = [sys.executable, "-m", "mlops.container", program]
    process = subprocess.Popen(
        command, cwd=repository, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    STARTED.append(process)
    return process


class Server:
    """`python -m mlops.container serve` on a free port of the loopback, healthy from the start."""

    def __init__(self, base: Path, repository: Path = REPOSITORY, **variables: str) -> None:
        binding = {"SAGEMAKER_BIND_TO_HOST": "127.0.0.1", "SAGEMAKER_BIND_TO_PORT": "0"}
        self.process = start("serve", base, repository, **binding, **variables)
        # The server prints one line as soon as it listens.
        line = self.process.stdout.readline()
        listening = re.search(r"on 127\.0\.0\.1:(\d+) ", line)
        assert listening, line + self.process.communicate(timeout=DEADLINE)[1]
        self.port = int(listening[1])
        until(self._answers)

    def request(
        self,
        body: str | bytes,
        headers: Mapping[str, str] | None = None,
        path: str = "/invocations",
        method: str = "POST",
    ) -> tuple[int, str]:
        """Status and body of the response; the request is text/csv unless the headers have another type."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        connection.request(method, path, body, {"Content-Type": "text/csv"} | dict(headers or {}))
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=DEADLINE)
        return self.process.returncode

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.process.communicate()[1]
        try:
            return self.request("", path="/ping", method="GET")[0] == 200
        except OSError:
            return False
