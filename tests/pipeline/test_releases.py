"""Releases by the command line: the first release, refused releases, the next release, and a rollback.

A failure ends the execution with a cause, exit code 1 and the name of the log; production continues to serve.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from traffic import traffic
from workshop import Released, Workshop

pytestmark = pytest.mark.acceptance


def test_a_release_waits_for_approval_and_succeeds_when_approved(released: Released) -> None:
    assert "mlops approve" in released.until_approval.stdout
    assert "succeeded" in released.to_the_end.stdout


def test_the_stages_are_shown_as_they_end(released: Released) -> None:
    shown = released.until_approval.stdout + released.to_the_end.stdout
    for action in ("Source/Code", "Build/Image", "Build/Render", "Train/Train", "Test/QA", "Production/Deploy"):
        assert action in shown


def test_production_predicts_a_row(workshop: Workshop, released: Released) -> None:
    answer = workshop.succeed("invoke", workshop.first_row())
    assert 0 < float(answer.stdout.split()[-1]) < 500


def test_a_header_of_invoked_rows_names_their_columns(workshop: Workshop, released: Released) -> None:
    test_set = workshop.path / ".mlops" / "dataset" / "test" / "test.csv"
    header, row = test_set.read_text().splitlines()[:2]
    assert workshop.succeed("invoke", header, row).stdout == workshop.succeed("invoke", workshop.first_row()).stdout


def test_the_test_endpoint_is_deleted_after_the_decision(workshop: Workshop, released: Released) -> None:
    workshop.until_deleted("test")
    assert endpoints(workshop) == [workshop.endpoint("production")]


def test_the_released_model_package_names_its_commit_and_data(workshop: Workshop, released: Released) -> None:
    sagemaker = workshop.client("sagemaker")
    [group] = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    oldest = sagemaker.list_model_packages(
        ModelPackageGroupName=group["ModelPackageGroupName"], SortBy="CreationTime", SortOrder="Ascending"
    )["ModelPackageSummaryList"][0]
    package = sagemaker.describe_model_package(ModelPackageName=oldest["ModelPackageArn"])
    assert package["ModelApprovalStatus"] == "Approved"
    described = json.dumps(package["CustomerMetadataProperties"])
    assert "data" in described and "commit" in described


def test_production_serves_an_immutable_copy_of_the_model(workshop: Workshop, released: Released) -> None:
    deployed = workshop.outputs("production")
    assert deployed["ModelDataUrl"].endswith(f"/releases/{deployed['ExecutionId']}/model.tar.gz")
    bucket, _, key = deployed["ModelDataUrl"].removeprefix("s3://").partition("/")
    trained = f"models/{workshop.project['project']}-{deployed['ExecutionId'][:8]}/output/model.tar.gz"
    s3 = workshop.client("s3")
    copied, original = (s3.head_object(Bucket=bucket, Key=each)["ETag"] for each in (key, trained))
    assert copied == original
    assert len(s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]) == 1


def test_the_report_shows_the_release(workshop: Workshop, released: Released) -> None:
    done = workshop.succeed("report")
    pages = {path.suffix for path in (workshop.path / ".mlops").rglob("report*") if path.is_file()}
    assert {".html", ".md", ".json"} <= pages, done.stdout


def test_a_local_cloud_with_a_release_has_no_problem(workshop: Workshop, released: Released) -> None:
    findings = json.loads(workshop.mlops("doctor", "--json").stdout)
    # GitHub is no part of the cloud.
    problems = [each for each in findings if each["state"] == "problem" and not each["check"].endswith("on GitHub")]
    assert findings and not problems


@pytest.fixture
def failing(pristine: Workshop) -> Iterator[Workshop]:
    """A workshop for a release that fails: production must serve the same model before and after."""
    row = pristine.first_row()
    before = pristine.succeed("invoke", row).stdout
    yield pristine
    assert pristine.succeed("invoke", row).stdout == before


def test_a_training_script_that_raises(failing: Workshop) -> None:
    append(failing, "model/train.py", 'raise RuntimeError("the meters are off")')
    output = refused(failing)
    assert "AlgorithmError" in output and "the meters are off" in output
    assert "/aws/sagemaker/TrainingJobs" in output


def test_a_training_script_that_hangs_past_its_maximum_run_time(failing: Workshop) -> None:
    append(failing, "model/train.py", "import time\ntime.sleep(600)")
    failing.edit("configuration/trainingjob.json", lambda job: job["StoppingCondition"].update(MaxRuntimeInSeconds=2))
    assert "MaxRuntimeExceeded" in refused(failing)


def test_a_gate_that_refuses_the_model(failing: Workshop) -> None:
    failing.edit("configuration/evaluation.yml", lambda gate: gate["metrics"]["rmse"].update(bound=0.001))
    output = refused(failing)
    assert "ModelQualityBelowBound" in output and "0.001" in output


def test_load_over_its_bound(failing: Workshop) -> None:
    failing.edit("configuration/qa.yml", lambda qa: qa.update(minimum_throughput=100000))
    output = refused(failing)
    assert "100000" in output.replace(",", "") and "qa.yml" in output


def test_an_endpoint_whose_container_dies_at_start(failing: Workshop) -> None:
    append(
        failing, "model/__init__.py", 'import sys\nif "serve" in sys.argv:\n    raise SystemExit("the meters are off")'
    )
    output = refused(failing)
    assert "did not pass the ping health check" in output
    assert "/aws/sagemaker/Endpoints" in output and "the meters are off" in output


def test_a_rejected_approval(failing: Workshop) -> None:
    failing.succeed("start")
    failing.succeed("watch", "--until-approval")
    failing.succeed("reject", "--comment", "not on a Friday")
    output = failed_output(failing)
    assert "not on a Friday" in output
    failing.until_deleted("test")


def test_code_of_the_api_that_does_not_compile(failing: Workshop) -> None:
    append(failing, "api/app.py", "def (:")
    assert "Build/Render failed" in refused(failing)


def test_wrong_configuration_is_refused_before_anything_starts(pristine: Workshop, released: Released) -> None:
    pristine.edit("configuration/trainingjob.json", lambda job: job["ResourceConfig"].update(InstanceCount="two"))
    done = pristine.mlops("deploy")
    assert done.returncode == 2
    assert "trainingjob.json" in done.stderr and "ResourceConfig.InstanceCount" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_release_and_its_rollback_fail_no_request(pristine: Workshop) -> None:
    row = pristine.first_row()
    first = pristine.endpoint("production")
    code = functions(pristine)
    append(pristine, "api/settings.py", "# of the second release")
    deployed = pristine.parameters("production")
    pristine.edit("configuration/production.yml", lambda production: production["api"].update(max_rows=77))
    # Other hyperparameters, so that the predictions of the two models differ; the gate must allow a worse model.
    pristine.edit(
        "configuration/evaluation.yml", lambda gate: gate["metrics"]["rmse"].update(bound=20.0, allowed_regression=1.0)
    )
    with traffic(lambda: pristine.predict(row)) as answers:
        pristine.succeed("start", "--set", "max_depth=2", "--set", "num_round=40")
        pristine.succeed("watch", "--until-approval")
        pristine.succeed("approve")
        pristine.succeed("watch")
        released = len(answers)
        assert pristine.endpoint("production") != first
        assert set(functions(pristine).values()).isdisjoint(code.values())
        assert pristine.parameters("production")["MaxRows"] == "77"
        back = pristine.succeed("rollback", "--reason", "worse on Fridays")
    assert {answer.status for answer in answers} == {200}
    old, new = answers[0], answers[released - 1]
    assert set(answers) == {old, new}, "each response has the prediction and the version of the same model"
    assert old.body != new.body and old.version != new.version
    assert answers[-1] == old
    assert "version 1" in back.stdout
    assert pristine.endpoint("production") == first
    assert functions(pristine) == code
    at_once = {"Guarded": "false", "ShiftType": "ALL_AT_ONCE"}
    assert pristine.parameters("production") == deployed | at_once
    # The endpoint of the second release is deleted. Other tests may have deployed others.
    assert [name for name in endpoints(pristine) if name.endswith(new.version)] == []
    refused = pristine.mlops("rollback", "--to", new.version)
    assert refused.returncode == 2 and "Allowed are the approved ones: 1" in refused.stderr
    assert "worse on Fridays" in refused.stderr and "\n  mlops rollback --to " in refused.stderr


def functions(workshop: Workshop) -> dict[str, str]:
    """The SHA-256 of the code of each function around production, by its name."""
    deployed = workshop.client("lambda").list_functions()["Functions"]
    return {each["FunctionName"]: each["CodeSha256"] for each in deployed}


def append(workshop: Workshop, file: str, text: str) -> None:
    """Add lines to a file of the working copy."""
    path = Path(workshop.path / file)
    path.write_text(f"{path.read_text()}\n{text}\n")


def refused(workshop: Workshop) -> str:
    """Start a release that fails before its approval. Returns the output of `mlops watch`."""
    workshop.succeed("start")
    return failed_output(workshop)


def failed_output(workshop: Workshop) -> str:
    done: CompletedProcess[str] = workshop.mlops("watch")
    assert done.returncode == 1, done.stdout + done.stderr
    # Quoted logs are indented; the command line itself must not print a traceback.
    assert "\nTraceback" not in f"\n{done.stderr}"
    return done.stdout + done.stderr


def endpoints(workshop: Workshop) -> list[str]:
    return [each["EndpointName"] for each in workshop.client("sagemaker").list_endpoints()["Endpoints"]]
