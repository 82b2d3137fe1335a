"""Starting and stopping the local cloud from another process."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from baking import REPOSITORY
from click.testing import Result
from settings import REGION
from waiting import until

from mlops.errors import InputError, PipelineError
from mlops.localcloud import launch, ports, state
from mlops.localcloud.state import Running

pytestmark = pytest.mark.acceptance


def start(directory: Path, **options) -> launch.Handle:
    return launch.start(REPOSITORY, directory, region=REGION, **{"port": ports.free_port(), **options})


def test_an_owned_cloud_answers_until_it_is_stopped(tmp_path: Path):
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
        "print(handle.process.pid, flush=True); time.sleep(600)"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    cloud = int(owner.stdout.readline())
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    until(lambda: not psutil.pid_exists(cloud) or psutil.Process(cloud).status() == psutil.STATUS_ZOMBIE)
    assert launch.find(tmp_path) is None


def test_a_detached_cloud_outlives_its_handle(tmp_path: Path):
    handle = start(tmp_path)
    handle.detach()
    running = launch.find(tmp_path)
    assert running == handle.running
    assert launch.stop(tmp_path)
    assert launch.health(running.port) is None
    assert not launch.stop(tmp_path)


def test_another_process_with_the_same_pid_is_not_stopped(tmp_path: Path):
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    state.write(tmp_path, Running("1", 1, stranger.pid, REGION, "AKIA", "secret", owned=False))
    assert not launch.stop(tmp_path)
    assert stranger.poll() is None
    stranger.communicate(b"\n")


@pytest.fixture
def detached(tmp_path: Path) -> Iterator[launch.Handle]:
    """A detached cloud with tmp_path."""
    handle = start(tmp_path, detached=True)
    yield handle
    launch.stop(tmp_path)
    handle.process.wait(30)


@pytest.mark.parametrize("port", [[], ["--port"]])
def test_two_starts_at_once_start_one_cloud(repository: Path, port: list[str]):
    number = str(ports.free_port())
    command = [sys.executable, "-m", "mlops", "local", "up", *(each for option in port for each in (option, number))]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    starts = [
        subprocess.Popen(
            command, cwd=repository, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(3)
    ]
    outputs = [each.communicate(timeout=120)[0] for each in starts]
    directory = repository / ".mlops" / "local"
    try:
        assert [each.returncode for each in starts] == [0, 0, 0], outputs
        assert sorted("already runs" in output for output in outputs) == [False, True, True]
        assert len(clouds_with(directory)) == 1
        assert launch.find(directory).pid == clouds_with(directory)[0].pid
    finally:
        launch.stop(directory)
    assert clouds_with(directory) == []


@pytest.mark.parametrize(
    ("scale", "words"), [("", "rate(1 hour) runs each minute"), ("0.5", "LOCALCLOUD_TIME_SCALE=0.5")]
)
def test_the_start_names_the_setting_of_time(
    repository: Path, mlops: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, scale: str, words: str
) -> None:
    monkeypatch.setenv("LOCALCLOUD_TIME_SCALE", scale)
    started = SimpleNamespace(running=SimpleNamespace(port=4567), log=repository / "cloud.log")
    monkeypatch.setattr(launch, "start", lambda *_, **__: started)
    assert words in mlops("local", "up").output


DAMAGED = {
    "cut off": lambda text: text[: len(text) // 2],
    "empty": lambda text: "",
    "no object": lambda text: "[1]",
    "pid is text": lambda text: json.dumps({**json.loads(text), "pid": "y"}),
    "pid is negative": lambda text: json.dumps({**json.loads(text), "pid": -1}),
    "pid is a fraction": lambda text: json.dumps({**json.loads(text), "pid": 1.5}),
    "pid is true": lambda text: json.dumps({**json.loads(text), "pid": True}),
    "port is too large": lambda text: json.dumps({**json.loads(text), "port": 70000}),
    "of an earlier version": lambda text: json.dumps({"port": 4566, "pid": 1, "region": REGION}),
    "gone": None,
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_state_file_without_a_running_cloud_is_removed(tmp_path: Path, damage: Callable[[str], str] | None):
    state.write(tmp_path, Running("1", 1, os.getpid(), REGION, "AKIA", "secret", owned=False))
    file = tmp_path / "cloud.json"
    file.unlink() if damage is None else file.write_text(damage(file.read_text()))
    assert launch.find(tmp_path) is None
    assert not launch.stop(tmp_path)
    assert not file.exists()


def test_a_cloud_with_a_damaged_state_file_can_be_stopped(tmp_path: Path, detached):
    file = tmp_path / "cloud.json"
    whole = file.read_text()
    for damage in DAMAGED.values():
        file.unlink(missing_ok=True) if damage is None else file.write_text(damage(whole))
        with pytest.raises(InputError, match=rf"process {detached.process.pid}.*cloud\.json.*mlops local down"):
            start(tmp_path)
    assert launch.stop(tmp_path)
    assert clouds_with(tmp_path) == []


def test_a_port_that_another_cloud_has_taken_is_refused(tmp_path: Path, detached):
    """The state file of an ended cloud names a port that another cloud now uses."""
    directory = tmp_path / "other"
    other = start(directory)
    other.process.kill()
    other.process.wait()
    state.write(directory, replace(other.running, port=detached.running.port))
    assert launch.find(directory) is None
    with pytest.raises(InputError, match="taken by another local cloud"):
        start(directory, port=detached.running.port)


def test_no_second_cloud_starts_beside_an_unresponsive_one(tmp_path: Path, detached, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(launch, "HEALTH_SECONDS", 0.5)
    detached.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(InputError, match=r"does not answer on port \d+\. Stop it: mlops local down"):
            start(tmp_path)
    finally:
        detached.process.send_signal(signal.SIGCONT)


def clouds_with(directory: Path) -> list[psutil.Process]:
    processes = []
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if "mlops.localcloud" in command and str(directory.resolve()) in command:
            processes.append(process)
    return [each for each in processes if each.status() != psutil.STATUS_ZOMBIE]


def test_a_taken_port_is_refused_with_another_port_to_use(tmp_path: Path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=rf"Port {port} is taken .* mlops local up --port {port + 1}"):
            start(tmp_path, port=port)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A port that another program takes right after it was found free."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port, is_free, checks = other.getsockname()[1], ports.is_free, []

        def was_free(checked: int) -> bool:
            checks.append(checked)
            return is_free(checked) or (checked == port and checks.count(port) == 1)

        monkeypatch.setattr(ports, "is_free", was_free)
        yield port


def test_a_default_port_that_is_taken_during_the_start_is_replaced(tmp_path: Path, taken: int, monkeypatch):
    monkeypatch.setattr(launch, "DEFAULT_PORT", taken)
    handle = start(tmp_path, port=None)
    assert handle.running.port != taken
    handle.stop()


def test_a_given_port_that_is_taken_during_the_start_is_named_in_the_log(tmp_path: Path, taken: int):
    with pytest.raises(PipelineError, match=r"ended with exit code 3.(.|\n)*address already in use"):
        start(tmp_path, port=taken)


def test_a_cloud_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path):
    broken = tmp_path / "mlops"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise ImportError('half an installation')")
    with pytest.raises(PipelineError, match=r"exit code 1(.|\n)*cloud.log(.|\n)*half an installation"):
        launch.start(tmp_path, tmp_path / "state", port=None, region=REGION)


def test_the_environment_sends_every_client_to_the_cloud(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_PROXY", "internal.example.org")
    environment = Running("1", 4567, os.getpid(), REGION, "AKIA", "secret", owned=False).environment
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4567"
    assert (environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]) == ("AKIA", "secret")
    assert environment["AWS_REGION"] == REGION
    assert environment["NO_PROXY"] == "internal.example.org,127.0.0.1"


def test_mlops_local_env_replaces_other_settings_of_a_shell(tmp_path: Path):
    elsewhere = {
        "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9",
        "AWS_PROFILE": "nobodys",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    }
    asks = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    python = shlex.quote(sys.executable)
    script = f'eval "$({python} -m mlops local env --directory "$0")" && {python} -c "{asks}"'
    handle = start(tmp_path)
    done = subprocess.run(
        ["bash", "-c", script, str(tmp_path)],
        cwd=REPOSITORY,
        env={**os.environ, **elsewhere},
        capture_output=True,
        text=True,
    )
    handle.stop()
    assert done.stdout == "000000000000\n", done.stderr


def test_an_empty_log_is_called_empty(tmp_path: Path):
    log = tmp_path / "cloud.log"
    log.touch()
    assert launch.end_of_log(log) == f"Its log is empty: {log}"
    log.write_text("ready\n")
    assert launch.end_of_log(log) == f"The end of {log}:\n  ready"


@pytest.mark.parametrize("command", ["up", "run"])
def test_port_80_is_refused(command: str):
    done = subprocess.run(
        [sys.executable, "-m", "mlops", "local", command, "--port", "80"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "80 is not in the range 1024<=x<=65535" in done.stderr
