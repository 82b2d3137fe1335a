"""The template's own workflows: linters, and rules that no linter checks."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from baking import TEMPLATE

FOLDER = TEMPLATE / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
BIN = Path(sys.executable).parent
PIN = re.compile(r"uses: (?P<action>[\w./-]+)@[0-9a-f]{40} # (?P<version>v\S+)")


@pytest.mark.parametrize("pins", ["commits", "versions"])
def test_actionlint_and_shellcheck_find_nothing(tmp_path: Path, pins: str) -> None:
    """With versions in place of commits, actionlint also checks the inputs of the actions."""
    folder = tmp_path / ".github" / "workflows"
    shutil.copytree(FOLDER, folder)
    if pins == "versions":
        for file in folder.glob("*.yml"):
            file.write_text(PIN.sub(r"uses: \g<action>@\g<version>", file.read_text()))
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    environment = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run([BIN / "actionlint"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_zizmor_finds_nothing() -> None:
    command = [BIN / "zizmor", "--offline", "--strict-collection", "--persona", "pedantic", "--no-progress", "."]
    done = subprocess.run(command, cwd=TEMPLATE / ".github", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_permissions_are_none_on_top_and_every_job_has_a_timeout(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {}
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_with_a_comment_that_names_the_version(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if "uses:" in line]
    assert [line for line in lines if not PIN.search(line)] == []


def test_the_workflow_runs_the_readmes_commands() -> None:
    commands = re.findall(r"^make (\w+)", (TEMPLATE / "README.md").read_text(), re.MULTILINE)
    jobs = yaml.safe_load((FOLDER / "test.yml").read_text())["jobs"]
    run = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    assert {"demo", "test"} <= set(commands)
    assert 'make "$SUITE"' in run and "test" in jobs["test"]["strategy"]["matrix"]["suite"]
    assert any("make demo" in text for text in run)


def test_suites_are_targets_of_make() -> None:
    workflow = (FOLDER / "test.yml").read_text() + (FOLDER / "release.yml").read_text()
    jobs = yaml.safe_load((FOLDER / "test.yml").read_text())["jobs"]
    named = set(jobs["test"]["strategy"]["matrix"]["suite"]) | set(
        re.findall(r"(?:run:|^)\s+make (\w+)", workflow, re.MULTILINE)
    )
    targets = set(re.findall(r"^(\w+):", (TEMPLATE / "Makefile").read_text(), re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_the_files_that_a_workflow_names_exist(path: Path) -> None:
    named = re.findall(r"(?<![\w/])(?:tests|requirements|\.ci)/[\w./-]+", path.read_text())
    assert named
    assert [name for name in named if not (TEMPLATE / name).exists()] == []
