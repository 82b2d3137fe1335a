"""Model packages: the versions of a group, with container, metrics and approval."""

import threading
from datetime import UTC, datetime

from mlops.localcloud import context
from mlops.localcloud.errors import AWSError
from mlops.localcloud.sagemaker.common import listing, tags
from mlops.localcloud.sagemaker.common.service import service
from mlops.localcloud.sagemaker.registry import model_package_groups
from mlops.localcloud.sagemaker.registry.model_package_groups import CREATED_BY
from mlops.localcloud.support import ANY, refuse_others

_SUPPORTED = {
    "ModelPackageGroupName": ANY,
    "ModelPackageDescription": ANY,
    "InferenceSpecification": ANY,
    "ModelApprovalStatus": ANY,
    "MetadataProperties": ANY,
    "ModelMetrics": ANY,
    "DriftCheckBaselines": ANY,
    "CustomerMetadataProperties": ANY,
    "Domain": ANY,
    "Task": ANY,
    "SamplePayloadUrl": ANY,
    "SourceUri": ANY,
    "ClientToken": ANY,
    # The defaults, which the SageMaker SDK sends.
    "CertifyForMarketplace": {False},
    "SkipModelValidation": {"None"},
}
_UPDATABLE = {
    "ModelPackageArn": ANY,
    "ModelApprovalStatus": ANY,
    "ApprovalDescription": ANY,
    "CustomerMetadataProperties": ANY,
    "CustomerMetadataPropertiesToRemove": ANY,
    "ClientToken": ANY,
}

_packages = context.scoped(dict[str, dict])
_lock = threading.Lock()


@service.operation
def create_model_package(request: dict) -> dict:
    """Register the next version of a group. A request repeated with its ClientToken registers nothing new."""
    if "ModelPackageGroupName" in request and "Tags" in request:
        raise AWSError(
            "ValidationException",
            "A model package of a group uses the tags of the group: Tags cannot be given for a version of it",
        )
    refuse_others("CreateModelPackage", request, _SUPPORTED)
    if "ModelPackageGroupName" not in request:
        raise AWSError("ValidationException", "Missing ARN.")
    with _lock:
        group = model_package_groups.get(request["ModelPackageGroupName"])
        token = request.get("ClientToken")
        for known in _of_group(group):
            if token is not None and known.get("ClientToken") == token:
                return {"ModelPackageArn": known["ModelPackageArn"]}
        version = model_package_groups.next_version(group)
        name = group["ModelPackageGroupName"]
        arn = context.arn("sagemaker", f"model-package/{name}/{version}")
        _packages()[arn] = {
            "ModelApprovalStatus": "PendingManualApproval",
            **request,
            "ModelPackageGroupName": name,
            "ModelPackageVersion": version,
            "ModelPackageArn": arn,
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
            "CreationTime": datetime.now(UTC),
            "CreatedBy": CREATED_BY,
        }
    tags.register(arn)
    return {"ModelPackageArn": arn}


@service.operation
def describe_model_package(request: dict) -> dict:
    package = get(request["ModelPackageName"])
    # For a version, DescribeModelPackage answers the required name with the group's; lists leave it out.
    return package | {"ModelPackageName": package["ModelPackageGroupName"]}


@service.operation
def list_model_packages(request: dict) -> dict:
    """Versions of a group, oldest first. Without a group AWS lists unversioned packages, which the local cloud does not have."""
    versioned = request.get("ModelPackageType", "Unversioned") in ("Versioned", "Both")
    if "ModelPackageGroupName" in request:
        packages = _of_group(model_package_groups.get(request["ModelPackageGroupName"]))
    else:
        packages = list(_packages().values()) if versioned else []
    approval = request.get("ModelApprovalStatus")
    chosen = [package for package in packages if approval in (None, package["ModelApprovalStatus"])]
    ascending = {"SortOrder": "Ascending", **request}
    return listing.page(request, listing.select(ascending, chosen, "ModelPackageGroupName"), "ModelPackageSummaryList")


@service.operation
def update_model_package(request: dict) -> dict:
    """Change approval or customer metadata."""
    refuse_others("UpdateModelPackage", request, _UPDATABLE)
    with _lock:
        package = get(request["ModelPackageArn"])
        package |= {name: request[name] for name in ("ModelApprovalStatus", "ApprovalDescription") if name in request}
        metadata = package.get("CustomerMetadataProperties", {}) | request.get("CustomerMetadataProperties", {})
        removed = request.get("CustomerMetadataPropertiesToRemove", [])
        package["CustomerMetadataProperties"] = {name: value for name, value in metadata.items() if name not in removed}
        package |= {"LastModifiedTime": datetime.now(UTC), "LastModifiedBy": CREATED_BY}
    return {"ModelPackageArn": package["ModelPackageArn"]}


@service.operation
def delete_model_package(request: dict) -> None:
    with _lock:
        arn = get(request["ModelPackageName"])["ModelPackageArn"]
        del _packages()[arn]
    tags.forget(arn)


@service.operation
def delete_model_package_group(request: dict) -> None:
    """Delete a group that has no versions. Raises AWSError for any other."""
    with _lock:
        group = model_package_groups.get(request["ModelPackageGroupName"])
        if _of_group(group):
            raise AWSError(
                "ConflictException",
                "Model Package Group cannot be deleted as it still contains Model Packages: "
                f"{group['ModelPackageGroupArn']}",
            )
        model_package_groups.drop(group)


def get(arn: str) -> dict:
    """The model package of an ARN. Raises AWSError when it does not exist."""
    if arn not in _packages():
        raise AWSError("ValidationException", f"ModelPackage {arn} does not exist.")
    return _packages()[arn]


def container(package: dict) -> dict:
    """What a model of this package runs: Image, ModelDataUrl, Environment.

    Raises AWSError unless the package has one container.
    """
    containers = package.get("InferenceSpecification", {}).get("Containers", [])
    if len(containers) != 1:
        raise AWSError(
            "ValidationException",
            f"Model package {package['ModelPackageArn']} has {len(containers)} containers in its "
            "InferenceSpecification, a model needs one",
        )
    return {name: containers[0][name] for name in ("Image", "ModelDataUrl", "Environment") if name in containers[0]}


def _of_group(group: dict) -> list[dict]:
    name = group["ModelPackageGroupName"]
    return [package for package in list(_packages().values()) if package["ModelPackageGroupName"] == name]
