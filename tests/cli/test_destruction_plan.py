"""`mlops destroy` says what it deletes and what it keeps, deletes that, and touches no other project of the account."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import deployed
import pytest
from baking import REPOSITORY
from batch_model import EXECUTION, Production
from click.testing import Result
from templates import NAMES, resources

from mlops import release
from mlops.aws.session import AWSError, Session
from mlops.names import DATA_KEY, Names
from mlops.release.destruction_plan import KEY_DAYS, STACKS
from mlops.release.repository import Repository

_ENDLESS = ["python", "-c", "import threading; threading.Event().wait()"]
_IMAGE = json.dumps({"schemaVersion": 2, "config": {}, "layers": []})


@pytest.fixture
def projects(repository: Path, session: Session) -> tuple[Repository, Repository]:
    """A deployed project with data, an image, a model and logs, and another one whose name begins with its name."""
    own = _deployed(repository)
    answers = json.loads((repository / "configuration" / "project.json").read_text())
    other = repository.parent / "other"
    shutil.copytree(repository, other)
    answers["project"] += "-test"
    (other / "configuration" / "project.json").write_text(json.dumps(answers))
    return own, _deployed(other)


def _deployed(root: Path) -> Repository:
    shutil.copytree(REPOSITORY, root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("configuration", ".mlops"))
    repository = Repository(root)
    release.result(release.deploy(repository))
    session, names = repository.session, repository.names
    for body in (b"12345", b"6789"):
        session.client("s3").put_object(Bucket=repository.bucket, Key=DATA_KEY, Body=body)
    session.client("s3").delete_object(Bucket=repository.bucket, Key=DATA_KEY)
    session.client("ecr").put_image(repositoryName=names.repository, imageManifest=_IMAGE, imageTag="a")
    session.client("sagemaker").create_model_package(
        ModelPackageGroupName=names.model_package_group,
        InferenceSpecification={
            "Containers": [{"Image": "image", "ModelDataUrl": f"s3://{repository.bucket}/model.tar.gz"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )
    for endpoint in (names.release_endpoint("0123abcd"), f"{names.release_endpoint('0123abcd')}-2"):
        session.client("logs").create_log_group(logGroupName=f"/aws/sagemaker/Endpoints/{endpoint}")
    return repository


def belongings(session: Session, names: Names) -> dict[str, list]:
    """What the account has of a project."""
    cloudformation, s3, sagemaker = (session.client(each) for each in ("cloudformation", "s3", "sagemaker"))
    own = {names.stack(template) for template in STACKS}
    stacks = {
        each["StackName"]: each["StackStatus"]
        for each in cloudformation.describe_stacks()["Stacks"]
        if each["StackName"] in own and each["StackStatus"] != "DELETE_COMPLETE"
    }
    bucket = names.bucket(session.account, session.region)
    has_bucket = bucket in [each["Name"] for each in s3.list_buckets()["Buckets"]]
    repositories = session.client("ecr").describe_repositories()["repositories"]
    groups = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    own_groups = [
        {"ModelPackageGroupName": each["ModelPackageGroupName"]}
        for each in groups
        if each["ModelPackageGroupName"] == names.model_package_group
    ]
    logs = [each["logGroupName"] for each in session.client("logs").describe_log_groups()["logGroups"]]
    return {
        "stacks": sorted(stacks.items()),
        "resources": [
            (each["PhysicalResourceId"], each["ResourceStatus"])
            for stack in sorted(stacks)
            for each in cloudformation.list_stack_resources(StackName=stack)["StackResourceSummaries"]
        ],
        "objects": s3.list_object_versions(Bucket=bucket).get("Versions", []) if has_bucket else [],
        "repositories": [each for each in repositories if each["repositoryName"] == names.repository],
        "groups": own_groups,
        "packages": [
            package
            for group in own_groups
            for package in sagemaker.list_model_packages(**group)["ModelPackageSummaryList"]
        ],
        # The log group with another id belongs to no release.
        "logs": sorted(log for log in logs if re.search(rf"/{names.project}(-(?!test)|$)", log) and log[-2:] != "-2"),
    }


@pytest.mark.acceptance
def test_one_project_is_deleted_as_planned_and_the_other_one_stays_whole(
    projects: tuple[Repository, Repository], session: Session, mlops: Callable[..., Result]
):
    own, other = projects
    before = {each.names.project: belongings(session, each.names) for each in projects}
    assert all(before[own.names.project].values())

    planned = mlops("destroy", "--plan")
    assert planned.exit_code == 0, planned.output
    deleted, _, kept = planned.output.partition("This stays:")
    for name, _status in before[own.names.project]["stacks"]:
        assert f"stack {name} (CREATE_COMPLETE)" in deleted
    assert f"3 object versions in {own.bucket}, 9 B" in deleted
    assert f"1 images in {own.names.repository}" in deleted
    assert f"1 model packages in {own.names.model_package_group}" in deleted
    assert f"log group /aws/sagemaker/Endpoints/{own.names.release_endpoint('0123abcd')}\n" in deleted
    assert f"{own.names.release_endpoint('0123abcd')}-2" not in deleted
    assert other.names.project not in deleted
    assert f"key alias/{own.names.project}: AWS deletes a key {KEY_DAYS} days after" in kept
    assert {each.names.project: belongings(session, each.names) for each in projects} == before

    done = mlops("destroy", "--confirm", own.names.project)
    assert done.exit_code == 0, done.output
    assert not any(belongings(session, own.names).values())
    assert belongings(session, other.names) == before[other.names.project]


def test_running_jobs_of_monitoring_and_batches_are_stopped_and_no_others(
    names: Names, session: Session, mlops: Callable[..., Result]
):
    production = Production(session, names)
    production.release(waits=True)
    sagemaker = session.client("sagemaker")
    model = sagemaker.describe_model(ModelName=names.batch_model(EXECUTION))
    own = [f"{names.project}-0a1b2c3d-monitor", f"{names.project}-0a1b2c3d-batch"]
    others = [f"{names.project}-x-0a1b2c3d-monitor", f"{names.project}-0a1b2c3d-evaluate"]
    for name in (*own, *others):
        sagemaker.create_processing_job(
            ProcessingJobName=name,
            RoleArn=model["ExecutionRoleArn"],
            AppSpecification={"ImageUri": model["PrimaryContainer"]["Image"], "ContainerEntrypoint": _ENDLESS},
            ProcessingResources={
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 10}
            },
        )
    batch = names.batch_job("0a1b2c3d")
    s3_uri = f"s3://{production.bucket}/batch/{batch}"
    session.client("s3").put_object(Bucket=production.bucket, Key=f"batch/{batch}/input/rows.csv", Body=b"1,north")
    sagemaker.create_transform_job(
        TransformJobName=batch,
        ModelName=names.batch_model(EXECUTION),
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{s3_uri}/input/"}},
            "ContentType": "text/csv",
        },
        TransformOutput={"S3OutputPath": f"{s3_uri}/output"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )

    planned = mlops("destroy", "--plan")
    for job in (*(f"processing job {name}" for name in own), f"transform job {batch}"):
        assert f"  {job}: is running and is stopped\n" in planned.output
    done = mlops("destroy", "--confirm", names.project)
    assert done.exit_code == 0, done.output

    def status(name: str) -> str:
        return sagemaker.describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"]

    assert {name: status(name) for name in (*own, *others)} == {
        **dict.fromkeys(own, "Stopped"),
        **dict.fromkeys(others, "InProgress"),
    }
    assert sagemaker.describe_transform_job(TransformJobName=batch)["TransformJobStatus"] == "Stopped"
    for name in others:
        sagemaker.stop_processing_job(ProcessingJobName=name)


def test_a_stack_of_another_project_with_the_same_name_stays(
    repository: Path, names: Names, session: Session, mlops: Callable[..., Result]
):
    deployed.stack(session, names.stack("jobs"))
    done = mlops("destroy", "--confirm", names.project)
    assert done.exit_code == 0, done.output
    assert f"stack {names.stack('jobs')}: it has no tag project = {names.project}" in done.output
    assert session.client("cloudformation").describe_stacks(StackName=names.stack("jobs"))["Stacks"]


def test_the_plan_alone_deletes_nothing(repository: Path, names: Names, session: Session, mlops: Callable[..., Result]):
    tags = [{"Key": "project", "Value": names.project}]
    template = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    cloudformation = session.client("cloudformation")
    cloudformation.create_stack(StackName=names.stack("jobs"), TemplateBody=template, Tags=tags)
    planned = mlops("destroy", "--plan")
    assert planned.exit_code == 0, planned.output
    assert f"stack {names.stack('jobs')}" in planned.output
    assert "Type the project's name" not in planned.output
    [stack] = cloudformation.describe_stacks(StackName=names.stack("jobs"))["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert mlops("destroy", "--confirm", names.project).exit_code == 0
    with pytest.raises(AWSError, match="does not exist"):
        cloudformation.describe_stacks(StackName=names.stack("jobs"))


def test_the_plan_names_the_waiting_time_of_the_key():
    [key] = resources("storage", "AWS::KMS::Key").values()
    assert key["PendingWindowInDays"] == KEY_DAYS


def test_the_stacks_of_all_templates_are_deleted_but_those_that_a_person_deploys():
    assert sorted(STACKS) == sorted({"test", "production", *NAMES} - {"endpoint"})
