"""Models: requirements and refusals, through plain boto3."""

import pytest
from botocore.exceptions import ClientError
from hosting import Hosting, refusal

ARN = "arn:aws:sagemaker:us-east-1:000000000000"


def test_a_model_is_described_as_it_was_made_until_it_is_deleted(hosting: Hosting) -> None:
    request = hosting.model_request("described", Environment={"THRESHOLD": "3"})
    created = hosting.sagemaker.create_model(**request, Tags=[{"Key": "commit", "Value": "1a2b"}])

    assert created["ModelArn"] == f"{ARN}:model/described"
    model = hosting.sagemaker.describe_model(ModelName="described")
    assert model["PrimaryContainer"] == request["PrimaryContainer"]
    assert model["ExecutionRoleArn"] == hosting.role_arn
    assert model["EnableNetworkIsolation"] is False
    tags = hosting.sagemaker.list_tags(ResourceArn=created["ModelArn"])["Tags"]
    assert tags == [{"Key": "commit", "Value": "1a2b"}]
    listed = hosting.sagemaker.list_models(NameContains="described")["Models"]
    assert [item["ModelArn"] for item in listed] == [created["ModelArn"]]

    hosting.sagemaker.delete_model(ModelName="described")
    with pytest.raises(ClientError, match=f'Could not find model "{ARN}:model/described"'):
        hosting.sagemaker.describe_model(ModelName="described")


def test_a_name_is_given_once(hosting: Hosting) -> None:
    hosting.model("once", "")
    assert refusal(hosting.sagemaker.create_model, **hosting.model_request("once")) == (
        "ValidationException",
        f'Cannot create already existing model "{ARN}:model/once".',
    )


def test_unknown_image_is_refused_by_name(hosting: Hosting) -> None:
    unknown = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"
    code, message = refusal(hosting.sagemaker.create_model, **hosting.model_request("unknown-image", Image=unknown))
    assert code == "ValidationException"
    assert f"Image {unknown} was not built here" in message


def test_model_data_must_be_in_s3(hosting: Hosting) -> None:
    nowhere = f"s3://{hosting.bucket}/nowhere/model.tar.gz"
    assert refusal(hosting.sagemaker.create_model, **hosting.model_request("no-data", ModelDataUrl=nowhere)) == (
        "ValidationException",
        f"Could not find model data at {nowhere}.",
    )


def test_sagemaker_must_be_able_to_assume_the_role(hosting: Hosting) -> None:
    nobody = "arn:aws:iam::000000000000:role/nobody"
    code, message = refusal(
        hosting.sagemaker.create_model,
        **hosting.model_request("no-role") | {"ExecutionRoleArn": nobody},
    )
    assert code == "ValidationException"
    assert f"Could not assume role {nobody}" in message


@pytest.mark.parametrize(
    ("container", "refused"),
    [
        ({"Mode": "MultiModel"}, "PrimaryContainer.Mode=MultiModel"),
        ({"ImageConfig": {"RepositoryAccessMode": "Vpc"}}, "PrimaryContainer.ImageConfig"),
        (
            {
                "ModelDataSource": {
                    "S3DataSource": {
                        "S3Uri": "s3://bucket/model/",
                        "S3DataType": "S3Prefix",
                        "CompressionType": "None",
                    }
                }
            },
            "PrimaryContainer.ModelDataSource",
        ),
    ],
)
def test_unsupported_fields_are_refused_by_name(hosting: Hosting, container: dict, refused: str) -> None:
    assert refusal(hosting.sagemaker.create_model, **hosting.model_request("refused", **container)) == (
        "NotImplemented",
        f"The local cloud does not implement CreateModel with {refused}",
    )


def test_model_of_a_model_package_needs_its_approval(hosting: Hosting) -> None:
    sagemaker = hosting.sagemaker
    sagemaker.create_model_package_group(ModelPackageGroupName="deployable")
    inside = hosting.model_request("deployable", Environment={"A": "1"})["PrimaryContainer"]
    package = sagemaker.create_model_package(
        ModelPackageGroupName="deployable",
        InferenceSpecification={"Containers": [inside], "SupportedContentTypes": ["text/csv"]},
    )["ModelPackageArn"]
    request = {
        "ModelName": "of-a-package",
        "ExecutionRoleArn": hosting.role_arn,
        "PrimaryContainer": {"ModelPackageName": package},
    }
    code, message = refusal(hosting.sagemaker.create_model, **request)
    assert (code, message) == (
        "ValidationException",
        f"Model package {package} is PendingManualApproval, it must be Approved",
    )

    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    sagemaker.create_model(**request)
    container = sagemaker.describe_model(ModelName="of-a-package")["PrimaryContainer"]
    assert container == {"ModelPackageName": package}
