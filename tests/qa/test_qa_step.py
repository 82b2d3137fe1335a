"""The pipeline's QA step as CodeBuild runs it: a trained model, a bucket of the local cloud, an endpoint."""

import json
import os
import shutil
import subprocess
import sys

import pytest
import yaml
from baking import REPOSITORY
from classifier_team import classification, trained, write_model_code
from endpoint import LABELS, broken, classifier, slow
from release import DATA_VERSION, EXECUTION, packed, publish, regression, served, train

from mlops.aws.session import Session
from mlops.localcloud import launch, ports

pytestmark = pytest.mark.acceptance

ANSWERS = {
    "project": "demo",
    "model": "trips",
    "region": "us-east-1",
    "notification_email": "someone@example.org",
    "github_owner": "someone",
    "github_repository": "demo",
}
BUCKET = "qa-bucket"
CLASSIFIERS_BUCKET = "qa-classifiers-bucket"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    handle = launch.start(REPOSITORY, tmp_path_factory.mktemp("cloud"), port=ports.free_port(), region="us-east-1")
    yield handle.running
    handle.stop()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return train(tmp_path_factory.mktemp("job"))


@pytest.fixture
def session(cloud, monkeypatch):
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    return Session("us-east-1")


@pytest.fixture
def repository(tmp_path):
    """A repository whose load test is short."""
    root = tmp_path / "demo"
    for folder in ("configuration", "load"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    (root / "configuration" / "project.json").write_text(json.dumps(ANSWERS))
    # No bounds on speed: other tests may keep this machine busy.
    configure(root, users=2, spawn_rate=2, duration_seconds=5, minimum_throughput=0)
    configure(root, p95_milliseconds=60_000, p99_milliseconds=60_000)
    configure(root, "production.yml", clients_call="endpoint")
    return root


def configure(root, name="qa.yml", **settings):
    file = root / "configuration" / name
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | settings))


def step(root, *arguments, bucket=BUCKET):
    environment = os.environ | {
        "BUCKET": bucket,
        "EXECUTION_ID": EXECUTION,
        "DATA_VERSION": DATA_VERSION,
        "PYTHONPATH": str(REPOSITORY),
    }
    command = [sys.executable, "-m", "mlops.builds.qa", *arguments]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)


def last_line(output):
    """The last line that is not indented, which the command line reports as the cause."""
    return [line for line in output.splitlines() if not line.startswith(" ")][-1]


def results(session, folder):
    answer = session.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=f"executions/{EXECUTION}/{folder}/")
    return {each["Key"].rpartition("/")[2] for each in answer.get("Contents", [])}


@pytest.fixture
def released(session, model, tmp_path):
    publish(session, BUCKET, packed(model, tmp_path / "model.tar.gz"), *regression(model))


@pytest.mark.usefixtures("released")
def test_results_of_a_good_endpoint_are_uploaded(serve, session, model, repository):
    serve(served(model))
    done = step(repository, "--endpoint", "test")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {"qa.json", "locust.html", "locust_stats.csv"} <= results(session, "qa")
    found = json.loads((repository / "qa" / "qa.json").read_text())
    assert found["passed"]
    assert found["endpoint"] == "demo--trips-test"
    assert found["accuracy"]["rows"] == 120
    assert found["load"]["requests"] > 0


@pytest.mark.usefixtures("released")
def test_golden_rows_that_another_execution_wrote_fail_the_step(serve, session, model, repository):
    serve(served(model))
    s3, key = session.client("s3"), f"executions/{EXECUTION}/golden/rows.json"
    assert step(repository, "--endpoint", "test").returncode == 0
    right = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert json.loads(right)["rows"]
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}", ChecksumAlgorithm="SHA256")
    done = step(repository, "--endpoint", "test")
    s3.put_object(Bucket=BUCKET, Key=key, Body=right, ChecksumAlgorithm="SHA256")
    assert done.returncode == 1
    assert f"s3://{BUCKET}/{key} is not what this execution would write there" in last_line(done.stdout)


@pytest.mark.usefixtures("released")
def test_a_missed_bound_fails_the_step_with_value_and_bound_after_the_upload(serve, session, model, repository):
    serve(slow(0.05, served(model)))
    configure(repository, p95_milliseconds=10)
    done = step(repository, "--endpoint", "test")
    assert done.returncode == 1
    assert last_line(done.stdout).startswith("p95 latency was ")
    assert " ms, configuration/qa.yml allows 10 ms" in last_line(done.stdout)
    assert {"qa.json", "locust.html"} <= results(session, "qa")


@pytest.mark.usefixtures("released")
def test_the_smoke_test_compares_predictions_without_a_load_test(serve, session, model, repository):
    _, requests = serve(served(model))
    done = step(repository, "--endpoint", "production", "--smoke")
    assert done.returncode == 0, done.stdout + done.stderr
    assert results(session, "smoke") == {"qa.json"}
    assert {request.path for request in requests} == {"/endpoints/demo--trips-production/invocations"}
    assert len(requests) < 20


@pytest.mark.usefixtures("released")
def test_the_smoke_test_compares_the_releases_variant_and_not_the_challengers(serve, session, model, repository):
    challenger = {"VariantName": "Challenger", "model_package_version": 1, "InitialInstanceCount": 1, "share": 0.5}
    configure(repository, "production.yml", challenger=challenger)
    _, requests = serve(served(model))
    done = step(repository, "--endpoint", "production", "--smoke")
    assert done.returncode == 0, done.stdout + done.stderr
    asked = [request.headers["X-Amzn-SageMaker-Target-Variant"] for request in requests]
    assert asked[:3] == ["AllTraffic"] * 3
    assert set(asked[3:]) == {None}


@pytest.mark.usefixtures("released")
def test_an_endpoint_that_fails_is_a_failed_check_with_its_reason(serve, session, repository):
    serve(broken)
    done = step(repository, "--endpoint", "production", "--smoke")
    assert done.returncode == 1
    assert last_line(done.stdout) == "demo--trips-production returned 500 for good rows: division by zero"
    assert not json.loads((repository / "smoke" / "qa.json").read_text())["passed"]


@pytest.fixture
def of_classifier(session, repository, tmp_path):
    """The repository and the release of a classifier."""
    write_model_code(repository)
    gate = {
        "accuracy": {"bound": 0.8, "allowed_regression": 0.02},
        "log_loss": {"bound": 0.5, "allowed_regression": 0.1},
    }
    configure(repository, "evaluation.yml", metrics=gate)
    publish(
        session, CLASSIFIERS_BUCKET, packed(trained(tmp_path / "trained"), tmp_path / "model.tar.gz"), *classification()
    )


@pytest.mark.usefixtures("of_classifier")
def test_golden_rows_of_a_classifier_have_labels(serve, session, repository):
    serve(classifier)
    done = step(repository, "--endpoint", "test", bucket=CLASSIFIERS_BUCKET)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((repository / "qa" / "qa.json").read_text())
    assert found["accuracy"]["rows"] == 100
    assert found["accuracy"]["accuracy"] == 0.95
    names = [check["name"] for check in found["checks"]]
    assert {"accuracy through the endpoint", "log_loss through the endpoint", "accuracy as evaluated"} <= set(names)
    golden = json.loads((repository / "qa" / "rows.json").read_text())
    assert {prediction["label"] for prediction in golden["predictions"]} == set(LABELS)
    assert all(0.5 <= prediction["probability"] <= 1 for prediction in golden["predictions"])


@pytest.mark.usefixtures("of_classifier")
def test_a_classifier_of_another_release_fails_with_the_row_and_both_answers(serve, repository):
    serve(lambda content_type, body, accept: classifier(content_type, body.replace(",2.5", ",3.5"), accept))
    done = step(repository, "--endpoint", "production", "--smoke", bucket=CLASSIFIERS_BUCKET)
    assert done.returncode == 1
    assert "rows differ from the released model in this process" in last_line(done.stdout)
    assert "the endpoint returned " in last_line(done.stdout)


def test_a_missing_environment_variable_is_named(repository, monkeypatch):
    command = [sys.executable, "-m", "mlops.builds.qa", "--endpoint", "test"]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert "EXECUTION_ID is not set" in done.stdout
