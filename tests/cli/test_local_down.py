"""`mlops local down` names what ends with the local cloud, and asks on a terminal."""

from pathlib import Path

import pytest
import small_pipeline
from small_pipeline import start

from mlops.aws.session import Session
from mlops.cli import console
from mlops.localcloud import launch
from mlops.names import Names


@pytest.fixture(autouse=True)
def pipeline(session: Session, names: Names, repository: Path) -> None:
    small_pipeline.create(session, names, repository)


@pytest.fixture
def stopped(cloud: launch.Running, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The directories whose local cloud `mlops local down` stops. The tests' own cloud, which it finds, runs on."""
    directories: list[Path] = []
    monkeypatch.setattr(launch, "find", lambda directory: cloud)
    monkeypatch.setattr(launch, "stop", lambda directory: not directories.append(directory))
    return directories


def test_the_executions_that_end_with_the_local_cloud_are_named(mlops, repository: Path, stopped: list[Path]):
    execution = start(mlops)
    mlops("watch", "--until-approval")
    done = mlops("local", "down")
    assert (done.exit_code, stopped) == (0, [repository / ".mlops" / "local"])
    assert f"  {execution} waits for approval\n" in done.output
    assert "Its stacks, uploaded data, models and releases are gone.\nIts logs are in .mlops/local\n" in done.output


def test_a_terminal_confirms_the_end_of_executions(mlops, stopped: list[Path], monkeypatch: pytest.MonkeyPatch):
    start(mlops)
    monkeypatch.setattr(console, "has_input", lambda: True)
    refused = mlops("local", "down", input="n\n")
    assert refused.exit_code == 1
    assert refused.output.endswith("Stop the local cloud? [y/N]: n\nThe local cloud runs on.\n")
    assert stopped == []
    assert mlops("local", "down", input="y\n").exit_code == 0
    assert "Stop the local cloud?" not in mlops("local", "down", "--yes").output
    assert len(stopped) == 2
