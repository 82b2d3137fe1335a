"""The model registry: groups, versions, approval, through plain boto3."""

from typing import Any

import pytest
from harness import Cloud
from hosting import refusal

ARN = "arn:aws:sagemaker:us-east-1:000000000000"
QUALITY = {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/evaluation.json"}}}


class Registry:
    """One model package group."""

    def __init__(self, cloud: Cloud, group: str):
        self.sagemaker = cloud.client("sagemaker")
        self.group = group
        self.arn = self.sagemaker.create_model_package_group(
            ModelPackageGroupName=group, ModelPackageGroupDescription="Every release"
        )["ModelPackageGroupArn"]

    def register(self, **members: Any) -> str:
        answer = self.sagemaker.create_model_package(ModelPackageGroupName=self.group, **members)
        return answer["ModelPackageArn"]

    def versions(self, **filters: Any) -> list[int]:
        listed = self.sagemaker.list_model_packages(ModelPackageGroupName=self.group, **filters)
        return [item["ModelPackageVersion"] for item in listed["ModelPackageSummaryList"]]


def test_version_is_described_as_registered(cloud: Cloud) -> None:
    registry = Registry(cloud, "lineage")
    members = {
        "ModelPackageDescription": "Pipeline execution 1a2b",
        "MetadataProperties": {"CommitId": "1a2b", "Repository": "team/trips"},
        "ModelMetrics": QUALITY,
        "CustomerMetadataProperties": {"data-version": "v1"},
    }
    package = registry.sagemaker.describe_model_package(ModelPackageName=registry.register(**members))

    assert package["ModelPackageArn"] == f"{ARN}:model-package/lineage/1"
    assert package["ModelPackageGroupName"] == "lineage"
    assert package["ModelPackageVersion"] == 1
    assert package["ModelPackageStatus"] == "Completed"
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert {name: package[name] for name in members} == members


def test_versions_count_up_and_a_deleted_number_is_not_used_again(cloud: Cloud) -> None:
    registry = Registry(cloud, "counting")
    first, second = registry.register(), registry.register()
    assert (first, second) == (f"{ARN}:model-package/counting/1", f"{ARN}:model-package/counting/2")
    registry.sagemaker.delete_model_package(ModelPackageName=second)
    assert registry.register() == f"{ARN}:model-package/counting/3"
    assert registry.versions() == [1, 3]
    assert registry.versions(SortOrder="Descending") == [3, 1]


def test_the_group_is_named_by_name_or_arn(cloud: Cloud) -> None:
    registry = Registry(cloud, "by-arn")
    answer = registry.sagemaker.create_model_package(ModelPackageGroupName=registry.arn)
    assert answer["ModelPackageArn"] == f"{ARN}:model-package/by-arn/1"


def test_a_request_repeated_with_its_token_registers_nothing_new(cloud: Cloud) -> None:
    registry = Registry(cloud, "tokens")
    assert registry.register(ClientToken="a" * 36) == registry.register(ClientToken="a" * 36)
    assert registry.versions() == [1]


def test_approval_and_metadata_change_and_versions_are_listed_by_them(cloud: Cloud) -> None:
    registry = Registry(cloud, "approvals")
    approved, _ = registry.register(CustomerMetadataProperties={"a": "1", "b": "2"}), registry.register()
    registry.sagemaker.update_model_package(
        ModelPackageArn=approved,
        ModelApprovalStatus="Approved",
        ApprovalDescription="looks right",
        CustomerMetadataProperties={"c": "3"},
        CustomerMetadataPropertiesToRemove=["a"],
    )
    package = registry.sagemaker.describe_model_package(ModelPackageName=approved)
    assert package["ModelApprovalStatus"] == "Approved"
    assert package["ApprovalDescription"] == "looks right"
    assert package["CustomerMetadataProperties"] == {"b": "2", "c": "3"}
    assert package["LastModifiedTime"] >= package["CreationTime"]
    assert registry.versions(ModelApprovalStatus="Approved") == [1]
    assert registry.versions(ModelApprovalStatus="PendingManualApproval") == [2]


def test_without_a_group_only_unversioned_packages_are_listed_by_default(cloud: Cloud) -> None:
    registry = Registry(cloud, "versioned")
    package = registry.register()
    assert registry.sagemaker.list_model_packages()["ModelPackageSummaryList"] == []
    pages = registry.sagemaker.get_paginator("list_model_packages").paginate(ModelPackageType="Versioned")
    listed = [item["ModelPackageArn"] for page in pages for item in page["ModelPackageSummaryList"]]
    assert package in listed


def test_a_group_is_deleted_only_when_it_is_empty(cloud: Cloud) -> None:
    registry = Registry(cloud, "emptied")
    package = registry.register()
    delete = registry.sagemaker.delete_model_package_group
    code, message = refusal(delete, ModelPackageGroupName="emptied")
    assert code == "ConflictException"
    assert "still contains Model Packages" in message

    registry.sagemaker.delete_model_package(ModelPackageName=package)
    delete(ModelPackageGroupName="emptied")
    names = [
        item["ModelPackageGroupName"]
        for page in registry.sagemaker.get_paginator("list_model_package_groups").paginate()
        for item in page["ModelPackageGroupSummaryList"]
    ]
    assert "emptied" not in names


def test_unknown_resources_have_sagemakers_messages(cloud: Cloud) -> None:
    sagemaker = cloud.client("sagemaker")
    missing = f"{ARN}:model-package/nothing/1"
    assert refusal(sagemaker.describe_model_package, ModelPackageName=missing) == (
        "ValidationException",
        f"ModelPackage {missing} does not exist.",
    )
    assert refusal(sagemaker.create_model_package, ModelPackageGroupName="nothing") == (
        "ValidationException",
        f"ModelPackageGroup {ARN}:model-package-group/nothing does not exist.",
    )


def test_a_group_is_made_once(cloud: Cloud) -> None:
    registry = Registry(cloud, "twice")
    create = registry.sagemaker.create_model_package_group
    code, message = refusal(create, ModelPackageGroupName="twice")
    assert (code, message) == ("ValidationException", f"Model Package Group already exists: {registry.arn}")


@pytest.mark.parametrize(
    ("members", "code", "expected"),
    [
        ({"Tags": [{"Key": "a", "Value": "b"}]}, "ValidationException", "uses the tags of the group"),
        ({"CertifyForMarketplace": True}, "NotImplemented", "CreateModelPackage with CertifyForMarketplace"),
        ({"ModelPackageName": "alone"}, "NotImplemented", "CreateModelPackage with ModelPackageName"),
    ],
)
def test_invalid_versions_are_refused(cloud: Cloud, members: dict, code: str, expected: str) -> None:
    registry = Registry(cloud, f"refuses-{min(members).lower()}")
    found, message = refusal(registry.register, **members)
    assert found == code
    assert expected in message
