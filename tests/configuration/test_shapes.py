"""The checker finds what botocore finds, and what botocore leaves to the server."""

from __future__ import annotations

import copy

import pytest

from mlops.shapes import MISSING, Problem, check, input_shape

TRAINING_JOB = {
    "TrainingJobName": "taxi-1a2b3c4d",
    "RoleArn": "arn:aws:iam::123456789012:role/training",
    "AlgorithmSpecification": {
        "TrainingImage": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/taxi:1",
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "validation:rmse", "Regex": "validation:rmse=([0-9.]+)"}],
    },
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
    "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    "Tags": [{"Key": "project", "Value": "Größe/1"}],
}


def problems_after(path: str, value: object) -> list[Problem]:
    """Set one value of a good request, by its dotted path, and check it."""
    request = copy.deepcopy(TRAINING_JOB)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    member = request
    for parent in parents:
        member = member[parent]
    member[last] = value
    return check(request, input_shape("sagemaker", "CreateTrainingJob"))


def test_an_integer_is_one_that_aws_can_read() -> None:
    shape = input_shape("sagemaker", "CreateEndpointConfig").members["ProductionVariants"].member
    variant = {"VariantName": "AllTraffic", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2**31}
    (problem,) = check(variant, shape)
    assert (problem.path, problem.allowed) == ("InitialInstanceCount", "at most 2147483647")


def test_a_valid_request_has_no_problem():
    assert check(TRAINING_JOB, input_shape("sagemaker", "CreateTrainingJob")) == []


@pytest.mark.parametrize(
    ("path", "value", "rule", "allowed"),
    [
        ("TrainingJobName", "taxi_1", "pattern", "[a-zA-Z0-9]"),
        ("TrainingJobName", "x" * 64, "length", "at most 63"),
        ("AlgorithmSpecification.TrainingInputMode", "file", "enum", "did you mean File"),
        ("ResourceConfig.InstanceType", "ml.m5.xlage", "enum", "ml.m5.xlarge"),
        ("ResourceConfig.InstanceCount", True, "type", "an integer"),
        ("ResourceConfig.InstanceCount", "1", "type", "an integer"),
        ("StoppingCondition.MaxRuntimeInSeconds", 0, "range", "at least 1"),
        ("StoppingCondition.MaxRuntimeInSecond", 5, "unknown", "MaxRuntimeInSeconds"),
        ("OutputDataConfig", {}, "required", "required"),
        ("HyperParameters", {"eta": 0.3}, "type", "a string"),
        ("HyperParameters", {f"name{i}": "1" for i in range(101)}, "length", "at most 100"),
        ("Tags", [{"Key": "what?", "Value": ""}], "pattern", r"\p{L}"),
        ("InputDataConfig", [], "length", "at least 1"),
    ],
)
def test_a_violation_is_found_with_its_rule_and_what_is_allowed(path, value, rule, allowed):
    (problem,) = problems_after(path, value)
    assert problem.rule == rule
    assert allowed in problem.allowed


def test_a_problem_names_the_index_inside_lists():
    (problem,) = problems_after("AlgorithmSpecification.MetricDefinitions.0.Regex", "x" * 501)
    assert problem.path == "AlgorithmSpecification.MetricDefinitions[0].Regex"


def test_a_missing_parameter_is_distinguished_from_a_null():
    (missing,) = problems_after("OutputDataConfig", {})
    assert (missing.path, missing.found) == ("OutputDataConfig.S3OutputPath", MISSING)
    (null,) = problems_after("OutputDataConfig.S3OutputPath", None)
    assert null.found is None and null.rule == "type"


def test_items_of_plain_lists_are_judged_by_their_patterns():
    problems = problems_after("VpcConfig", {"Subnets": ["subnet_1"], "SecurityGroupIds": ["sg/1", "sg-1"]})
    assert {problem.path for problem in problems} == {"VpcConfig.SecurityGroupIds[0]", "VpcConfig.Subnets[0]"}


def test_all_problems_are_reported_at_once():
    request = {**TRAINING_JOB, "TrainingJobName": "_", "RoleArn": "role", "Colour": "red"}
    rules = {problem.path: problem.rule for problem in check(request, input_shape("sagemaker", "CreateTrainingJob"))}
    # The role's name breaks its lower bound and its pattern.
    assert rules.keys() == {"TrainingJobName", "RoleArn", "Colour"}


def test_bounds_of_numbers_hold_for_fractions_and_infinity():
    shape = input_shape("sagemaker", "UpdateEndpointWeightsAndCapacities")
    weights = [{"VariantName": "all", "DesiredWeight": float("inf")}]
    (problem,) = check({"EndpointName": "taxi", "DesiredWeightsAndCapacities": weights}, shape)
    assert (problem.rule, problem.allowed) == ("range", "a finite number")


def test_patterns_with_surrogate_ranges_are_read_as_code_points():
    shape = input_shape("application-autoscaling", "DeregisterScalableTarget")
    target = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
    assert check({**target, "ResourceId": "endpoint/taxi/variant/all"}, shape) == []
    (problem,) = check({**target, "ResourceId": "bell \x07"}, shape)
    assert problem.rule == "pattern"


def test_a_union_takes_exactly_one_of_its_members():
    content = input_shape("bedrock-runtime", "Converse").members["system"].member
    (problem,) = check({}, content)
    assert (problem.rule, problem.found) == ("union", {})
