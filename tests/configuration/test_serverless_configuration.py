"""A serverless endpoint in place of instances: what it can have, and what SageMaker does not offer for it."""

from __future__ import annotations

from typing import Any

import pytest
from repository import Repository, to_serverless

from mlops.configuration import load

SERVERLESS = {"MemorySizeInMB": 2048, "MaxConcurrency": 20}
VPC = {"Subnets": ["subnet-0123456789abcdef0"], "SecurityGroupIds": ["sg-0123456789abcdef0"]}


@pytest.fixture
def repository(tmp_path) -> Repository:
    """A repository whose endpoints of test and production are serverless."""
    repository = Repository(tmp_path)
    for file in ("test.yml", "production.yml"):
        repository.change(file, to_serverless)
    return repository


@pytest.mark.parametrize(
    "settings", [{}, {"ProvisionedConcurrency": 20}, {"MemorySizeInMB": 6144, "MaxConcurrency": 200}]
)
def test_serverless_endpoints_replace_instances(repository, settings):
    repository.change("production.yml", lambda data: data["ServerlessConfig"].update(settings))
    configuration = load(repository.root)
    served = configuration.production.ServerlessConfig
    assert served.model_dump(exclude_none=True) == SERVERLESS | settings
    assert configuration.test.ServerlessConfig.MaxConcurrency == 20
    assert configuration.production.InstanceType == "" and configuration.production.InitialInstanceCount == 0


def test_sampling_of_nothing_is_allowed(repository):
    repository.change("production.yml", lambda data: data.update(InitialSamplingPercentage=0))
    assert load(repository.root).production.InitialSamplingPercentage == 0


CHALLENGER = {"VariantName": "B", "model_package_version": 1, "share": 0.1}
SCALING = {"MinCapacity": 1, "MaxCapacity": 2, "invocations_per_instance": 1000}
NOT_OFFERED: dict[str, tuple[str, Any, str]] = {
    "capture": ("InitialSamplingPercentage", 100, "SageMaker captures no requests of a serverless endpoint"),
    "VPC": ("VpcConfig", VPC, "SageMaker runs no serverless endpoint in a VPC"),
    "challenger": ("challenger", CHALLENGER, "a serverless endpoint has one variant"),
    "autoscaling": ("autoscaling", SCALING, "up to MaxConcurrency, and ProvisionedConcurrency is fixed"),
    "instance type": ("InstanceType", "ml.m5.large", "SageMaker chooses what a serverless endpoint runs on"),
    "instances": ("InitialInstanceCount", 1, "MaxConcurrency in place of instances"),
    "clients of the endpoint": ("clients_call", "endpoint", "CodeDeploy shifts the traffic"),
}


@pytest.mark.parametrize(("key", "value", "reason"), NOT_OFFERED.values(), ids=NOT_OFFERED)
def test_what_sagemaker_does_not_offer_is_refused_by_its_key_with_the_reason(repository, key, value, reason):
    repository.change("production.yml", lambda data: data.update({key: value}))
    [problem] = repository.problems()
    assert (problem.file, problem.key) == ("configuration/production.yml", key)
    assert "beside ServerlessConfig" in problem.allowed and reason in problem.allowed
    assert problem.line is not None


def test_the_test_endpoint_is_refused_the_same(repository):
    repository.change("test.yml", lambda data: data.update(VpcConfig=VPC, InitialSamplingPercentage=100))
    assert {(problem.file, problem.key) for problem in repository.problems()} == {
        ("configuration/test.yml", "VpcConfig"),
        ("configuration/test.yml", "InitialSamplingPercentage"),
    }


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "memory between two sizes": ({"MemorySizeInMB": 1500}, "MemorySizeInMB", "1024, 2048, 3072, 4096, 5120 or 6144"),
    "too much concurrency": ({"MaxConcurrency": 201}, "MaxConcurrency", "200"),
    "no concurrency": ({"MaxConcurrency": 0}, "MaxConcurrency", "1"),
    "more provisioned": ({"ProvisionedConcurrency": 21}, "ProvisionedConcurrency", "at most MaxConcurrency (20)"),
    "nothing provisioned": ({"ProvisionedConcurrency": 0}, "ProvisionedConcurrency", "greater than or equal to 1"),
    "an unknown key": ({"MemorySize": 1}, "MemorySize", "did you mean MemorySizeInMB?"),
}


@pytest.mark.parametrize(("settings", "key", "allowed"), WRONG.values(), ids=WRONG)
def test_a_wrong_value_is_refused_with_what_is_allowed(repository, settings, key, allowed):
    repository.change("production.yml", lambda data: data["ServerlessConfig"].update(settings))
    [problem] = repository.problems()
    assert (problem.file, problem.key) == ("configuration/production.yml", f"ServerlessConfig.{key}")
    assert allowed in problem.allowed


@pytest.mark.parametrize("key", ["InstanceType", "InitialInstanceCount", "InitialSamplingPercentage"])
def test_settings_of_instances_are_required_without_serverless(tmp_path, key):
    repository = Repository(tmp_path)
    repository.change("test.yml", lambda data: data.pop(key))
    [problem] = repository.problems()
    assert (problem.key, problem.found) == (key, "nothing")
    assert problem.allowed == "a value, it is required without ServerlessConfig"


def test_a_load_test_with_more_clients_than_the_test_endpoint_serves_is_refused(repository):
    repository.change("qa.yml", lambda data: data.update(users=21))
    [problem] = repository.problems()
    assert (problem.file, problem.key, problem.found) == ("configuration/qa.yml", "users", "21")
    assert "at most 20, which is ServerlessConfig.MaxConcurrency in test.yml" in problem.allowed
