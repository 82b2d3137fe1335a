"""The generated notebook, executed from its first cell to its last one in a local cloud, by a kernel of its own."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from baking import GENERATED, REPOSITORY, TEMPLATE, copy_without_tests

from mlops.localcloud import launch

KERNEL = TEMPLATE / ".notebook" / "bin" / "python"
PRESSES = ("Approve", "Approve", "Reject", "Delete all of it")
# No bounds on speed: other tests may keep this machine busy.
LOAD = {"users": 2, "spawn_rate": 2, "duration_seconds": 5, "minimum_throughput": 0}
LATENCY = {"p95_milliseconds": 60_000, "p99_milliseconds": 60_000}
CELL_SECONDS = 900


def test_the_committed_notebook_has_no_outputs() -> None:
    page = json.loads((GENERATED / "notebooks" / "mlops.ipynb").read_text())
    code = [cell for cell in page["cells"] if cell["cell_type"] == "code"]
    assert [cell["id"] for cell in code if cell["outputs"] or cell["execution_count"]] == []
    assert set(page["metadata"]) == {"kernelspec", "language_info"}


def test_cells_are_short() -> None:
    page = json.loads((GENERATED / "notebooks" / "mlops.ipynb").read_text())
    assert max(len(cell["source"]) for cell in page["cells"]) <= 8


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each code cell shows, by the cell's source, after all cells were executed and the buttons pressed."""
    assert KERNEL.exists(), "The kernel is not installed. Run: make .notebook/.installed"
    folder = tmp_path_factory.mktemp("notebook")
    repository = _repository(folder)
    page = folder / "executed.ipynb"
    command = [KERNEL, Path(__file__).with_name("pressing.py"), repository / "notebooks" / "mlops.ipynb", page]
    # The kernel imports the package from the sources; settings of this process are not its own.
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(TEMPLATE / "src")}
    try:
        done = subprocess.run(
            [*command, str(CELL_SECONDS), *PRESSES],
            cwd=repository,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        running = launch.find(repository / ".mlops" / "local")
    finally:
        launch.stop(repository / ".mlops" / "local")
    assert done.returncode == 0, done.stdout[-20000:]
    assert running is None
    return {
        "".join(cell["source"]): json.dumps(cell["outputs"], ensure_ascii=False)
        for cell in json.loads(page.read_text())["cells"]
        if cell["cell_type"] == "code"
    }


@pytest.mark.acceptance
@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("notebook.distributions(", "Distribution of total_amount"),
        ("waiting = notebook.follow(release.watch(repository, first, ", "The release waits for its approval"),
        ("notebook.state_machine(", "state-box succeeded"),
        ("job = TrainingJob.get(", "Completed"),
        ("notebook.score(", "Predicted against actual values"),
        ("released = notebook.follow(release.watch(repository, approval", "The release is in production"),
        ("packages = ModelPackage.get_all(", "Approved"),
        ("notebook.baseline(", "Fractional"),
        ("captured = notebook.capture(repository, dataset)", "records below"),
        ("notebook.monitor(repository, captured)", "No violations"),
        ("notebook.monitor(repository, captured, report=True)", "baseline_drift"),
        ("retraining = notebook.offered_retraining(", "'drift'"),
        ("notebook.dashboard(", "API: requests a minute"),
        ('if CLOUD == "local":', "'deleted'"),
    ],
)
def test_a_cell_shows(executed: dict[str, str], code: str, shown: str) -> None:
    [output] = [output for source, output in executed.items() if f"\n{code}" in f"\n{source}"]
    assert shown in output


@pytest.mark.acceptance
def test_the_shift_is_from_the_first_release_to_the_second(executed: dict[str, str]) -> None:
    [output] = [output for source, output in executed.items() if "clients.shift()" in source]
    answered = re.search(r"Requests that (.+?) answered", output)
    assert answered, output[-3000:]
    assert len(re.findall(r"\b[0-9a-f]{8}\b", answered[1])) == 2


@pytest.mark.acceptance
def test_drift_is_drawn_in_red(executed: dict[str, str]) -> None:
    [output] = [output for source, output in executed.items() if "report=True" in source]
    assert re.search(r'class=\\"state bad\\">trip_distance<', output)


def _repository(folder: Path) -> Path:
    """A copy with a short load test, and with builds that install nothing."""
    repository = copy_without_tests(REPOSITORY, folder / "repository")
    for kind in ("model", "api"):
        shutil.copytree(REPOSITORY / "tests" / kind, repository / "tests" / kind)
    _edit(repository / "configuration" / "qa.yml", {**LOAD, **LATENCY})
    # The notebook's cells decide when a run begins.
    _edit(repository / "configuration" / "monitoring.yml", {"schedule": "rate(1 day)"})
    for build in ("build", "qa", "smoke"):
        file = repository / "infra" / "buildspecs" / f"{build}.yml"
        phases = yaml.safe_load(file.read_text())["phases"]
        phases["install"]["commands"] = ["python --version"]
        if "pre_build" in phases:
            phases["pre_build"]["commands"] = ["python --version"]
        _edit(file, {"phases": phases})
    command = repository / ".venv" / "bin" / "mlops"
    command.parent.mkdir(parents=True)
    command.symlink_to(Path(sys.executable).with_name("mlops"))
    return repository


def _edit(file: Path, values: dict) -> None:
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **values}))
