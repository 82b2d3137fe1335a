"""The reports of docs/ministack show faults that the ministack of this template has."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import requests
from waiting import until

REPORTS = Path(__file__).parents[3] / "docs" / "ministack"
SECTION = re.compile(r"^## (?P<title>.+?)$.*?^```python\n(?P<program>.*?)^```$", re.MULTILINE | re.DOTALL)
CASES = {
    f"{path.stem}: {section['title']}": section["program"]
    for path in sorted(REPORTS.glob("*.md"))
    for section in SECTION.finditer(path.read_text(encoding="utf-8"))
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a client of a running, unchanged ministack."""
    home = tmp_path_factory.mktemp("ministack")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    client = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(home),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    server = {
        "GATEWAY_PORT": port,
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "LAMBDA_EXECUTOR": "local",
        "DOCKER_HOST": "unix:///nonexistent/docker.sock",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "ministack"], env=client | server, cwd=home, start_new_session=True
    )
    try:
        until(lambda: ready(f"{client['AWS_ENDPOINT_URL']}/_ministack/health", process))
        yield client
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)


def ready(address: str, process: subprocess.Popen) -> bool:
    assert process.poll() is None, "ministack has ended"
    try:
        return requests.get(address, timeout=5).ok
    except requests.RequestException:
        return False


@pytest.mark.parametrize("case", CASES)
def test_a_reported_fault_still_exists(environment: dict[str, str], case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    try:
        exec(compile(CASES[case], case, "exec"), {})
    except Exception as error:
        pytest.fail(f"{case} is fixed: delete the report, and the correction here ({error!r})")


def test_every_report_has_a_program() -> None:
    titles = [line for path in REPORTS.glob("*.md") for line in path.read_text().splitlines() if line.startswith("## ")]
    assert len(CASES) == len(titles)
