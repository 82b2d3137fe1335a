"""`mlops history`, `show` and `compare` after two releases, a way back and a release that was rejected."""

import json
import subprocess
from pathlib import Path

import mlflow_server
import pytest
from workshop import Workshop

pytestmark = pytest.mark.acceptance
SOURCE = Path(__file__).parents[2] / "src"
WORSE = ("--set", "max_depth=2", "--set", "num_round=40")


def release(workshop: Workshop, answer: str, comment: str) -> str:
    """Release a model with other hyperparameters, or reject it. Returns the id of its execution."""
    workshop.succeed("start", *WORSE)
    workshop.succeed("watch", "--until-approval")
    execution = latest(workshop)
    workshop.succeed(answer, "--comment", comment)
    workshop.mlops("watch")
    return execution


def latest(workshop: Workshop) -> str:
    name = workshop.project["project"]
    listed = workshop.client("codepipeline").list_pipeline_executions(pipelineName=name, maxResults=1)
    return listed["pipelineExecutionSummaries"][0]["pipelineExecutionId"]


def history(workshop: Workshop, *options: str) -> list[dict]:
    return json.loads(workshop.succeed("history", "--json", *options).stdout)["entries"]


@pytest.fixture
def story(pristine: Workshop) -> tuple[str, str, str]:
    """The executions in production first, of the release that was left again, and of the rejected one."""
    first = pristine.parameters("production")["ExecutionId"]
    pristine.edit(
        "configuration/evaluation.yml", lambda gate: gate["metrics"]["rmse"].update(bound=20.0, allowed_regression=1.0)
    )
    second = release(pristine, "approve", "cheaper, and good enough")
    pristine.succeed("rollback", "--reason", "worse on Fridays")
    rejected = release(pristine, "reject", "not on a Friday")
    pristine.until_deleted("test")
    return first, second, rejected


def test_history_show_and_compare_answer_what_is_in_production_and_why(
    pristine: Workshop, story: tuple[str, str, str]
) -> None:
    first, second, rejected = story
    back, left, *_ = history(pristine)
    assert [back["version"]["execution_id"], left["version"]["execution_id"]] == [first, second]
    assert (back["version"]["state"], left["version"]["state"]) == ("in production", "rolled back")
    assert back["period"]["until"] is None and left["period"]["until"] == back["period"]["since"]
    assert back["period"]["replaced"] == str(left["version"]["version"])
    assert left["period"]["replaced"] == str(back["version"]["version"])
    assert (back["period"]["kind"], back["period"]["reason"]) == ("rollback", "worse on Fridays")
    assert left["version"]["approval"]["comment"] == "cheaper, and good enough"
    newest = history(pristine, "--all")[0]
    assert (newest["version"]["execution_id"], newest["version"]["state"]) == (rejected, "rejected")
    assert newest["version"]["approval"]["comment"] == "not on a Friday" and newest["period"] is None
    table = pristine.succeed("history").stdout
    assert "rolled back by" in table and "cheaper, and good enough" in table and "not on a Friday" not in table
    assert max(map(len, table.splitlines())) <= 100

    shown = json.loads(pristine.succeed("show", second[:8], "--json").stdout)
    assert shown["version"] == left["version"]["version"]
    assert (shown["hyperparameters"]["max_depth"], shown["hyperparameters"]["num_round"]) == ("2", "40")
    assert shown["qa"] is True and shown["metrics"]["rmse"]["production"] > 0
    assert shown["image"].partition("@")[2].startswith("sha256:")
    assert "Rolled back" in shown["rejection"]
    page = pristine.succeed("show", str(shown["version"])).stdout
    assert "worse on Fridays" in page and "max_depth" in page and "approved" in page

    version = str(back["version"]["version"])
    differences = json.loads(pristine.succeed("compare", version, second[:8], "--json").stdout)["differences"]
    assert {"max_depth", "rmse"} <= {each["name"] for each in differences}
    (rmse,) = (each for each in differences if each["name"] == "rmse")
    assert rmse["verdict"] == ("better" if rmse["second"] < rmse["first"] else "worse")


def test_the_package_in_the_registry_names_its_lineage(pristine: Workshop) -> None:
    group = "{project}--{model}".format(**pristine.project)
    client = pristine.client("sagemaker")
    listed = client.list_model_packages(ModelPackageGroupName=group, SortOrder="Ascending")
    arn = listed["ModelPackageSummaryList"][0]["ModelPackageArn"]
    package = client.describe_model_package(ModelPackageName=arn)
    metadata = package["CustomerMetadataProperties"]
    assert {"execution", "commit", "data-version", "image", "lineage", "decision", "qa", "approver"} <= metadata.keys()
    assert float(metadata["metric.rmse"]) > 0
    bucket, _, key = metadata["lineage"].removeprefix("s3://").partition("/")
    lineage = json.loads(pristine.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    used = client.describe_training_job(TrainingJobName=f"{pristine.project['project']}-{metadata['execution'][:8]}")
    assert lineage["hyperparameters"] == used["HyperParameters"] and lineage["tuned"] is True


def test_a_release_is_a_run_on_an_mlflow_server(pristine: Workshop, tmp_path: Path) -> None:
    python = mlflow_server.python()
    with mlflow_server.running(tmp_path) as uri:
        pristine.edit("configuration/project.json", lambda project: project.update(tracking_uri=uri))
        execution = pristine.parameters("production")["ExecutionId"]
        tracked = subprocess.run(
            [python, "-m", "mlops", "track", execution],
            cwd=pristine.path,
            env={**pristine.environment, "PYTHONPATH": str(SOURCE)},
            capture_output=True,
            text=True,
        )
        assert tracked.returncode == 0, tracked.stdout + tracked.stderr
        run_id = tracked.stdout.split(" is run ")[1].split()[0]
        run = mlflow_server.ask(uri, f"/api/2.0/mlflow/runs/get?run_id={run_id}")["run"]
        version = json.loads(pristine.succeed("show", execution, "--json").stdout)
        assert {each["key"]: each["value"] for each in run["data"]["params"]} == version["hyperparameters"]
        assert {each["key"]: each["value"] for each in run["data"]["tags"]}["mlops.model"] == version["model"]
        values = {each["key"]: each for each in run["data"]["metrics"]}
        assert values["test/rmse"]["value"] == version["metrics"]["rmse"]["value"]
        # One value per round: the last step of a metric of the training is that of the last round.
        assert values["validation/rmse"]["step"] > 10
        stored = [
            each["path"]
            for folder in ("report", "evaluation")
            for each in mlflow_server.ask(uri, f"/api/2.0/mlflow/artifacts/list?run_id={run_id}&path={folder}")["files"]
        ]
        assert {"report/report.html", "evaluation/evaluation.json"} <= set(stored)
