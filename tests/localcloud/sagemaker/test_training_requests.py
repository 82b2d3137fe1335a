"""Requests for training jobs: refusals, lists, tags, through plain boto3."""

import json

import pytest
from botocore.exceptions import ClientError
from scripts import Scripts


def test_missing_input_is_refused_in_awss_words(scripts: Scripts) -> None:
    request = scripts.training_request("no-input", "")
    request["InputDataConfig"].append(scripts.channel("train", "nothing-here/"))
    refusal = f'No S3 objects found under S3 URL "s3://{scripts.bucket}/nothing-here/" given in input data source.'
    with pytest.raises(ClientError, match=refusal) as error:
        scripts.sagemaker.create_training_job(**request)
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_a_role_that_sagemaker_may_not_assume_is_refused(scripts: Scripts) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    role = scripts.cloud.client("iam").create_role(RoleName="for-ec2-only", AssumeRolePolicyDocument=json.dumps(trust))[
        "Role"
    ]["Arn"]
    with pytest.raises(ClientError, match=f"Could not assume role {role}"):
        scripts.sagemaker.create_training_job(**scripts.training_request("wrong-role", "", RoleArn=role))


@pytest.mark.parametrize(("patterns", "accepted"), [(["lists/models/*"], False), (["lists/models*"], True)])
def test_the_location_of_the_output_is_listed_as_the_request_has_it(
    scripts: Scripts, patterns: list[str], accepted: bool
) -> None:
    name = f"lists-{accepted}".lower()
    role = limited_role(scripts, name, [f"{name}/code/*", *patterns])
    output = {"S3OutputPath": f"s3://{scripts.bucket}/lists/models"}
    request = scripts.training_request(name, "", RoleArn=role, OutputDataConfig=output)
    if accepted:
        scripts.sagemaker.create_training_job(**request)
    else:
        with pytest.raises(ClientError, match="may not list s3://.*/lists/models:"):
            scripts.sagemaker.create_training_job(**request)


def limited_role(scripts: Scripts, name: str, prefixes: list[str]) -> str:
    """A role of SageMaker that lists these prefixes only."""
    principal = {"Service": "sagemaker.amazonaws.com"}
    trust = {"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]}
    listing = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{scripts.bucket}"}
    listing["Condition"] = {"StringLike": {"s3:prefix": prefixes}}
    objects = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*"}
    iam = scripts.cloud.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": [listing, objects]})
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy)
    return role


def test_an_image_that_no_pipeline_has_built_is_refused_by_its_uri(scripts: Scripts) -> None:
    uri = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"
    algorithm = {"TrainingImage": uri, "TrainingInputMode": "File"}
    with pytest.raises(ClientError, match=uri):
        scripts.sagemaker.create_training_job(
            **scripts.training_request("ready-made", "", AlgorithmSpecification=algorithm)
        )


def test_a_name_can_be_used_once(scripts: Scripts) -> None:
    scripts.train("once", "")
    with pytest.raises(ClientError, match="Training job names must be unique") as error:
        scripts.sagemaker.create_training_job(**scripts.training_request("once", ""))
    assert error.value.response["Error"]["Code"] == "ResourceInUse"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        (
            {"AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "Pipe"}},
            "AlgorithmSpecification.TrainingInputMode=Pipe",
        ),
        (
            {
                "InputDataConfig": [
                    {
                        "ChannelName": "train",
                        "DataSource": {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": "s3://bucket/manifest"}},
                    }
                ]
            },
            r"InputDataConfig\[0\].DataSource.S3DataSource.S3DataType=ManifestFile",
        ),
    ],
    ids=["pipe", "manifest"],
)
def test_unsupported_requests_are_refused_by_name(scripts: Scripts, changes: dict, named: str) -> None:
    with pytest.raises(ClientError, match=f"CreateTrainingJob with {named}$") as error:
        scripts.sagemaker.create_training_job(**scripts.training_request("refused", "", **changes))
    assert error.value.response["Error"]["Code"] == "NotImplemented"


def test_jobs_are_listed_by_name_and_status_in_pages(scripts: Scripts) -> None:
    for number in range(3):
        scripts.train(f"listed-{number}", "raise SystemExit(1)" if number == 1 else "")
    sagemaker = scripts.sagemaker
    pages = sagemaker.get_paginator("list_training_jobs").paginate(
        NameContains="listed-", SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 2}
    )
    names = [[job["TrainingJobName"] for job in page["TrainingJobSummaries"]] for page in pages]
    assert names == [["listed-0", "listed-1"], ["listed-2"]]
    failed = sagemaker.list_training_jobs(NameContains="listed-", StatusEquals="Failed")
    assert [job["TrainingJobName"] for job in failed["TrainingJobSummaries"]] == ["listed-1"]


def test_a_job_carries_tags_that_can_be_changed(scripts: Scripts) -> None:
    arn = scripts.train("tagged", "", Tags=[{"Key": "commit", "Value": "abc"}])["TrainingJobArn"]
    sagemaker = scripts.sagemaker
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "data", "Value": "v1"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["commit"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "data", "Value": "v1"}]


def test_an_unknown_job_is_not_found(scripts: Scripts) -> None:
    with pytest.raises(ClientError, match="Requested resource not found") as error:
        scripts.sagemaker.describe_training_job(TrainingJobName="absent")
    assert error.value.response["Error"]["Code"] == "ValidationException"
