"""`mlops local run`: its reports, files and processes after success, failure and interruption."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from baking import REPOSITORY, copy_without_tests
from waiting import until

pytestmark = pytest.mark.acceptance


@pytest.fixture
def whole_repository(repository: Path) -> Path:
    """A repository with everything that a release needs, and no tests of its own to run in its build."""
    answers = (repository / "configuration" / "project.json").read_text()
    copy_without_tests(REPOSITORY, repository)
    (repository / "configuration" / "project.json").write_text(answers)
    (repository / "tests" / "model").mkdir(parents=True)
    (repository / "tests" / "model" / "test_nothing.py").write_text("def test_truth():\n    assert True\n")
    return repository


def run(repository: Path, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "mlops", "local", "run", *arguments],
        cwd=repository,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def refuse_build(repository: Path) -> None:
    buildspec = repository / "infra" / "buildspecs" / "build.yml"
    buildspec.write_text("version: 0.2\nphases:\n  build:\n    commands:\n      - echo No more fuel; exit 1\n")


def processes_of_the_cloud(repository: Path) -> list[psutil.Process]:
    cloud = psutil.Process(json.loads((repository / ".mlops" / "local" / "cloud.json").read_text())["pid"])
    return [cloud, *cloud.children(recursive=True)]


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_outlives_the_command_that_is_interrupted(whole_repository: Path, number: signal.Signals):
    command = run(whole_repository, "--approve")
    output = ""
    for line in command.stdout:
        output += line
        if "Build/Render  running" in line:
            break
    assert command.poll() is None, output
    started = until(lambda: len(found := processes_of_the_cloud(whole_repository)) > 2 and found)
    os.killpg(command.pid, number)
    assert command.wait(timeout=120) != 0
    until(lambda: not alive(started))


def test_a_run_whose_cloud_dies_writes_a_report(whole_repository: Path):
    command = run(whole_repository, "--approve")
    output = ""
    for line in command.stdout:
        output += line
        if "Build/Render  running" in line:
            processes_of_the_cloud(whole_repository)[0].kill()
    assert command.wait(timeout=120) == 1, output
    assert "The local cloud of this run ended unexpectedly (signal 9)" in output
    assert "/.mlops/local/cloud.log" in output
    assert "mlops local up" not in output
    [report] = (whole_repository / ".mlops" / "reports").glob("*/report.json")
    document = json.loads(report.read_text())
    assert document["verdict"]["outcome"] == "failed"
    assert "ended unexpectedly" in document["verdict"]["sentence"]
    actions = {action["path"]: action["state"] for stage in document["stages"] for action in stage["actions"]}
    assert actions["Source/Code"] == "Succeeded"
    assert report.with_name("report.html").exists() and report.with_name("report.md").exists()
    assert not (whole_repository / ".mlops" / "local" / "cloud.json").exists()


def test_a_second_run_at_the_same_time_is_refused(whole_repository: Path):
    refuse_build(whole_repository)
    first = run(whole_repository, "--approve")
    output = ""
    for line in first.stdout:
        output += line
        if "Source/Code  running" in line or "Build/" in line:
            break
    second = run(whole_repository, "--approve")
    output, _ = second.communicate(timeout=120)
    assert second.returncode == 2, output
    assert "Another mlops local run has its local cloud in .mlops/local" in output
    output += first.communicate(timeout=120)[0]
    assert first.returncode == 1
    assert "Build/Render failed: No more fuel" in output


def test_a_failed_run_prints_its_cause(whole_repository: Path):
    refuse_build(whole_repository)
    command = run(whole_repository, "--approve")
    output, _ = command.communicate(timeout=120)
    assert command.returncode == 1
    assert "Build/Render failed: No more fuel" in output
    assert "logs of all jobs, builds and endpoints are in .mlops/local" in output
    assert "mlops logs needs the local cloud, which has stopped: --keep leaves it running." in output
    (log,) = re.findall(r"Whole log: (\S+)$", output, re.MULTILINE)
    assert "No more fuel" in (whole_repository / log).read_text()
    assert list((whole_repository / ".mlops" / "reports").glob("*/*.html"))
    assert not (whole_repository / ".mlops" / "local" / "cloud.json").exists()


def test_without_a_terminal_the_approval_must_be_given_beforehand(repository: Path, mlops):
    result = mlops("local", "run")
    assert result.exit_code == 2
    assert "Add --approve" in result.output


def test_a_baseline_that_is_no_report_is_refused_before_anything_starts(repository: Path, mlops):
    (repository / "notes.md").write_text("faster now")
    result = mlops("local", "run", "--approve", "--baseline", "notes.md")
    assert result.exit_code == 2
    assert "--baseline: notes.md is not JSON" in result.output
    assert not (repository / ".mlops").exists()


def test_missing_data_are_refused_before_the_cloud_starts(repository: Path, mlops):
    result = mlops("local", "run", "--approve", "--data", "missing.csv")
    assert result.exit_code == 2
    assert "missing.csv" in result.output
    assert "Starting the local cloud" not in result.output
    assert not (repository / ".mlops" / "local").exists()
