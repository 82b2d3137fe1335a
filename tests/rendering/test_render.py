"""The build Render against a local cloud; only its pipeline execution is a stub."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import rows
from baking import REPOSITORY
from releases import RELEASE
from repository import Repository

from mlops.aws import releases
from mlops.aws.session import Session
from mlops.builds import render
from mlops.localcloud import launch, ports
from mlops.names import DATA_FILES

REPOSITORY_URI, _, DIGEST = RELEASE.image.partition("@")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory) -> Iterator[launch.Running]:
    handle = launch.start(REPOSITORY, tmp_path_factory.mktemp("cloud"), port=ports.free_port(), region="eu-west-1")
    yield handle.running
    handle.stop()


@pytest.fixture
def variables() -> dict[str, str]:
    """The pipeline's variables, as the execution resolved them."""
    return {"CommitId": RELEASE.commit_id, "Tune": "false", "HyperParameters": "{}"}


@pytest.fixture
def repository(tmp_path) -> Repository:
    return Repository(tmp_path / "source")


@pytest.fixture
def administrator(cloud) -> dict[str, dict[str, str]]:
    """The session of an administrator in an account of this test alone."""
    session = boto3.Session(cloud.access_key_id, cloud.secret_access_key, region_name=cloud.region)
    endpoint = cloud.environment["AWS_ENDPOINT_URL"]
    organizations = session.client("organizations", endpoint_url=endpoint)
    added = organizations.create_account(Email="test@example.org", AccountName="test")["CreateAccountStatus"]
    role = f"arn:aws:iam::{added['AccountId']}:role/OrganizationAccountAccessRole"
    return session.client("sts", endpoint_url=endpoint).assume_role(RoleArn=role, RoleSessionName="administrator")


@pytest.fixture
def account(administrator) -> str:
    return administrator["AssumedRoleUser"]["Arn"].split(":")[4]


@pytest.fixture
def bucket(account) -> str:
    """The name of the repository's bucket, which `build` creates."""
    return f"taxi-fares-{account}-eu-west-1"


@pytest.fixture
def build(tmp_path, repository, variables, cloud, administrator, bucket, monkeypatch):
    """The main function of the build, in the environment that the pipeline sets; it returns the exit code."""
    data = rows.write_dataset(tmp_path / "data")
    credentials = administrator["Credentials"]
    environment = {
        **cloud.environment,
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
        "EXECUTION_ID": RELEASE.execution_id,
        "DATA_VERSION": RELEASE.data_version,
        "IMAGE_DIGEST": DIGEST,
        "REPOSITORY_URI": REPOSITORY_URI,
        "TRAINING_IMAGE": "",
        "BUCKET": bucket,
        "KEY_ARN": RELEASE.key_arn,
        "TRAINING_ROLE_ARN": RELEASE.training_role_arn,
        "PROCESSING_ROLE_ARN": RELEASE.processing_role_arn,
        "ENDPOINT_ROLE_ARN": RELEASE.endpoint_role_arn,
        "CODEBUILD_SRC_DIR_Data": str(data),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(repository.root)
    (repository.root / "infra").mkdir()
    shutil.copy2(REPOSITORY / "infra" / "endpoint.yml", repository.root / "infra")
    real = Session.client
    monkeypatch.setattr(
        Session,
        "client",
        lambda session, service: Pipelines(variables) if service == "codepipeline" else real(session, service),
    )
    s3 = boto3.Session().client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return render.main


class Pipelines:
    """A stub of the one call to CodePipeline, as the real answer needs a running pipeline."""

    execution = RELEASE.execution_id

    def __init__(self, variables: dict[str, str]) -> None:
        self.variables = variables

    def get_pipeline_execution(self, *, pipelineName: str, pipelineExecutionId: str) -> dict:
        assert (pipelineName, pipelineExecutionId) == ("taxi-fares", self.execution)
        resolved = [{"name": name, "resolvedValue": value} for name, value in self.variables.items()]
        return {"pipelineExecution": {"variables": resolved}}


def rendered(repository: Repository, file: str) -> dict:
    return json.loads((repository.root / file).read_text())


def deploy_production(model_data_url: str, **parameters: str) -> None:
    template = {
        "Parameters": {name: {"Type": "String", "Default": value} for name, value in parameters.items()},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"ModelDataUrl": {"Value": model_data_url}},
    }
    cloudformation = boto3.Session().client("cloudformation")
    cloudformation.create_stack(StackName="taxi-fares-production", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="taxi-fares-production", WaiterConfig={"Delay": 0.1, "MaxAttempts": 100}
    )


def test_a_first_release_is_rendered(build, repository):
    assert build() == 0
    training = rendered(repository, "training.json")
    assert training["Training"]["AlgorithmSpecification"]["TrainingImage"] == RELEASE.image
    assert training["Gate"]["Production"] is False
    parameters = rendered(repository, "production.json")["Parameters"]
    assert parameters["CommitId"] == RELEASE.commit_id
    assert rendered(repository, "test.json")["Parameters"]["EndpointName"] == "taxi-fares--total-amount-test"


def test_template_parameters_and_tags_of_production_are_recorded_for_a_rollback(build, repository, bucket):
    assert build() == 0
    record = releases.read(Session("eu-west-1"), bucket, RELEASE.execution_id)
    production = rendered(repository, "production.json")
    assert (record.parameters, record.tags) == (production["Parameters"], production["Tags"])
    assert record.template == (REPOSITORY / "infra" / "endpoint.yml").read_text()


IN_PLACE = {"ClientsCall": "endpoint", "InstanceType": "ml.m5.large", "MinCapacity": "2", "ChallengerName": ""}


def test_a_change_of_production_that_sagemaker_would_refuse_is_refused(build, repository, capsys):
    deploy_production("s3://bucket/model.tar.gz", **IN_PLACE)
    changes = {"clients_call": "endpoint", "InstanceType": "ml.m5.xlarge"}
    repository.change("production.yml", lambda data: data.update(changes))
    assert build() == 2
    assert "InstanceType: found ml.m5.xlarge, production has ml.m5.large and is scaled" in capsys.readouterr().out


@pytest.mark.parametrize(("before", "guarded"), [("", "true"), ("Challenger", "false")])
def test_a_release_with_other_variants_than_production_is_not_guarded(build, repository, before, guarded):
    deploy_production("s3://bucket/model.tar.gz", **(IN_PLACE | {"ChallengerName": before}))
    changes = {"clients_call": "endpoint", "shift": {"type": "all_at_once"}}
    repository.change("production.yml", lambda data: data.update(changes))
    assert build() == 0
    assert rendered(repository, "production.json")["Parameters"]["Guarded"] == guarded


def test_the_files_of_the_data_version_are_uploaded_for_the_jobs(build, bucket):
    build()
    objects = boto3.Session().client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    keys = {each["Key"] for each in objects if each["Key"].startswith("datasets/")}
    assert keys == {f"datasets/{RELEASE.data_version}/{name}" for name in DATA_FILES}


def test_data_that_the_features_of_the_release_do_not_allow_are_refused(build, tmp_path, capsys):
    (tmp_path / "data" / "test" / "test.csv").write_text(rows.table(0))
    assert build() == 2
    output = capsys.readouterr().out
    assert f"The data version {RELEASE.data_version} of s3://" in output
    assert "  test/test.csv: found no rows" in output


def test_the_functions_are_packed_only_when_clients_call_the_api(build, repository, bucket, monkeypatch):
    assert build() == 0
    parameters = rendered(repository, "production.json")["Parameters"]
    archive = {"Bucket": bucket, "Key": parameters["FunctionsKey"], "VersionId": parameters["FunctionsVersion"]}
    assert boto3.Session().client("s3").head_object(**archive)["ContentLength"] > 100_000
    group = f"/aws/sagemaker/Endpoints/taxi-fares--total-amount-{RELEASE.execution_id[:8]}"
    (log_group,) = boto3.Session().client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert log_group["retentionInDays"] == 90
    monkeypatch.setenv("EXECUTION_ID", "2b3c4d5e-1111-2222-3333-444455556666")
    monkeypatch.setattr(Pipelines, "execution", "2b3c4d5e-1111-2222-3333-444455556666")
    repository.change("production.yml", lambda data: data.update(clients_call="endpoint"))
    assert build() == 0
    assert rendered(repository, "production.json")["Parameters"]["FunctionsKey"] == ""


def versions(bucket: str) -> list[tuple[str, str]]:
    found = boto3.Session().client("s3").list_object_versions(Bucket=bucket)["Versions"]
    return sorted((each["Key"], each["VersionId"]) for each in found)


def test_objects_of_an_earlier_build_are_not_written_again(build, repository, bucket):
    assert build() == 0
    written, parameters = versions(bucket), rendered(repository, "production.json")["Parameters"]
    assert build() == 0
    assert versions(bucket) == written
    assert rendered(repository, "production.json")["Parameters"] == parameters


@pytest.mark.parametrize("file", DATA_FILES)
def test_data_that_another_execution_changed_are_refused(build, bucket, capsys, file):
    assert build() == 0
    key = f"datasets/{RELEASE.data_version}/{file}"
    boto3.Session().client("s3").put_object(Bucket=bucket, Key=key, Body=b"poisoned", ChecksumAlgorithm="SHA256")
    assert build() == 1
    assert f"s3://{bucket}/{key} is not what this execution would write there" in capsys.readouterr().out


def test_data_without_a_sha256_in_s3_are_refused(build, tmp_path, bucket, capsys):
    key = f"datasets/{RELEASE.data_version}/train/train.csv"
    # The same content, with a checksum that does not prove it.
    content = (tmp_path / "data" / "train" / "train.csv").read_bytes()
    boto3.Session().client("s3").put_object(Bucket=bucket, Key=key, Body=content, ChecksumAlgorithm="CRC32")
    assert build() == 1
    assert "its SHA-256 is unknown" in capsys.readouterr().out


def test_functions_that_another_execution_has_changed_are_refused(build, repository, bucket, capsys):
    assert build() == 0
    key = rendered(repository, "production.json")["Parameters"]["FunctionsKey"]
    boto3.Session().client("s3").put_object(Bucket=bucket, Key=key, Body=b"poisoned", ChecksumAlgorithm="SHA256")
    assert build() == 1
    assert f"s3://{bucket}/{key} is not what this execution would write there" in capsys.readouterr().out


def test_a_second_release_is_compared_with_the_model_in_production(build, repository):
    deploy_production("s3://bucket/models/old/output/model.tar.gz")
    assert build() == 0
    training = rendered(repository, "training.json")
    assert training["Gate"]["Production"] is True
    inputs = {each["InputName"]: each["S3Input"]["S3Uri"] for each in training["Evaluation"]["ProcessingInputs"]}
    assert inputs["production"] == "s3://bucket/models/old/output/model.tar.gz"
    assert training["Lineage"]["Record"]["compared_with"] == inputs["production"], "an approval checks this"


def test_the_variables_of_the_execution_decide_on_tuning_and_hyperparameters(build, repository, variables):
    variables |= {"Tune": "true", "HyperParameters": '{"gamma": 0.5, "num_round": "50"}'}
    assert build() == 0
    training = rendered(repository, "training.json")
    static = training["Tuning"]["TrainingJobDefinition"]["StaticHyperParameters"]
    assert (static["gamma"], static["num_round"]) == ("0.5", "50")
    assert training["Training"]["HyperParameters"]["gamma"] == "0.5"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"HyperParameters": '{"max_dept": 3}'}, "did you mean max_depth"),
        ({"HyperParameters": '{"max_depth": [3]}'}, "a string, a number, true or false"),
        ({"HyperParameters": '{"max_depth": null}'}, "a string, a number, true or false"),
        ({"HyperParameters": '["max_depth"]'}, "a JSON object"),
        ({"HyperParameters": "max_depth=3"}, "a JSON object"),
        ({"HyperParameters": '{"max_depth": 3}', "Tune": "true"}, "tuning.json searches for it"),
        ({"Tune": "yes"}, "allowed: true, false"),
    ],
)
def test_a_wrong_variable_ends_the_build_with_what_is_allowed(build, variables, capsys, wrong, message):
    variables |= wrong
    assert build() == 2
    assert message in capsys.readouterr().out


def test_a_wrong_configuration_ends_the_build_with_the_file(build, repository, capsys):
    repository.write("qa.yml", "users: 0\n")
    assert build() == 2
    assert "configuration/qa.yml:1: users" in capsys.readouterr().out


def test_an_archive_without_a_data_set_is_named(build, monkeypatch, tmp_path, capsys):
    (tmp_path / "data" / "test" / "test.csv").unlink()
    assert build() == 2
    assert "has no test/test.csv" in capsys.readouterr().out


def test_a_prebuilt_image_is_used_as_it_is(build, repository, monkeypatch):
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shared/forecast:3"
    repository.change("trainingjob.json", lambda data: data["AlgorithmSpecification"].update(TrainingImage=image))
    monkeypatch.setenv("TRAINING_IMAGE", image)
    monkeypatch.delenv("IMAGE_DIGEST")
    assert build() == 0
    assert rendered(repository, "production.json")["Parameters"]["Image"] == image


def test_a_pipeline_deployed_for_another_kind_of_image_asks_for_a_deployment(build, repository, capsys):
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shared/forecast:3"
    repository.change("trainingjob.json", lambda data: data["AlgorithmSpecification"].update(TrainingImage=image))
    assert build() == 2
    assert "mlops deploy" in capsys.readouterr().out


def test_a_missing_environment_variable_is_named(build, monkeypatch, capsys):
    monkeypatch.delenv("KEY_ARN")
    assert build() == 2
    assert "KEY_ARN is not set" in capsys.readouterr().out


def test_a_failed_aws_call_exits_with_1(build, monkeypatch, capsys):
    monkeypatch.setenv("BUCKET", "taxi-fares-elsewhere")
    assert build() == 1
    assert "NoSuchBucket" in capsys.readouterr().out


def test_the_buildspec_exports_the_files_that_the_build_writes(build, repository):
    build()
    buildspec = (REPOSITORY / "infra" / "buildspecs" / "build.yml").read_text()
    written = {path.name for path in Path(repository.root).glob("*.json")}
    assert written == {"training.json", "test.json", "production.json"}
    assert all(f"- {name}" in buildspec for name in written)
