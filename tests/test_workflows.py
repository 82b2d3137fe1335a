"""The template's own workflows: lint, and what linters do not look at."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from baking import TEMPLATE

WORKFLOWS = sorted((TEMPLATE / ".github" / "workflows").glob("*.yml"))
BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [["actionlint"], ["zizmor", "--offline", "--strict-collection", "--quiet", ".github"]],
    ids=lambda command: command[0],
)
def test_the_linter_finds_nothing(command: list[str]) -> None:
    done = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=TEMPLATE, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_permissions_are_none_on_top_and_every_job_has_a_timeout(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {}
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_the_workflow_runs_the_readmes_commands(path: Path) -> None:
    readme = (TEMPLATE / "README.md").read_text()
    assert "make test" in path.read_text() and "make test" in readme
