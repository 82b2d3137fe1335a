"""What configuration/ may say, and how a wrong value is reported."""

from __future__ import annotations

import json

import pytest
from repository import PROJECT, ROOT, Repository

from mlops.configuration import load
from mlops.errors import InputError, InputProblem


@pytest.fixture
def repository(tmp_path) -> Repository:
    return Repository(tmp_path)


def problems(repository: Repository) -> list[InputProblem]:
    with pytest.raises(InputError) as caught:
        load(repository.root)
    return list(caught.value.problems)


def test_the_shipped_configuration_is_right(repository):
    configuration = load(repository.root)
    assert configuration.names.endpoint("production") == "taxi-fares--total-amount-production"
    assert configuration.image is None
    assert configuration.production.InitialInstanceCount == 2


def test_an_unknown_key_is_refused_with_its_line_and_the_likely_name(repository):
    repository.write(
        "evaluation.yml",
        "instance_type: ml.m5.large\nmetric: rmse\ngoal: Minimize\nbuond: 6\nallowed_regression: 0.1\n",
    )
    missing, unknown = problems(repository)
    assert (missing.key, missing.found) == ("bound", "nothing")
    assert (unknown.file, unknown.line, unknown.key) == ("configuration/evaluation.yml", 4, "buond")
    assert "did you mean bound?" in unknown.allowed


def test_a_key_given_twice_is_refused_in_json_and_yaml(repository):
    repository.write("qa.yml", "users: 1\n" + (repository.root / "configuration/qa.yml").read_text())
    repository.write("tuning.json", '{"Tags": [],\n"Tags": []}')
    twice = {problem.file: problem for problem in problems(repository) if problem.found == "a key given twice"}
    assert twice["configuration/tuning.json"].line == 2
    assert twice["configuration/qa.yml"].key == "users"


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        ("trainingjob.json", '{"Tags":\n[1 2]}', 2),
        ("trainingjob.json", '{"HyperParameters": NaN}', None),
        ("qa.yml", "users: 10\n  spawn_rate: 1\n", 2),
        ("qa.yml", "- users\n", None),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_line(repository, file, text, line):
    repository.write(file, text)
    (problem,) = problems(repository)
    assert (problem.file, problem.line) == (f"configuration/{file}", line)


def test_a_missing_file_is_named(repository):
    (repository.root / "configuration" / "production.yml").unlink()
    (problem,) = problems(repository)
    assert (problem.file, problem.found) == ("configuration/production.yml", "no such file")


def test_tabs_in_json_are_no_fault(repository):
    before = load(repository.root).tuning
    text = (repository.root / "configuration" / "tuning.json").read_text()
    repository.write("tuning.json", text.replace("  ", "\t"))
    assert load(repository.root).tuning == before


@pytest.mark.parametrize("key", ["project", "model"])
@pytest.mark.parametrize("name", ["Taxi", "taxi_fares", "1taxi", "taxi-", "ta--xi", "t" * 24, ""])
def test_a_project_or_model_name_that_aws_would_refuse_is_refused(repository, key, name):
    repository.change("project.json", lambda data: data.update({key: name}))
    assert [problem.key for problem in problems(repository)] == [key]


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
def test_what_the_pipeline_fills_in_is_refused_with_the_reason(repository, path):
    def set_value(data):
        *parents, last = path.split(".")
        for parent in parents:
            data = data[parent]
        data[last] = "mine"

    repository.change("trainingjob.json", set_value)
    (problem,) = problems(repository)
    assert problem.key == path
    assert problem.allowed.startswith("nothing, the pipeline fills it in: ")


def test_a_training_definition_in_tuning_json_is_refused(repository):
    repository.change("tuning.json", lambda data: data.update(TrainingJobDefinition={}))
    (problem,) = problems(repository)
    assert "made of trainingjob.json" in problem.allowed


def test_a_lineage_tag_cannot_be_set_by_hand(repository):
    repository.change("trainingjob.json", lambda data: data.update(Tags=[{"Key": "commit", "Value": "1"}]))
    (problem,) = problems(repository)
    assert problem.key == "Tags[0].Key"


TRAINING_JOB_FAULTS = [
    pytest.param(
        lambda data: data.update(EnableManagedSpotTraining=True),
        "StoppingCondition.MaxWaitTimeInSeconds",
        "at least MaxRuntimeInSeconds (3600)",
        id="spot-without-wait",
    ),
    pytest.param(
        lambda data: (
            data.update(EnableManagedSpotTraining=True),
            data["StoppingCondition"].update(MaxWaitTimeInSeconds=60),
        ),
        "StoppingCondition.MaxWaitTimeInSeconds",
        "at least MaxRuntimeInSeconds (3600)",
        id="spot-waits-too-short",
    ),
    pytest.param(
        lambda data: data["StoppingCondition"].update(MaxWaitTimeInSeconds=7200),
        "StoppingCondition.MaxWaitTimeInSeconds",
        "unless EnableManagedSpotTraining",
        id="wait-without-spot",
    ),
    pytest.param(
        lambda data: data["ResourceConfig"].pop("InstanceType"),
        "ResourceConfig.InstanceType",
        "required",
        id="no-instance-type",
    ),
    pytest.param(
        lambda data: data["AlgorithmSpecification"].update(TrainingImage="docker.io/me/image"),
        "AlgorithmSpecification.TrainingImage",
        "an image in ECR",
        id="image-outside-ecr",
    ),
    pytest.param(
        lambda data: data["AlgorithmSpecification"]["MetricDefinitions"][1].update(Regex="rmse=[0-9]+"),
        "AlgorithmSpecification.MetricDefinitions[1].Regex",
        "one group",
        id="metric-without-group",
    ),
    pytest.param(
        lambda data: data["AlgorithmSpecification"]["MetricDefinitions"][1].update(Regex="rmse=(["),
        "AlgorithmSpecification.MetricDefinitions[1].Regex",
        "a regular expression",
        id="metric-no-regex",
    ),
    pytest.param(
        lambda data: data["AlgorithmSpecification"]["MetricDefinitions"][2].update(Name="train:rmse"),
        "AlgorithmSpecification.MetricDefinitions[2].Name",
        "no other metric",
        id="metric-named-twice",
    ),
    pytest.param(
        lambda data: data.update(VpcConfig={"Subnets": ["subnet-1"]}),
        "VpcConfig.SecurityGroupIds",
        "required",
        id="vpc-without-security-groups",
    ),
]


@pytest.mark.parametrize(("edit", "key", "allowed"), TRAINING_JOB_FAULTS)
def test_a_training_job_that_sagemaker_would_refuse_is_refused(repository, edit, key, allowed):
    repository.change("trainingjob.json", edit)
    (problem,) = problems(repository)
    assert problem.key == key
    assert allowed in problem.allowed


def config_of(data):
    return data["HyperParameterTuningJobConfig"]


def integer_range(data):
    return config_of(data)["ParameterRanges"]["IntegerParameterRanges"][0]


def continuous_range(data):
    return config_of(data)["ParameterRanges"]["ContinuousParameterRanges"][0]


TUNING_FAULTS = [
    pytest.param(
        lambda data: config_of(data)["ResourceLimits"].update(MaxParallelTrainingJobs=5),
        ".ResourceLimits.MaxParallelTrainingJobs",
        "at most MaxNumberOfTrainingJobs (4)",
        id="parallel-over-number",
    ),
    pytest.param(
        lambda data: config_of(data)["HyperParameterTuningJobObjective"].update(MetricName="validation:rmes"),
        ".HyperParameterTuningJobObjective.MetricName",
        "did you mean validation:rmse",
        id="objective-is-no-metric",
    ),
    pytest.param(
        lambda data: integer_range(data).update(Name="max_dept"),
        ".ParameterRanges.IntegerParameterRanges[0].Name",
        "did you mean max_depth",
        id="hyperparameter-unknown-to-the-training-job",
    ),
    pytest.param(
        lambda data: integer_range(data).update(Name="eta"),
        ".ParameterRanges.ContinuousParameterRanges[0].Name",
        "one range for each",
        id="hyperparameter-with-two-ranges",
    ),
    pytest.param(
        lambda data: integer_range(data).update(MinValue="11"),
        ".ParameterRanges.IntegerParameterRanges[0].MaxValue",
        "more than MinValue (11)",
        id="empty-range",
    ),
    pytest.param(
        lambda data: integer_range(data).update(MinValue="4.5"),
        ".ParameterRanges.IntegerParameterRanges[0].MinValue",
        "an integer",
        id="fraction-in-integer-range",
    ),
    pytest.param(
        lambda data: continuous_range(data).update(MinValue="0"),
        ".ParameterRanges.ContinuousParameterRanges[0].MinValue",
        "more than 0",
        id="logarithm-of-zero",
    ),
    pytest.param(
        lambda data: continuous_range(data).update(ScalingType="ReverseLogarithmic", MaxValue="1"),
        ".ParameterRanges.ContinuousParameterRanges[0].ScalingType",
        "0 <= x < 1",
        id="reverse-logarithm-of-one",
    ),
    pytest.param(
        lambda data: config_of(data).update(Strategy="Hyperband"),
        ".TrainingJobEarlyStoppingType",
        "Off",
        id="hyperband-stops-by-itself",
    ),
    pytest.param(
        lambda data: config_of(data)["ResourceLimits"].pop("MaxNumberOfTrainingJobs"),
        ".ResourceLimits.MaxNumberOfTrainingJobs",
        "required",
        id="endless-search",
    ),
    pytest.param(
        lambda data: config_of(data).update(ParameterRanges={}),
        ".ParameterRanges",
        "at least one range",
        id="nothing-to-search",
    ),
]


@pytest.mark.parametrize(("edit", "key", "allowed"), TUNING_FAULTS)
def test_a_tuning_job_that_could_not_work_is_refused(repository, edit, key, allowed):
    repository.change("tuning.json", edit)
    (problem,) = problems(repository)
    assert problem.key == f"HyperParameterTuningJobConfig{key}"
    assert allowed in problem.allowed


def test_a_grid_searches_categories_only(repository):
    repository.change("tuning.json", lambda data: config_of(data).update(Strategy="Grid"))
    kinds = {problem.key.rpartition(".")[2] for problem in problems(repository)}
    assert kinds == {"IntegerParameterRanges", "ContinuousParameterRanges"}


@pytest.mark.parametrize(
    ("file", "change", "key"),
    [
        ("evaluation.yml", {"goal": "Maximize"}, "goal"),
        ("evaluation.yml", {"metric": "rsme"}, "metric"),
        ("evaluation.yml", {"bound": "6"}, "bound"),
        ("evaluation.yml", {"instance_type": "ml.m5.largo"}, "instance_type"),
        ("qa.yml", {"p99_milliseconds": 100}, "p99_milliseconds"),
        ("qa.yml", {"spawn_rate": 1}, "spawn_rate"),
        ("qa.yml", {"failure_ratio": 2}, "failure_ratio"),
        ("qa.yml", {"users": 10, "wait_milliseconds": 1000}, "minimum_throughput"),
        ("test.yml", {"InstanceType": "m5.large"}, "InstanceType"),
        ("test.yml", {"InitialInstanceCount": True}, "InitialInstanceCount"),
        (
            "production.yml",
            {"VpcConfig": {"Subnets": ["a_b"], "SecurityGroupIds": ["sg-1"]}},
            "VpcConfig.Subnets[0]",
        ),
        ("production.yml", {"VpcConfig": {"Subnet": ["subnet-1"]}}, "VpcConfig.Subnet"),
    ],
)
def test_an_impossible_value_in_our_own_files_is_refused(repository, file, change, key):
    repository.change(file, lambda data: data.update(change))
    assert (f"configuration/{file}", key) in {(problem.file, problem.key) for problem in problems(repository)}


@pytest.mark.parametrize(("metric", "goal"), [("share_within_10_percent", "Maximize"), ("mape", "Minimize")])
def test_a_metric_of_ones_own_may_be_the_gate(repository, metric, goal):
    repository.change("evaluation.yml", lambda data: data.update(metric=metric, goal=goal))
    assert load(repository.root).evaluation.metric == metric


def test_all_problems_of_all_files_are_told_at_once(repository):
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


def test_the_answers_used_here_are_those_that_the_template_asks_for():
    assert json.loads((ROOT / "configuration" / "project.json").read_text()).keys() == PROJECT.keys()
