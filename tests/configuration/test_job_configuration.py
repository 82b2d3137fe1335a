"""Allowed values of trainingjob.json and tuning.json, and reports of wrong ones."""

from __future__ import annotations

import sys

import pytest
from repository import Repository

from mlops.configuration import load
from mlops.container.hyperparameters import Choice, Hyperparameters, Real
from mlops.errors import InputError


@pytest.fixture
def repository(tmp_path) -> Repository:
    return Repository(tmp_path)


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
        lambda data: data.pop("AlgorithmSpecification"),
        "AlgorithmSpecification",
        "required",
        id="no-algorithm",
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
    *(
        pytest.param(
            lambda data, count=count: data["ResourceConfig"].update(InstanceCount=count),
            "ResourceConfig.InstanceCount",
            allowed,
            id=f"{count}-instances",
        )
        for count, allowed in ((0, "at least 1"), (2, "at most 1 in all"), (2**40, "at most 2147483647"))
    ),
    *(
        pytest.param(
            lambda data, size=size: data["ResourceConfig"].update(VolumeSizeInGB=size),
            "ResourceConfig.VolumeSizeInGB",
            "1 to 16384",
            id=f"volume-of-{size}",
        )
        for size in (0, 16_385)
    ),
    pytest.param(
        lambda data: data["StoppingCondition"].update(MaxRuntimeInSeconds=28 * 86_400 + 1),
        "StoppingCondition.MaxRuntimeInSeconds",
        "28 days",
        id="runs-too-long",
    ),
    *(
        pytest.param(
            lambda data, value=value: data["HyperParameters"].update(max_depth=value),
            "HyperParameters.max_depth",
            "an integer, at least 1, at most 20",
            id=f"max_depth-{value}",
        )
        for value in ("99", "0", "6.5", "six", "1_0", " 6", "\u0666", "")
    ),
    pytest.param(
        lambda data: data["HyperParameters"].update(learning_rate="0.1"),
        "HyperParameters.learning_rate",
        "a hyperparameter of model/hyperparameters.py: objective, eval_metric, num_round",
        id="hyperparameter-that-training-does-not-know",
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
    (problem,) = repository.problems()
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
        lambda data: config_of(data)["ResourceLimits"].update(MaxNumberOfTrainingJobs=10**10),
        ".ResourceLimits.MaxNumberOfTrainingJobs",
        "at most 2147483647",
        id="more-trials-than-a-number-holds",
    ),
    pytest.param(
        lambda data: config_of(data)["HyperParameterTuningJobObjective"].update(Type="Maximize"),
        ".HyperParameterTuningJobObjective.Type",
        "Minimize for the metric validation:rmse",
        id="maximizes-an-error",
    ),
    *(
        pytest.param(
            lambda data, value=value: integer_range(data).update(MaxValue=value),
            ".ParameterRanges.IntegerParameterRanges[0].MaxValue",
            "an integer",
            id=f"bound-{value!r}",
        )
        for value in ("\u0661\u0662", "1_000", " 5 ", "99")
    ),
    pytest.param(
        lambda data: config_of(data)["ParameterRanges"].update(
            IntegerParameterRanges=[],
            ContinuousParameterRanges=[{"Name": "max_depth", "MinValue": "4", "MaxValue": "8"}],
        ),
        ".ParameterRanges.ContinuousParameterRanges[0].Name",
        "IntegerParameterRanges for an integer",
        id="fractions-for-an-integer",
    ),
    pytest.param(
        lambda data: config_of(data)["ParameterRanges"].update(
            CategoricalParameterRanges=[{"Name": "gamma", "Values": ["0", "none"]}]
        ),
        ".ParameterRanges.CategoricalParameterRanges[0].Values[1]",
        "a number, at least 0",
        id="category-that-training-refuses",
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
    (problem,) = repository.problems()
    assert problem.key == f"HyperParameterTuningJobConfig{key}"
    assert allowed in problem.allowed


def test_hyperparameters_and_instances_of_a_prebuilt_image_are_not_checked(repository):
    def use_image(data):
        image = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.0-5"
        data["AlgorithmSpecification"].update(TrainingImage=image)
        data["HyperParameters"].update(max_depth="99", booster="dart")
        data["ResourceConfig"].update(InstanceCount=4)

    repository.change("trainingjob.json", use_image)
    repository.change("tuning.json", lambda data: integer_range(data).update(MaxValue="99"))
    assert load(repository.root).training_job["HyperParameters"]["booster"] == "dart"


def test_a_hyperparameter_that_training_does_not_know_has_one_line_in_each_file(repository, monkeypatch):
    table = Hyperparameters({"loss": Choice(("squared", "poisson")), "gamma": Real(minimum=0)})
    monkeypatch.setattr("model.hyperparameters.problems", table.problems)
    hyperparameters = {"loss": "absolute", "gama": "0", "max_depth": "6"}
    repository.change("trainingjob.json", lambda data: data.update(HyperParameters=hyperparameters))

    def search(data):
        integers = [{"Name": "max_depth", "MinValue": "4", "MaxValue": "10"}]
        categories = [{"Name": "gama", "Values": ["0", "1"]}, {"Name": "loss", "Values": ["squared", "absolute"]}]
        config_of(data)["ParameterRanges"] = {
            "IntegerParameterRanges": integers,
            "CategoricalParameterRanges": categories,
        }

    repository.change("tuning.json", search)
    known = "a hyperparameter of model/hyperparameters.py: loss, gamma"
    ranges = "HyperParameterTuningJobConfig.ParameterRanges"
    assert [(problem.key, problem.found, problem.allowed) for problem in repository.problems()] == [
        ("HyperParameters.loss", '"absolute"', "one of squared, poisson"),
        ("HyperParameters.gama", "an unknown key", f"{known} (did you mean gamma?)"),
        ("HyperParameters.max_depth", "an unknown key", known),
        ("HyperParameters.gamma", "nothing", "a number, at least 0"),
        (f"{ranges}.IntegerParameterRanges[0].Name", '"max_depth"', known),
        (f"{ranges}.CategoricalParameterRanges[0].Name", '"gama"', f"{known} (did you mean gamma?)"),
        (f"{ranges}.CategoricalParameterRanges[1].Values[1]", '"absolute"', "one of squared, poisson"),
    ]


def test_problems_of_a_teams_own_function_are_kept_in_its_words(repository, monkeypatch):
    def problems(given):
        unknown = {name: f"no such name as {name}" for name in given if name not in ("max_depth", "booster")}
        return unknown | ({} if given.get("booster", "tree") == "tree" else {"booster": "only tree"})

    monkeypatch.setattr("model.hyperparameters.problems", problems)
    hyperparameters = {"max_depth": "6", "booster": "dart", "eta": "0"}
    repository.change("trainingjob.json", lambda data: data.update(HyperParameters=hyperparameters))
    repository.change("tuning.json", lambda data: config_of(data)["ParameterRanges"].pop("ContinuousParameterRanges"))
    assert [(problem.key, problem.allowed) for problem in repository.problems()] == [
        ("HyperParameters.eta", "no such name as eta"),
        ("HyperParameters.booster", "only tree"),
    ]


@pytest.mark.parametrize(
    ("problems", "message"),
    [
        (lambda given: given["eta"], "problems failed: KeyError: 'eta'"),
        (
            lambda given: ["eta"],
            r"problems returned \['eta'\]; allowed is a mapping of each name that train would refuse",
        ),
    ],
)
def test_a_function_problems_that_does_not_work_is_named_with_its_file(repository, monkeypatch, problems, message):
    monkeypatch.setattr("model.hyperparameters.problems", problems)
    with pytest.raises(InputError, match=rf"model/hyperparameters\.py: {message}"):
        load(repository.root)


def test_instance_groups_are_counted_together_and_need_a_volume(repository):
    def use_groups(data):
        group = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1}
        groups = [{**group, "InstanceGroupName": name} for name in "ab"]
        data["ResourceConfig"] = {"InstanceGroups": groups}

    repository.change("trainingjob.json", use_groups)
    assert [problem.key for problem in repository.problems()] == ["ResourceConfig.VolumeSizeInGB"]
    repository.change("trainingjob.json", lambda data: data["ResourceConfig"].update(VolumeSizeInGB=10))
    assert [problem.key for problem in repository.problems()] == ["ResourceConfig.InstanceGroups"]


def test_an_import_error_of_model_hyperparameters_is_reported_with_the_file(repository, monkeypatch):
    monkeypatch.setitem(sys.modules, "model.hyperparameters", None)
    with pytest.raises(InputError, match=r"model/hyperparameters\.py can't be imported"):
        load(repository.root)


def test_a_grid_searches_categories_only(repository):
    repository.change("tuning.json", lambda data: config_of(data).update(Strategy="Grid"))
    kinds = {problem.key.rpartition(".")[2] for problem in repository.problems()}
    assert kinds == {"IntegerParameterRanges", "ContinuousParameterRanges"}
