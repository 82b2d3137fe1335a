"""The model registry: groups of model packages with versions and approval."""

from datetime import UTC, datetime

from mlops.localcloud import context
from mlops.localcloud.sagemaker import listing, service, tags
from mlops.localcloud.sagemaker.support import ANY, refuse_others
from mlops.localcloud.service import AWSError

_SUPPORTED = {
    "ModelPackageGroupName": ANY,
    "ModelPackageDescription": ANY,
    "InferenceSpecification": ANY,
    "ModelApprovalStatus": ANY,
    "MetadataProperties": ANY,
    "ModelMetrics": ANY,
    "CustomerMetadataProperties": ANY,
    "Domain": ANY,
    "Task": ANY,
    "SamplePayloadUrl": ANY,
    "ClientToken": ANY,
    "Tags": ANY,
}
_CALLER = {"UserProfileName": "localcloud"}

_groups = context.scoped(dict[str, dict])
_packages = context.scoped(dict[str, dict])


@service.operation
def create_model_package_group(request: dict) -> dict:
    name = request["ModelPackageGroupName"]
    arn = context.arn("sagemaker", f"model-package-group/{name}")
    if name in _groups():
        raise AWSError("ValidationException", f"Model Package Group already exists: {arn}")
    _groups()[name] = {
        **request,
        "ModelPackageGroupArn": arn,
        "ModelPackageGroupStatus": "Completed",
        "CreationTime": datetime.now(UTC),
        "CreatedBy": _CALLER,
    }
    tags.register(arn, request.get("Tags"))
    return {"ModelPackageGroupArn": arn}


@service.operation
def describe_model_package_group(request: dict) -> dict:
    return _group(request["ModelPackageGroupName"])


@service.operation
def list_model_package_groups(request: dict) -> dict:
    found = listing.select(request, _groups().values(), "ModelPackageGroupName")
    return listing.page(request, found, "ModelPackageGroupSummaryList")


@service.operation
def delete_model_package_group(request: dict) -> None:
    """Delete a group; as on AWS, only an empty one."""
    group = _group(request["ModelPackageGroupName"])
    if _of_group(group["ModelPackageGroupName"]):
        raise AWSError(
            "ConflictException", "Model Package Group cannot be deleted as it still contains Model Packages"
        )
    tags.forget(group["ModelPackageGroupArn"])
    del _groups()[group["ModelPackageGroupName"]]


@service.operation
def create_model_package(request: dict) -> dict:
    """Register the next version of a group."""
    refuse_others("CreateModelPackage", request, _SUPPORTED)
    group = _group(request["ModelPackageGroupName"])["ModelPackageGroupName"]
    version = max((package["ModelPackageVersion"] for package in _of_group(group)), default=0) + 1
    arn = context.arn("sagemaker", f"model-package/{group}/{version}")
    _packages()[arn] = {
        "ModelApprovalStatus": "PendingManualApproval",
        **request,
        "ModelPackageGroupName": group,
        "ModelPackageName": group,
        "ModelPackageVersion": version,
        "ModelPackageArn": arn,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CreationTime": datetime.now(UTC),
        "CreatedBy": _CALLER,
    }
    tags.register(arn, request.get("Tags"))
    return {"ModelPackageArn": arn}


@service.operation
def describe_model_package(request: dict) -> dict:
    return get(request["ModelPackageName"])


@service.operation
def list_model_packages(request: dict) -> dict:
    wanted = request.get("ModelPackageGroupName")
    packages = _of_group(_group(wanted)["ModelPackageGroupName"]) if wanted else list(_packages().values())
    approval = request.get("ModelApprovalStatus")
    chosen = [package for package in packages if approval in (None, package["ModelApprovalStatus"])]
    found = listing.select(request, chosen, "ModelPackageName")
    return listing.page(request, found, "ModelPackageSummaryList")


@service.operation
def update_model_package(request: dict) -> dict:
    """Change approval, description or customer metadata."""
    package = get(request["ModelPackageArn"])
    for name in ("ModelApprovalStatus", "ApprovalDescription"):
        if name in request:
            package[name] = request[name]
    metadata = {
        **package.get("CustomerMetadataProperties", {}),
        **request.get("CustomerMetadataProperties", {}),
    }
    for name in request.get("CustomerMetadataPropertiesToRemove", []):
        metadata.pop(name, None)
    package["CustomerMetadataProperties"] = metadata
    package["LastModifiedTime"] = datetime.now(UTC)
    package["LastModifiedBy"] = _CALLER
    return {"ModelPackageArn": package["ModelPackageArn"]}


@service.operation
def delete_model_package(request: dict) -> None:
    arn = get(request["ModelPackageName"])["ModelPackageArn"]
    tags.forget(arn)
    del _packages()[arn]


def get(name_or_arn: str) -> dict:
    """The model package of an ARN. Raises AWSError when there is none."""
    if name_or_arn not in _packages():
        raise AWSError("ValidationException", f"ModelPackage {name_or_arn} does not exist.")
    return _packages()[name_or_arn]


def _group(name_or_arn: str) -> dict:
    name = name_or_arn.rpartition("/")[2]
    if name not in _groups():
        arn = context.arn("sagemaker", f"model-package-group/{name}")
        raise AWSError("ValidationException", f"ModelPackageGroup {arn} does not exist.")
    return _groups()[name]


def _of_group(name: str) -> list[dict]:
    return [package for package in _packages().values() if package["ModelPackageGroupName"] == name]
