"""The requests of a release are what SageMaker takes, and carry what ties them to code and data."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from baking import REPOSITORY
from cfnlint.decode import decode
from releases import LINEAGE, RELEASE
from repository import Repository, to_serverless

from mlops import rendering, shapes
from mlops.configuration import load
from mlops.contract import Category
from mlops.costs import Template
from mlops.errors import InputError
from mlops.names import lineage_key


@pytest.fixture
def repository(tmp_path) -> Repository:
    return Repository(tmp_path)


@pytest.fixture
def configuration(repository):
    return load(repository.root)


def tags_of(request) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in request["Tags"]}


OPERATIONS = {
    "Training": "CreateTrainingJob",
    "Tuning": "CreateHyperParameterTuningJob",
    "Baseline": "CreateProcessingJob",
    "Evaluation": "CreateProcessingJob",
    "ModelPackage": "CreateModelPackage",
}


@pytest.mark.parametrize(("name", "operation"), OPERATIONS.items(), ids=OPERATIONS)
def test_every_request_is_one_that_sagemaker_accepts(configuration, name, operation):
    release = replace(RELEASE, tune=True, production_model="s3://bucket/models/old/output/model.tar.gz")
    request = rendering.state_machine_input(configuration, release)[name]
    assert shapes.check(request, shapes.input_shape("sagemaker", operation)) == []


@pytest.mark.parametrize("name", ["Training", "Tuning", "Baseline", "Evaluation"])
def test_every_job_is_tagged_with_its_lineage(configuration, name):
    rendered = rendering.state_machine_input(configuration, replace(RELEASE, tune=True))
    assert tags_of(rendered[name]) == LINEAGE


def test_tags_of_the_configuration_stay(repository):
    repository.change("trainingjob.json", lambda data: data.update(Tags=[{"Key": "cost", "Value": "42"}]))
    request = rendering.training_job(load(repository.root), RELEASE)
    assert tags_of(request) == {"cost": "42"} | LINEAGE


def test_the_metadata_of_a_model_package_has_its_lineage(configuration):
    package = rendering.model_package(configuration, RELEASE)
    assert "Tags" not in package
    assert package["CustomerMetadataProperties"] == LINEAGE | {
        "image": RELEASE.image,
        "lineage": f"s3://{RELEASE.bucket}/{lineage_key(RELEASE.execution_id)}",
    }
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert package["Task"] == "REGRESSION"


def test_a_model_package_says_who_requested_its_release_in_the_characters_that_sagemaker_allows(configuration):
    request = {"StartedBy": "octocat[bot]", "Reason": "wärmere Tage, früher!" + "x" * 300, "Link": "none"}
    metadata = rendering.model_package(configuration, replace(RELEASE, request=request))["CustomerMetadataProperties"]
    assert metadata["requested-by"] == "octocat bot "
    assert metadata["reason"].startswith("wärmere Tage  früher x") and len(metadata["reason"]) == 256
    assert "link" not in metadata
    assert all(re.fullmatch(r"[\w .:/=+\-@]{1,256}", value) for value in metadata.values())
    assert (
        rendering.state_machine_input(configuration, replace(RELEASE, request=request))["Lineage"]["Record"]["request"]
        == request
    )


def test_the_trained_model_and_image_are_evaluated_registered_and_served(configuration):
    rendered = rendering.state_machine_input(configuration, RELEASE)
    training = rendered["Training"]
    archive = f"{training['OutputDataConfig']['S3OutputPath']}/{training['TrainingJobName']}/output/model.tar.gz"
    container = rendered["ModelPackage"]["InferenceSpecification"]["Containers"][0]
    copied = rendered["ReleasedModel"]
    evaluated = {each["InputName"]: each["S3Input"] for each in rendered["Evaluation"]["ProcessingInputs"]}
    served = rendering.endpoint_stack(configuration, RELEASE, "production")["Parameters"]
    assert f"s3://{copied['CopySource']}" == archive
    kept = f"s3://{copied['Bucket']}/{copied['Key']}"
    assert evaluated["model"]["S3Uri"] == container["ModelDataUrl"] == served["ModelDataUrl"] == kept
    assert container["Image"] == served["Image"] == RELEASE.image
    assert training["AlgorithmSpecification"]["TrainingImage"] == RELEASE.image


def test_channels_read_the_data_version_of_the_execution(configuration):
    channels = rendering.training_job(configuration, RELEASE)["InputDataConfig"]
    uris = {each["ChannelName"]: each["DataSource"]["S3DataSource"]["S3Uri"] for each in channels}
    prefix = f"s3://{RELEASE.bucket}/datasets/{RELEASE.data_version}"
    assert uris == {"train": f"{prefix}/train/", "validation": f"{prefix}/validation/"}


def test_an_override_wins_over_the_file(configuration):
    request = rendering.training_job(configuration, replace(RELEASE, hyperparameters={"max_depth": "9"}))
    assert request["HyperParameters"]["max_depth"] == "9"
    assert request["HyperParameters"]["eta"] == configuration.training_job["HyperParameters"]["eta"]


def test_an_override_that_sagemaker_would_refuse_is_refused(configuration):
    with pytest.raises(InputError, match=r"HyperParameters\.eta"):
        rendering.training_job(configuration, replace(RELEASE, hyperparameters={"eta": "1" * 2501}))


def test_tuning_varies_its_own_hyperparameters_and_fixes_the_others(configuration):
    request = rendering.tuning_job(configuration, replace(RELEASE, hyperparameters={"gamma": "1"}))
    static = request["TrainingJobDefinition"]["StaticHyperParameters"]
    assert {"max_depth", "eta", "min_child_weight"}.isdisjoint(static)
    assert static["gamma"] == "1"
    assert len(request["HyperParameterTuningJobName"]) <= 32


def test_trials_keep_no_checkpoints_but_the_training_job_does(configuration):
    assert "CheckpointConfig" in rendering.training_job(configuration, RELEASE)
    assert "CheckpointConfig" not in rendering.tuning_job(configuration, RELEASE)["TrainingJobDefinition"]


def test_without_tuning_there_is_no_tuning_request(configuration):
    rendered = rendering.state_machine_input(configuration, RELEASE)
    assert (rendered["Tune"], rendered["Tuning"]) == (False, None)


def test_production_is_compared_with_only_when_there_is_one(configuration):
    first = rendering.state_machine_input(configuration, RELEASE)
    assert first["Gate"]["Production"] is False
    assert [each["InputName"] for each in first["Evaluation"]["ProcessingInputs"]] == ["model", "test"]
    second = rendering.state_machine_input(configuration, replace(RELEASE, production_model="s3://b/model.tar.gz"))
    assert second["Gate"]["Production"] is True
    assert second["Evaluation"]["ProcessingInputs"][2]["S3Input"]["S3Uri"] == "s3://b/model.tar.gz"


def test_the_gate_leaves_production_out_where_the_configuration_says_so(repository):
    repository.change("evaluation.yml", lambda data: data.update(compare_with_production=False))
    release = replace(RELEASE, production_model="s3://b/model.tar.gz")
    assert rendering.gate(load(repository.root), release)["Production"] is False


def test_the_gate_has_every_metric_with_the_metrics_goal(repository):
    metrics = {"rmse": {"bound": 6.0, "allowed_regression": 0.02}, "r2": {"bound": 0.5, "allowed_regression": 0.1}}
    repository.change("evaluation.yml", lambda data: data.update(metrics=metrics))
    assert rendering.gate(load(repository.root), RELEASE) == {
        "Group": "regression_metrics",
        "Metrics": [
            {"Name": "rmse", "Goal": "Minimize", "Bound": 6.0, "AllowedRegression": 0.02},
            {"Name": "r2", "Goal": "Maximize", "Bound": 0.5, "AllowedRegression": 0.1},
        ],
        "Production": False,
    }


@pytest.mark.parametrize(
    ("labels", "group"),
    [
        (("no", "yes"), "binary_classification_metrics"),
        (("low", "middle", "high"), "multiclass_classification_metrics"),
    ],
)
def test_a_classifier_is_gated_and_registered_as_one(repository, monkeypatch, labels, group):
    monkeypatch.setattr("model.features.TARGET", Category("outcome", labels))
    gate = {"log_loss": {"bound": 0.4, "allowed_regression": 0.02}}
    repository.change("evaluation.yml", lambda data: data.update(metrics=gate))
    rendered = rendering.state_machine_input(load(repository.root), RELEASE)
    assert rendered["Gate"]["Group"] == group
    assert rendered["Gate"]["Metrics"][0]["Goal"] == "Minimize"
    assert rendered["ModelPackage"]["Task"] == "CLASSIFICATION"


def test_jobs_share_the_network_of_the_training_job(repository):
    vpc = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    repository.change("trainingjob.json", lambda data: data.update(VpcConfig=vpc, EnableNetworkIsolation=True))
    rendered = rendering.state_machine_input(load(repository.root), replace(RELEASE, tune=True))
    assert rendered["Tuning"]["TrainingJobDefinition"]["VpcConfig"] == vpc
    assert rendered["Evaluation"]["NetworkConfig"] == {"VpcConfig": vpc, "EnableNetworkIsolation": True}


@pytest.mark.parametrize(
    ("instance_type", "encrypted"),
    [
        ("ml.m5.large", True),
        ("ml.m7i.large", True),
        ("ml.p3.2xlarge", True),
        ("ml.r5d.large", False),
        ("ml.g5.xlarge", False),
        ("ml.p4d.24xlarge", False),
    ],
)
def test_the_volume_key_is_left_out_where_aws_refuses_one(repository, instance_type, encrypted):
    repository.change("trainingjob.json", lambda data: data["ResourceConfig"].update(InstanceType=instance_type))
    resources = rendering.training_job(load(repository.root), RELEASE)["ResourceConfig"]
    assert ("VolumeKmsKeyId" in resources) is encrypted


@pytest.mark.parametrize("stage", ["test", "production"])
def test_the_endpoint_stack_gets_every_parameter_of_its_template_and_no_other(configuration, stage):
    template, _ = decode(str(REPOSITORY / "infra" / "endpoint.yml"))
    rendered = rendering.endpoint_stack(configuration, RELEASE, stage)
    declared = template["Parameters"]
    required = {name for name, parameter in declared.items() if "Default" not in parameter}
    assert required <= rendered["Parameters"].keys() <= declared.keys()
    assert all(isinstance(value, str) for value in rendered["Parameters"].values())
    assert rendered["Tags"] == LINEAGE
    assert rendered["Parameters"].get("ClientsCall") == (None if stage == "test" else "api")


def test_the_alarm_of_the_synthetic_check_waits_for_two_of_its_intervals(repository):
    def rendered():
        parameters = rendering.endpoint_stack(load(repository.root), RELEASE, "production")["Parameters"]
        return parameters["SyntheticSchedule"], parameters.get("SyntheticAlarmSeconds")

    assert rendered() == ("", None)
    repository.change("monitoring.yml", lambda data: data.update(synthetic_check="rate(5 minutes)"))
    assert rendered() == ("rate(5 minutes)", "600")


def test_only_an_endpoint_that_clients_call_themselves_keeps_its_name(repository):
    def name(stage):
        return rendering.endpoint_stack(load(repository.root), RELEASE, stage)["Parameters"]["EndpointName"]

    assert name("test") == "taxi-fares--total-amount-test"
    assert name("production") == f"taxi-fares--total-amount-{RELEASE.execution_id[:8]}"
    repository.change("production.yml", lambda data: data.update(clients_call="endpoint"))
    assert name("production") == "taxi-fares--total-amount-production"


def test_a_second_variant_gets_its_share_in_production_only(repository):
    challenger = {"VariantName": "Challenger", "model_package_version": 3, "share": 0.1}
    repository.change("production.yml", lambda data: data.update(challenger=challenger))
    release = replace(
        RELEASE, challenger=rendering.Challenger(rendering.Container("image", "s3://bucket/model.tar.gz"), "older")
    )
    stack = rendering.endpoint_stack(load(repository.root), release, "production")["Parameters"]
    assert (stack["ChallengerName"], stack["ChallengerWeight"], stack["ReleaseWeight"]) == ("Challenger", "0.1", "0.9")
    assert stack["ChallengerModelDataUrl"] == "s3://bucket/model.tar.gz"
    assert rendering.endpoint_stack(load(repository.root), release, "test")["Parameters"]["ChallengerName"] == ""


@pytest.mark.parametrize(
    ("shift", "seconds"),
    [({"type": "canary", "minutes": 5}, 2400), ({"type": "linear", "percent": 10, "minutes": 9}, 6900)],
)
def test_sagemaker_gets_time_for_all_steps_of_a_shift(repository, shift, seconds):
    repository.change("production.yml", lambda data: data["shift"].update(shift))
    stack = rendering.endpoint_stack(load(repository.root), RELEASE, "production")["Parameters"]
    assert stack["ShiftTimeoutSeconds"] == str(seconds)
    assert stack["ShiftSeconds"] == str(60 * shift["minutes"])


def test_an_endpoint_in_a_vpc_gets_its_subnets(repository):
    vpc = {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
    repository.change("production.yml", lambda data: data.update(VpcConfig=vpc))
    configuration = load(repository.root)
    assert (
        rendering.endpoint_stack(configuration, RELEASE, "production")["Parameters"]["Subnets"] == "subnet-1,subnet-2"
    )
    assert rendering.endpoint_stack(configuration, RELEASE, "test")["Parameters"]["Subnets"] == ""


def test_the_longest_names_still_fit(repository):
    repository.change("project.json", lambda data: data.update(project="p" * 23, model="m" * 20))
    configuration = load(repository.root)
    rendering.state_machine_input(configuration, replace(RELEASE, tune=True))
    names = configuration.names
    assert len(names.job(RELEASE.execution_id)) <= 32
    assert len(names.endpoint("production")) <= 63
    assert len(names.release("production", RELEASE.execution_id)) <= 63
    assert len(names.bucket("123456789012", "ap-southeast-2")) <= 63


def test_a_training_without_a_bound_of_its_time_can_be_tuned(repository):
    repository.change("trainingjob.json", lambda data: data.pop("StoppingCondition"))
    request = rendering.tuning_job(load(repository.root), replace(RELEASE, tune=True))
    assert request["TrainingJobDefinition"]["StoppingCondition"] == {"MaxRuntimeInSeconds": 86_400}


def test_processing_jobs_get_no_more_time_than_sagemaker_has_for_them(repository):
    repository.change(
        "trainingjob.json", lambda data: data["StoppingCondition"].update(MaxRuntimeInSeconds=20 * 86_400)
    )
    configuration = load(repository.root)
    assert rendering.training_job(configuration, RELEASE)["StoppingCondition"] == {"MaxRuntimeInSeconds": 20 * 86_400}
    assert rendering.baseline_job(configuration, RELEASE)["StoppingCondition"] == {"MaxRuntimeInSeconds": 9 * 86_400}


@pytest.mark.parametrize("stage", ["test", "production"])
def test_a_serverless_endpoint_is_what_sagemaker_accepts(repository, stage):
    repository.change(f"{stage}.yml", lambda data: to_serverless(data, ProvisionedConcurrency=2))
    parameters = rendering.endpoint_stack(load(repository.root), RELEASE, stage)["Parameters"]
    deployed = Template((REPOSITORY / "infra" / "endpoint.yml").read_text(), parameters)
    [configured] = deployed.resources("AWS::SageMaker::EndpointConfig")
    [variant] = configured["ProductionVariants"]
    assert variant.keys().isdisjoint({"InstanceType", "InitialInstanceCount"}) and "DataCaptureConfig" not in configured
    assert variant["ServerlessConfig"] == {
        "MemorySizeInMB": "2048",
        "MaxConcurrency": "20",
        "ProvisionedConcurrency": "2",
    }
    assert configured["KmsKeyId"] == RELEASE.key_arn
    model = deployed.resources("AWS::SageMaker::Model")[0]
    assert model["EnableNetworkIsolation"] is False and "VpcConfig" not in model
    assert model["PrimaryContainer"]["Environment"] == {"SAGEMAKER_MODEL_SERVER_WORKERS": "1"}


def test_instances_are_the_default(configuration):
    parameters = rendering.endpoint_stack(configuration, RELEASE, "production")["Parameters"]
    deployed = Template((REPOSITORY / "infra" / "endpoint.yml").read_text(), parameters)
    [configured] = deployed.resources("AWS::SageMaker::EndpointConfig")
    [variant] = configured["ProductionVariants"]
    assert "ServerlessConfig" not in variant and variant["InstanceType"] == "ml.m5.large"
    model = deployed.resources("AWS::SageMaker::Model")[0]
    assert model["EnableNetworkIsolation"] is True and "Environment" not in model["PrimaryContainer"]


def test_a_model_package_of_serverless_endpoints_names_no_instance_types(repository):
    for file in ("test.yml", "production.yml"):
        repository.change(file, to_serverless)
    package = rendering.model_package(load(repository.root), RELEASE)
    assert "SupportedRealtimeInferenceInstanceTypes" not in package["InferenceSpecification"]
