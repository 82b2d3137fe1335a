"""Which values configuration/ can have, and how a wrong value is reported."""

from __future__ import annotations

import json
from typing import Any

import pytest
from baking import REPOSITORY
from repository import PROJECT, Repository

from mlops.configuration import load
from mlops.contract import Category, ProblemType
from mlops.errors import InputError


def gate_of(metric: str, bound: object, allowed_regression: float = 0.02, **keys: object) -> dict[str, Any]:
    """The content of evaluation.yml for a gate with one metric."""
    return {"metrics": {metric: {"bound": bound, "allowed_regression": allowed_regression, **keys}}}


@pytest.fixture
def repository(tmp_path) -> Repository:
    return Repository(tmp_path)


def test_the_shipped_configuration_is_valid(repository):
    configuration = load(repository.root)
    assert configuration.names.endpoint("production") == "taxi-fares--total-amount-production"
    assert configuration.image is None
    assert configuration.production.InitialInstanceCount == 2


def test_an_unknown_key_is_refused_with_its_line_and_the_likely_name(repository):
    repository.write(
        "evaluation.yml",
        "instance_type: ml.m5.large\nmetrics:\n  rmse:\n    buond: 6\n    allowed_regression: 0.1\n",
    )
    missing, unknown = repository.problems()
    assert (missing.key, missing.found) == ("metrics.rmse.bound", "nothing")
    assert (unknown.file, unknown.line, unknown.key) == (
        "configuration/evaluation.yml",
        4,
        "metrics.rmse.buond",
    )
    assert "did you mean bound?" in unknown.allowed


def test_a_key_given_twice_is_refused_in_json_and_yaml(repository):
    repository.write("qa.yml", "users: 1\n" + (repository.root / "configuration/qa.yml").read_text())
    repository.write("tuning.json", '{"Tags": [],\n"Tags": []}')
    twice = {problem.file: problem for problem in repository.problems() if problem.found == "a key given twice"}
    assert twice["configuration/tuning.json"].line == 2
    assert twice["configuration/qa.yml"].key == "users"


NO_SPACE = "no colon with a space after a key; allowed: YAML, with a space after the colon, such as users: 10"
QUOTES = "allowed: YAML, with quotes around a text that begins with * & @ ` % !"


@pytest.mark.parametrize(
    ("file", "text", "line", "found"),
    [
        ("trainingjob.json", '{"Tags":\n[1 2]}', 2, "'2'; allowed: JSON; expected here: ',' delimiter"),
        ("trainingjob.json", '{"Tags":', 1, "the end of the file; allowed: JSON; expected here: value"),
        ("trainingjob.json", '{"HyperParameters": NaN}', 1, "NaN; allowed: a finite number"),
        ("qa.yml", "users: 10\n  spawn_rate: 1\n", 2, "a key where none can be; allowed: YAML, with the same indent"),
        ("qa.yml", "users: a: b\n", 1, "a key where none can be; allowed: YAML, with the same indent"),
        ("qa.yml", "# load\nusers:10\nspawn_rate: 1\n", 2, NO_SPACE),
        ("qa.yml", "spawn_rate: 1\nusers:10\n", 2, NO_SPACE),
        ("qa.yml", "spawn_rate: 1\nusers:10\nrequests: 1\n", 2, NO_SPACE),
        ("qa.yml", "users: */5 * * * *\n", 1, f"a text that begins with *; {QUOTES}"),
        ("qa.yml", "users: & 5\n", 1, f"a text that begins with &; {QUOTES}"),
        ("qa.yml", "a: 1\nusers: !a!b\n", 2, f"undefined tag handle '!a!'; {QUOTES}"),
        ("qa.yml", "users: `5`\n", 1, f"character '`' that cannot start any token; {QUOTES}"),
        ("qa.yml", "users: %5\n", 1, f"character '%' that cannot start any token; {QUOTES}"),
        ("qa.yml", "a: 'b\nc: 1\n", 3, "unexpected end of stream; allowed: YAML"),
        ("qa.yml", "users: 10\n\tspawn_rate: 1\n", 2, "a tab; allowed: YAML, which is indented by spaces"),
        ("qa.yml", "users: @10\n", 1, f"character '@' that cannot start any token; {QUOTES}"),
        ("qa.yml", "users: [1\nb: c\n", 2, "':'; allowed: YAML; expected here: ',' or ']'"),
        ("qa.yml", "users: *ten\n", 1, f"undefined alias 'ten'; {QUOTES}"),
        ("qa.yml", "users: 1\n---\nb: 1\n", 2, "another document; allowed: YAML"),
        ("qa.yml", "a: b\nusers\n", 2, NO_SPACE),
        ("qa.yml", "- users\n", None, '["users"]; allowed: an object with keys'),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_line(repository, file, text, line, found):
    repository.write(file, text)
    (problem,) = repository.problems()
    assert (problem.file, problem.line) == (f"configuration/{file}", line)
    assert f": found {found}" in str(problem)


def test_a_missing_file_is_named(repository):
    (repository.root / "configuration" / "production.yml").unlink()
    (problem,) = repository.problems()
    assert (problem.file, problem.found) == ("configuration/production.yml", "no such file")


def test_tabs_in_json_are_allowed(repository):
    before = load(repository.root).tuning
    text = (repository.root / "configuration" / "tuning.json").read_text()
    repository.write("tuning.json", text.replace("  ", "\t"))
    assert load(repository.root).tuning == before


@pytest.mark.parametrize("key", ["project", "model"])
@pytest.mark.parametrize("name", ["Taxi", "taxi_fares", "1taxi", "taxi-", "ta--xi", "t" * 24, ""])
def test_an_invalid_project_or_model_name_is_refused(repository, key, name):
    repository.change("project.json", lambda data: data.update({key: name}))
    assert [problem.key for problem in repository.problems()] == [key]


@pytest.mark.parametrize(
    ("file", "change", "allowed"),
    [
        ("project.json", {"region": "Frankfurt"}, "a region's code, such as 'us-east-1' or 'eu-central-1'"),
        ("project.json", {"region": 5}, "a region's code, such as 'us-east-1' or 'eu-central-1'"),
        (
            "project.json",
            {"project": "Taxi_Fares"},
            "1 to 23 characters: lower-case letters, digits and single hyphens",
        ),
        ("project.json", {"model": "m" * 21}, "1 to 20 characters: lower-case letters, digits and single hyphens"),
        ("project.json", {"project": "models"}, "any other name than batch, capture, "),
        ("project.json", {"tracking_uri": "ftp://mlflow"}, "the address of an MLflow server, such as 'https://"),
        (
            "production.yml",
            {"challenger": {"VariantName": "-a", "model_package_version": 1, "share": 0.5}},
            "1 to 63 letters, digits, and hyphens between them",
        ),
    ],
)
def test_what_a_text_may_be_is_described_in_words(repository, file, change, allowed):
    repository.change(file, lambda data: data.update(change))
    assert [problem.allowed for problem in repository.problems() if problem.allowed.startswith(allowed)]
    assert not [problem for problem in repository.problems() if "pattern" in problem.allowed]


@pytest.mark.parametrize(
    "path",
    [
        "TrainingJobName",
        "RoleArn",
        "InputDataConfig",
        "OutputDataConfig",
        "CheckpointConfig",
        "ResourceConfig.VolumeKmsKeyId",
        "AlgorithmSpecification.AlgorithmName",
    ],
)
def test_a_key_that_the_pipeline_fills_in_is_refused_with_the_reason(repository, path):
    def set_value(data):
        *parents, last = path.split(".")
        for parent in parents:
            data = data[parent]
        data[last] = "mine"

    repository.change("trainingjob.json", set_value)
    (problem,) = repository.problems()
    assert problem.key == path
    assert problem.allowed.startswith("nothing, the pipeline fills it in: ")


def test_a_training_definition_in_tuning_json_is_refused(repository):
    repository.change("tuning.json", lambda data: data.update(TrainingJobDefinition={}))
    (problem,) = repository.problems()
    assert "the training job of trainingjob.json" in problem.allowed


def test_a_lineage_tag_cannot_be_set_by_hand(repository):
    repository.change("trainingjob.json", lambda data: data.update(Tags=[{"Key": "commit", "Value": "1"}]))
    (problem,) = repository.problems()
    assert problem.key == "Tags[0].Key"


@pytest.mark.parametrize(
    ("file", "change", "key"),
    [
        ("evaluation.yml", {"goal": "Minimize"}, "goal"),
        ("evaluation.yml", {"metrics": {}}, "metrics"),
        ("evaluation.yml", {"metrics": "rmse"}, "metrics"),
        ("evaluation.yml", gate_of("rmse", "6"), "metrics.rmse.bound"),
        ("evaluation.yml", gate_of("rmse", float("inf")), "metrics.rmse.bound"),
        ("evaluation.yml", gate_of("mae", -1.0), "metrics.mae.bound"),
        ("evaluation.yml", gate_of("r2", 1.5), "metrics.r2.bound"),
        ("evaluation.yml", gate_of("rmse", 6.0, 1.5), "metrics.rmse.allowed_regression"),
        ("evaluation.yml", gate_of("rmse", 6.0, goal="Minimize"), "metrics.rmse.goal"),
        ("evaluation.yml", {"instance_type": "ml.m5.largo"}, "instance_type"),
        ("qa.yml", {"p99_milliseconds": 100}, "p99_milliseconds"),
        ("qa.yml", {"spawn_rate": 1}, "spawn_rate"),
        ("qa.yml", {"failure_ratio": 2}, "failure_ratio"),
        ("qa.yml", {"users": 10, "wait_milliseconds": 1000}, "minimum_throughput"),
        ("test.yml", {"InstanceType": "m5.large"}, "InstanceType"),
        ("test.yml", {"InitialInstanceCount": True}, "InitialInstanceCount"),
        ("test.yml", {"InitialInstanceCount": 2**31}, "InitialInstanceCount"),
        ("production.yml", {"batch": {"InstanceType": "ml.t3.medium"}}, "batch.InstanceType"),
        ("production.yml", {"batch": {"InstanceCount": 101}}, "batch.InstanceCount"),
        ("production.yml", {"alarms": {"errors_per_minute": 2**31}}, "alarms.errors_per_minute"),
        ("production.yml", {"alarms": {"latency_milliseconds": 1e300}}, "alarms.latency_milliseconds"),
        ("production.yml", {"api": {"requests_per_second": 1e300}}, "api.requests_per_second"),
        ("production.yml", {"api": {"max_rows": 10**12}}, "api.max_rows"),
        (
            "production.yml",
            {"autoscaling": {"MinCapacity": 1, "MaxCapacity": 2**31, "invocations_per_instance": 5}},
            "autoscaling.MaxCapacity",
        ),
        (
            "production.yml",
            {"autoscaling": {"MinCapacity": 1, "MaxCapacity": 2, "invocations_per_instance": 1e-300}},
            "autoscaling.invocations_per_instance",
        ),
        # Autoscaling is configured, and SageMaker does not scale burstable types.
        ("production.yml", {"InstanceType": "ml.t2.medium"}, "InstanceType"),
        ("project.json", {"github_repository": ".."}, "github_repository"),
        ("project.json", {"region": "eu-west-\u0661"}, "region"),
        (
            "production.yml",
            {"VpcConfig": {"Subnets": ["a_b"], "SecurityGroupIds": ["sg-1"]}},
            "VpcConfig.Subnets[0]",
        ),
        ("production.yml", {"VpcConfig": {"Subnet": ["subnet-1"]}}, "VpcConfig.Subnet"),
    ],
)
def test_an_impossible_value_is_refused_with_its_file_and_key(repository, file, change, key):
    repository.change(file, lambda data: data.update(change))
    assert (f"configuration/{file}", key) in {(problem.file, problem.key) for problem in repository.problems()}


def set_target(monkeypatch: pytest.MonkeyPatch, *labels: str) -> None:
    """Make the shipped `model` a classifier of these labels."""
    monkeypatch.setattr("model.features.TARGET", Category("outcome", labels))


def test_the_problem_type_follows_from_the_target(repository, monkeypatch):
    assert load(repository.root).problem_type is ProblemType.REGRESSION
    repository.change("evaluation.yml", lambda data: data.update(gate_of("accuracy", 0.9)))
    set_target(monkeypatch, "no", "yes")
    assert load(repository.root).problem_type is ProblemType.BINARY_CLASSIFICATION
    set_target(monkeypatch, "low", "middle", "high")
    assert load(repository.root).problem_type is ProblemType.MULTICLASS_CLASSIFICATION


@pytest.mark.parametrize(
    ("labels", "metric", "allowed"),
    [
        ((), "auc", "rmse, mae, mse, r2: the metrics of Regression, "),
        ((), "rsme", "rmse, mae, mse, r2 (did you mean rmse"),
        (("no", "yes"), "rmse", "accuracy, precision, recall, f1, auc, "),
        (("low", "middle", "high"), "auc", "accuracy, balanced_accuracy, weighted_precision, "),
    ],
)
def test_a_metric_that_the_problem_type_does_not_have_is_refused(repository, monkeypatch, labels, metric, allowed):
    if labels:
        set_target(monkeypatch, *labels)
    repository.change("evaluation.yml", lambda data: data.update(gate_of(metric, 0.5)))
    (problem,) = repository.problems()
    assert (problem.file, problem.key) == ("configuration/evaluation.yml", f"metrics.{metric}")
    assert problem.allowed.startswith(allowed)
    assert "TARGET in model/features.py" in problem.allowed


@pytest.mark.parametrize(
    ("file", "key", "value", "allowed"),
    [
        ("evaluation.yml", "compare_with_production", "nope", "true or false"),
        ("qa.yml", "users", 1.5, "an integer, such as 3"),
        ("qa.yml", "spawn_rate", "fast", "a number, such as 0.5"),
        ("evaluation.yml", "metrics", "rmse", "an object with keys"),
        ("evaluation.yml", "instance_type", 5, "a text"),
    ],
)
def test_the_type_of_a_value_is_named_in_plain_words(repository, file, key, value, allowed):
    repository.change(file, lambda settings: settings.update({key: value}))
    (problem,) = repository.problems()
    assert (problem.key, problem.allowed) == (key, allowed)


def test_every_metric_of_a_gate_is_checked(repository):
    gate = gate_of("rmse", 6.0)["metrics"] | gate_of("mae", -1.0)["metrics"] | gate_of("f1", 0.5)["metrics"]
    repository.change("evaluation.yml", lambda data: data.update(metrics=gate))
    assert [problem.key for problem in repository.problems()] == ["metrics.mae.bound", "metrics.f1"]


@pytest.mark.parametrize(
    ("target", "reason"), [("duration", "found str"), (Category("outcome", ("only",)), "a Category of 1 values")]
)
def test_a_target_without_a_problem_type_is_refused_with_its_file(repository, monkeypatch, target, reason):
    monkeypatch.setattr("model.features.TARGET", target)
    with pytest.raises(InputError, match=rf"model/features\.py: TARGET: .*{reason}"):
        load(repository.root)


def test_all_problems_of_all_files_are_reported_at_once(repository):
    repository.write("project.json", '{"project": "Taxi"}')
    repository.change("trainingjob.json", lambda data: data["HyperParameters"].update(eta=0.3))
    repository.change("qa.yml", lambda data: data.update(users=0))
    with pytest.raises(InputError) as caught:
        load(repository.root)
    assert {problem.file for problem in caught.value.problems} == {
        "configuration/project.json",
        "configuration/trainingjob.json",
        "configuration/qa.yml",
    }
    assert "HyperParameters.eta: found 0.3; allowed: a string" in str(caught.value)
    assert caught.value.exit_code == 2


def test_project_json_of_these_tests_has_the_keys_of_the_template():
    assert json.loads((REPOSITORY / "configuration" / "project.json").read_text()).keys() == PROJECT.keys()
