"""Starting and stopping the local cloud from another process."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from places import GENERATED, REGION

from mlops.errors import InputError, PipelineError
from mlops.localcloud import launch, ports


def start(directory: Path, **options) -> launch.Handle:
    return launch.start(GENERATED, directory, region=REGION, **{"port": ports.free_port(), **options})


def until(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not true within {seconds} s"
        time.sleep(0.05)


def test_an_owned_cloud_answers_and_is_gone_after_stop(tmp_path: Path):
    handle = start(tmp_path)
    assert launch.health(handle.running.port)["status"] == "running"
    assert launch.find(tmp_path) == handle.running
    handle.stop()
    assert handle.process.returncode == 0
    assert launch.health(handle.running.port) is None
    assert launch.find(tmp_path) is None


def test_an_owned_cloud_ends_when_its_owner_is_killed(tmp_path: Path):
    program = (
        "import sys, time; from pathlib import Path; from mlops.localcloud import launch\n"
        f"handle = launch.start(Path.cwd(), Path(sys.argv[1]), port=None, region={REGION!r})\n"
        "print(handle.process.pid, flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=GENERATED, stdout=subprocess.PIPE, text=True
    )
    cloud = int(owner.stdout.readline())
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    until(lambda: not psutil.pid_exists(cloud) or psutil.Process(cloud).status() == psutil.STATUS_ZOMBIE)
    assert launch.find(tmp_path) is None


def test_a_detached_cloud_outlives_its_handle_and_stops_by_its_state_file(tmp_path: Path):
    handle = start(tmp_path)
    handle.detach()
    running = launch.find(tmp_path)
    assert running == handle.running
    assert launch.stop(tmp_path) == running
    assert launch.health(running.port) is None
    assert launch.stop(tmp_path) is None


def test_a_process_that_only_has_the_same_pid_is_not_touched(tmp_path: Path):
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    state = {"port": 1, "pid": stranger.pid, "region": REGION}
    (tmp_path / "cloud.json").write_text(json.dumps(state))
    assert launch.stop(tmp_path) is None
    assert stranger.poll() is None
    stranger.communicate(b"\n")


def test_a_taken_port_is_said_with_another_to_choose(tmp_path: Path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=rf"Port {port} is taken .* mlops local up --port {port + 1}"):
            start(tmp_path, port=port)


def test_a_cloud_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path):
    broken = tmp_path / "mlops"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise ImportError('half an installation')")
    with pytest.raises(PipelineError, match=r"exit code 1(.|\n)*cloud.log(.|\n)*half an installation"):
        launch.start(tmp_path, tmp_path / "state", port=None, region=REGION)


def test_the_environment_sends_every_client_to_the_cloud(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_PROXY", "internal.example.org")
    environment = launch.Running(4567, os.getpid(), REGION).environment
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4567"
    assert environment["AWS_REGION"] == REGION
    assert environment["NO_PROXY"] == "internal.example.org,127.0.0.1"


def test_a_shell_that_pointed_elsewhere_calls_the_cloud_after_mlops_local_env(tmp_path: Path):
    elsewhere = {
        "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9",
        "AWS_PROFILE": "nobodys",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    }
    asks = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    script = f'eval "$({sys.executable} -m mlops local env --directory "$0")" && {sys.executable} -c "{asks}"'
    handle = start(tmp_path)
    done = subprocess.run(
        ["bash", "-c", script, str(tmp_path)],
        cwd=GENERATED,
        env={**os.environ, **elsewhere},
        capture_output=True,
        text=True,
    )
    handle.stop()
    assert done.stdout == "000000000000\n", done.stderr
