"""What goes wrong ends the execution with a cause, exit code 1 and the log's place; production serves on."""

from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from workshop import Released, Workshop


@pytest.fixture
def failing(pristine: Workshop) -> Iterator[Workshop]:
    """A workshop in which a release is to fail: production must serve the same model before and after."""
    row = pristine.first_row()
    before = pristine.succeed("invoke", row).stdout
    yield pristine
    assert pristine.succeed("invoke", row).stdout == before


def test_a_training_script_that_raises(failing: Workshop) -> None:
    append(failing, "model/train.py", 'raise RuntimeError("the meters are off")')
    said = refused(failing)
    assert "AlgorithmError" in said and "the meters are off" in said
    assert "/aws/sagemaker/TrainingJobs" in said


def test_a_training_script_that_hangs_past_its_maximum_run_time(failing: Workshop) -> None:
    append(failing, "model/train.py", "import time\ntime.sleep(600)")
    failing.edit("configuration/trainingjob.json", lambda job: job["StoppingCondition"].update(MaxRuntimeInSeconds=2))
    assert "MaxRuntimeExceeded" in refused(failing)


def test_a_gate_that_says_no(failing: Workshop) -> None:
    failing.edit("configuration/evaluation.yml", lambda gate: gate.update(bound=0.001))
    said = refused(failing)
    assert "ModelQualityBelowBound" in said and "0.001" in said


def test_load_over_its_bound(failing: Workshop) -> None:
    failing.edit("configuration/qa.yml", lambda qa: qa.update(minimum_throughput=100000))
    said = refused(failing)
    assert "100000" in said.replace(",", "") and "qa.yml" in said


def test_an_endpoint_whose_container_dies_at_start(failing: Workshop) -> None:
    entry = failing.path / "model" / "__main__.py"
    entry.write_text(entry.read_text().replace("model.serving:serve", "model.serving:sevre"))
    said = refused(failing)
    assert "did not pass the ping health check" in said
    assert "/aws/sagemaker/Endpoints" in said and "sevre" in said


def test_a_rejected_approval(failing: Workshop) -> None:
    failing.succeed("start")
    failing.succeed("watch", "--until-approval")
    failing.succeed("reject", "--comment", "not on a Friday")
    said = ended_badly(failing)
    assert "not on a Friday" in said
    failing.until_deleted("test")


def test_wrong_configuration_is_refused_before_anything_starts(pristine: Workshop, released: Released) -> None:
    pristine.edit("configuration/trainingjob.json", lambda job: job["ResourceConfig"].update(InstanceCount="two"))
    done = pristine.mlops("deploy")
    assert done.returncode == 2
    assert "trainingjob.json" in done.stderr and "ResourceConfig.InstanceCount" in done.stderr
    assert "Traceback" not in done.stderr


def append(workshop: Workshop, file: str, text: str) -> None:
    """Add lines to a file of the working copy."""
    path = Path(workshop.path / file)
    path.write_text(f"{path.read_text()}\n{text}\n")


def refused(workshop: Workshop) -> str:
    """Start a release that is to fail before its approval, and return what the command line said."""
    workshop.succeed("start")
    return ended_badly(workshop)


def ended_badly(workshop: Workshop) -> str:
    done: CompletedProcess[str] = workshop.mlops("watch")
    assert done.returncode == 1, done.stdout + done.stderr
    # What a program wrote is quoted, indented; the command line's own words have no traceback.
    assert "\nTraceback" not in f"\n{done.stderr}"
    return done.stdout + done.stderr
