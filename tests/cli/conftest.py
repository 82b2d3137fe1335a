"""A repository to work in, and the local cloud for commands that call AWS."""

import json
import os
import shutil
import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from baking import REPOSITORY
from click.testing import CliRunner, Result
from settings import REGION

from mlops import configuration
from mlops.aws.session import Session
from mlops.cli import main
from mlops.localcloud import launch, ports
from mlops.names import Names

_ANSWERS = {
    "model": "trips",
    "region": REGION,
    "notification_email": "someone@example.org",
    "github_owner": "someone",
    "github_repository": "demo",
}


@pytest.fixture(scope="session", autouse=True)
def heed_interrupts() -> None:
    """Handle SIGINT: a shell's background processes ignore it, and commands that tests start would inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the template's configuration, as working directory. No AWS is set up in it."""
    root = tmp_path / "demo"
    shutil.copytree(REPOSITORY / "configuration", root / "configuration")
    answers = {"project": f"demo-{uuid.uuid4().hex[:6]}", **_ANSWERS}
    (root / "configuration" / "project.json").write_text(json.dumps(answers))
    monkeypatch.chdir(root)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    return root


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[launch.Running]:
    """One local cloud for all tests of this folder; each test has its own resource names."""
    directory = tmp_path_factory.mktemp("cloud")
    handle = launch.start(REPOSITORY, directory, port=ports.free_port(), region=REGION)
    yield handle.running
    handle.stop()


@pytest.fixture
def session(repository: Path, cloud: launch.Running, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A session whose clients call the local cloud; commands of the test call it too."""
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    return Session(REGION)


@pytest.fixture
def names(repository: Path) -> Names:
    """The names of the repository's AWS resources; each test has its own."""
    return configuration.load(repository).names


@pytest.fixture
def mlops() -> Callable[..., Result]:
    """Runs the command in this process: mlops("local", "env")."""
    return lambda *arguments, **options: CliRunner().invoke(main, arguments, **options)
