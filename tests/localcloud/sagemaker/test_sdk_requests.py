"""Recorded default requests of the SageMaker Python SDK v2: members that request nothing are accepted."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hosting import Hosting, refusal, says
from scripts import Scripts

LOSS = 'print("loss=1")\n'
X = {"CategoricalParameterRanges": [{"Name": "x", "Values": ["1"]}]}
DEBUGGER = {
    "DebugHookConfig": {"S3OutputPath": "s3://test-bucket/sdk/", "CollectionConfigurations": []},
    "ProfilerConfig": {"S3OutputPath": "s3://test-bucket/sdk/", "DisableProfiler": False},
}


def test_estimator_fit_with_debugger_and_profiler_on_by_default(scripts: Scripts) -> None:
    job = scripts.train("sdk-fit", "", **DEBUGGER)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert {name: job[name] for name in DEBUGGER} == DEBUGGER


@pytest.mark.parametrize(
    ("members", "refused"),
    [
        (
            {
                "DebugHookConfig": {
                    "S3OutputPath": "s3://b/k",
                    "CollectionConfigurations": [{"CollectionName": "losses"}],
                }
            },
            "DebugHookConfig.CollectionConfigurations[0].CollectionName",
        ),
        (
            {"DebugHookConfig": {"S3OutputPath": "s3://b/k", "HookParameters": {"k": "v"}}},
            "DebugHookConfig.HookParameters",
        ),
        (
            {"ProfilerConfig": {"ProfilingIntervalInMilliseconds": 500}},
            "ProfilerConfig.ProfilingIntervalInMilliseconds",
        ),
        (
            {"ProfilerRuleConfigurations": [{"RuleConfigurationName": "r", "RuleEvaluatorImage": "i"}]},
            "ProfilerRuleConfigurations",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_debugger_settings_are_refused_by_name(scripts: Scripts, members: dict[str, Any], refused: str) -> None:
    request = scripts.training_request("sdk-debugger", "", **members)
    code, message = refusal(scripts.sagemaker.create_training_job, **request)
    assert (code, message.endswith(f"CreateTrainingJob with {refused}")) == ("NotImplemented", True), message


def test_estimator_attaches_to_a_job_without_a_kms_key(scripts: Scripts) -> None:
    scripts.sagemaker.create_training_job(**scripts.training_request("sdk-attach", ""))
    early = scripts.sagemaker.describe_training_job(TrainingJobName="sdk-attach")
    job = scripts.ended_training("sdk-attach")
    for described in (early, job):
        assert described["OutputDataConfig"]["KmsKeyId"] == ""
        assert described["ModelArtifacts"] == {
            "S3ModelArtifacts": f"s3://{scripts.bucket}/sdk-attach/models/sdk-attach/output/model.tar.gz"
        }


def test_tuner_fit_sends_its_instances_in_a_separate_structure(scripts: Scripts) -> None:
    request = scripts.tuning_request("sdk-tuner", LOSS, X)
    request["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxNumberOfTrainingJobs"] = 1
    definition = request["TrainingJobDefinition"]
    definition["HyperParameterTuningResourceConfig"] = definition.pop("ResourceConfig")
    scripts.sagemaker.create_hyper_parameter_tuning_job(**request)
    job = scripts.ended_tuning("sdk-tuner")

    assert job["HyperParameterTuningJobStatus"] == "Completed", job.get("FailureReason")
    instances = definition["HyperParameterTuningResourceConfig"]
    assert job["TrainingJobDefinition"]["HyperParameterTuningResourceConfig"] == instances
    best = scripts.sagemaker.describe_training_job(TrainingJobName=job["BestTrainingJob"]["TrainingJobName"])
    assert best["ResourceConfig"] == instances


def test_a_tuning_job_names_its_instances_once(scripts: Scripts) -> None:
    request = scripts.tuning_request("sdk-twice", LOSS, X)
    definition = request["TrainingJobDefinition"]
    definition["HyperParameterTuningResourceConfig"] = definition["ResourceConfig"]
    code, message = refusal(scripts.sagemaker.create_hyper_parameter_tuning_job, **request)
    assert (code, "one of ResourceConfig and" in message) == ("ValidationException", True)


def test_model_register_and_model_package_deploy(hosting: Hosting) -> None:
    sagemaker, name = hosting.sagemaker, "sdk-register"
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    container = {"Image": hosting.image_uri, "ModelDataUrl": hosting.archive(name, says("from the package"))}
    package = sagemaker.create_model_package(
        ModelPackageGroupName=name,
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        ModelApprovalStatus="Approved",
        CertifyForMarketplace=False,
        SkipModelValidation="None",
    )["ModelPackageArn"]
    containers = [{"ModelPackageName": package, "Environment": {}}]
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=hosting.role_arn, Containers=containers)
    hosting.configuration(name, hosting.variant(name))
    hosting.up(name)
    assert hosting.ask(name) == "from the package"
    described = sagemaker.describe_model(ModelName=name)
    assert (described["Containers"], "PrimaryContainer" in described) == (containers, False)


@pytest.mark.parametrize("members", [{"CertifyForMarketplace": True}, {"SkipModelValidation": "All"}], ids=str)
def test_unsupported_fields_of_a_registration_are_refused_by_name(hosting: Hosting, members: dict[str, Any]) -> None:
    hosting.sagemaker.create_model_package_group(ModelPackageGroupName=f"sdk-{next(iter(members))}")
    code, message = refusal(
        hosting.sagemaker.create_model_package, ModelPackageGroupName=f"sdk-{next(iter(members))}", **members
    )
    assert (code, next(iter(members)) in message) == ("NotImplemented", True)


def test_a_model_of_two_containers_is_refused_by_name(hosting: Hosting) -> None:
    container = hosting.model_request("sdk-two")["PrimaryContainer"]
    request = {"ModelName": "sdk-two", "ExecutionRoleArn": hosting.role_arn}
    code, message = refusal(hosting.sagemaker.create_model, **request, Containers=[container, container])
    assert (code, message.endswith("CreateModel with Containers[1]")) == ("NotImplemented", True)
    code, _ = refusal(hosting.sagemaker.create_model, **request, Containers=[container], PrimaryContainer=container)
    assert code == "ValidationException"


def test_concurrent_requests_with_one_name_create_one_model(hosting: Hosting) -> None:
    request = hosting.model_request("sdk-once", says("hello"))
    client = hosting.sagemaker

    def make(_: int) -> bool:
        try:
            client.create_model(**request)
        except client.exceptions.ClientError:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(make, range(20))) == 1
