"""Model package groups: the names under which versions of a model are registered."""

import threading
from datetime import UTC, datetime

from mlops.localcloud import context
from mlops.localcloud.errors import AWSError
from mlops.localcloud.sagemaker.common import listing, tags
from mlops.localcloud.sagemaker.common.service import service
from mlops.localcloud.support import ANY, refuse_others

CREATED_BY = {"UserProfileName": "localcloud"}
_SUPPORTED = {"ModelPackageGroupName": ANY, "ModelPackageGroupDescription": ANY, "Tags": ANY}

_groups = context.scoped(dict[str, dict])
_lock = threading.Lock()


@service.operation
def create_model_package_group(request: dict) -> dict:
    refuse_others("CreateModelPackageGroup", request, _SUPPORTED)
    name = request["ModelPackageGroupName"]
    arn = _arn(name)
    with _lock:
        if name in _groups():
            raise AWSError("ValidationException", f"Model Package Group already exists: {arn}")
        _groups()[name] = {
            **request,
            "ModelPackageGroupArn": arn,
            "ModelPackageGroupStatus": "Completed",
            "CreationTime": datetime.now(UTC),
            "CreatedBy": CREATED_BY,
            "Versions": 0,
        }
    tags.register(arn, request.get("Tags"))
    return {"ModelPackageGroupArn": arn}


@service.operation
def describe_model_package_group(request: dict) -> dict:
    return get(request["ModelPackageGroupName"])


@service.operation
def list_model_package_groups(request: dict) -> dict:
    ascending = {"SortOrder": "Ascending", **request}
    groups = listing.select(ascending, _groups().values(), "ModelPackageGroupName")
    return listing.page(request, groups, "ModelPackageGroupSummaryList")


def get(name_or_arn: str) -> dict:
    """The group of a name or ARN. Raises AWSError when it does not exist."""
    name = name_or_arn.rpartition("/")[2]
    if name not in _groups():
        raise AWSError("ValidationException", f"ModelPackageGroup {_arn(name)} does not exist.")
    return _groups()[name]


def next_version(group: dict) -> int:
    """Number of the group's next version. A deleted version's number is not used again."""
    group["Versions"] += 1
    return group["Versions"]


def drop(group: dict) -> None:
    """Delete a group that has no versions any more."""
    tags.forget(group["ModelPackageGroupArn"])
    del _groups()[group["ModelPackageGroupName"]]


def _arn(name: str) -> str:
    return context.arn("sagemaker", f"model-package-group/{name}")
