"""Another team's repository: other data, another learner, no XGBoost; from its first commit to production.

docs/bring-your-own-model.md is all that the team follows: src/mlops, infra/, api/ and workflows stay as they are.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from mlops.localcloud import ports, state
from other_team import OtherTeam, Report, environment_without
from payments_team import create_payments

pytestmark = pytest.mark.acceptance

LABELS = ["settled", "declined", "refunded", "disputed"]

TWO_OUTCOMES = (
    'OUTCOMES = {"settled": "no trouble", "refunded": "no trouble", "declined": "trouble", "disputed": "trouble"}'
)
BINARY_GATE = "metrics:\n  auc:\n    bound: 0.7\n    allowed_regression: 0.05\n"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that cannot import XGBoost."""
    return environment_without(tmp_path_factory.mktemp("environment"), "xgboost")


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory, python: Path) -> Iterator[OtherTeam]:
    """The team's repository with its first commit, checked and released; its local cloud runs on."""
    team = create_payments(tmp_path_factory.mktemp("teams"), python)
    team.commit("Predict how payments end")
    team.succeed("check")
    try:
        team.succeed("local", "run", "--tune", "--approve", "--keep", "--port", str(ports.free_port()))
        yield team
    finally:
        team.mlops("local", "down")


@pytest.fixture(scope="module")
def released(team: OtherTeam) -> Report:
    """The report of the first release."""
    return team.newest_report()


def test_xgboost_cannot_be_imported(python: Path, team: OtherTeam) -> None:
    assert "No module named 'xgboost'" in team.run("-c", "import xgboost").stderr
    for name in ("build", "container", "dev"):
        assert not re.search("(?m)^xgboost", (team.path / "requirements" / f"{name}.txt").read_text())


def test_the_teams_own_tests_hold(team: OtherTeam) -> None:
    # tests/test_pipeline.py would release it once more.
    done = team.run("-m", "pytest", "--quiet", "tests", "--ignore", "tests/test_pipeline.py")
    assert done.returncode == 0, done.stdout


def test_the_evaluation_is_that_of_a_multiclass_classification(team: OtherTeam, released: Report) -> None:
    evaluation = json.loads(read(team, released, "evaluation/evaluation.json"))
    assert (evaluation["problem_type"], evaluation["labels"]) == ("MulticlassClassification", LABELS)
    metrics = evaluation["multiclass_classification_metrics"]
    with (team.path / ".mlops" / "dataset" / "test" / "test.csv").open(newline="") as file:
        actual = Counter(row["outcome"] for row in csv.DictReader(file))
    assert {label: sum(row.values()) for label, row in metrics["confusion_matrix"].items()} == actual
    assert actual["settled"] / actual.total() < metrics["accuracy"]["value"] < 0.95
    assert 0.5 < metrics["macro_f1"]["value"] < 0.9
    assert 0 < metrics["log_loss"]["standard_deviation"] < 0.05


def test_golden_rows_are_compared_by_label_and_probability(team: OtherTeam, released: Report) -> None:
    golden = json.loads(read(team, released, "golden/rows.json"))
    assert {each["label"] for each in golden["predictions"]} <= set(LABELS)
    assert all(0.25 <= each["probability"] <= 1 for each in golden["predictions"])
    checks = {check["name"]: check for check in json.loads(read(team, released, "qa/qa.json"))["checks"]}
    for name in ("golden rows", "CSV and JSON agree"):
        assert (checks[name]["passed"], checks[name]["unit"]) == (True, "probability")


def test_production_answers_a_label_with_the_probability_of_each(team: OtherTeam) -> None:
    row = {
        "amount": 250.0,
        "account_age_days": None,
        "previous_payments": None,
        "minutes_since_last_payment": None,
        "device_score": 0.1,
        "hour": 3,
        "channel": "online",
        "issuer_country": None,
        "merchant": "mcc-5000",
    }
    [answer] = json.loads(team.succeed("invoke", json.dumps({"instances": [row]})))["predictions"]
    assert list(answer["probabilities"]) == LABELS
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert answer["probability"] == max(answer["probabilities"].values()) == answer["probabilities"][answer["label"]]
    label, probability = team.succeed("invoke", "250,,,,0.1,3,online,,mcc-5000").strip().split(",")
    assert (label, float(probability)) == (answer["label"], pytest.approx(answer["probability"], abs=1e-5))


def test_the_report_shows_confusions_and_curves(released: Report) -> None:
    page = released.page.read_text(encoding="utf-8")
    for part in ("Confusion matrix", "ROC curve", "Precision-recall curve", *LABELS):
        assert part in page, part


def test_a_worse_model_is_refused_by_the_comparison_with_production(team: OtherTeam, released: Report) -> None:
    done = team.mlops("local", "run", "--approve", "--set", "num_iterations=4")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "ModelWorseThanProduction" in done.stdout and "log_loss" in done.stdout
    assert len(json.loads(team.succeed("invoke", "--accept", "json", "1,,,,,3,chip,,mcc-5000"))["predictions"]) == 1


def test_a_target_of_two_values_is_released_as_a_binary_classification(tmp_path: Path, python: Path) -> None:
    team = create_payments(tmp_path, python)
    team.edit("model/features.py", lambda text: re.sub(r"OUTCOMES = {.*}", TWO_OUTCOMES, text))
    team.edit("data/sample.py", lambda text: text.replace("ROWS = 120_000", "ROWS = 20_000"))
    team.edit("configuration/evaluation.yml", lambda text: re.sub(r"(?s)metrics:.*", BINARY_GATE, text))
    team.commit("Predict which payments cost money")
    shown = team.succeed("local", "run", "--approve", "--port", str(ports.free_port()))
    assert re.search(r"Production answers (no trouble|trouble),0\.\d+ for ", shown), shown
    evaluation = team.newest_report().content["evaluation"]
    assert evaluation["problem_type"] == "BinaryClassification"
    assert 0.75 < evaluation["binary_classification_metrics"]["auc"]["value"] < 0.99


def read(team: OtherTeam, released: Report, name: str) -> bytes:
    """A result of the execution, from the bucket."""
    running = state.read(team.cloud_directory)
    assert running is not None
    environment = running.environment
    s3 = boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    bucket, _, prefix = released.content["location"].removeprefix("s3://").partition("/")
    return s3.get_object(Bucket=bucket, Key=f"{prefix}{name}")["Body"].read()
