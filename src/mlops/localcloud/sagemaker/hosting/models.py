"""Models: a container and the data that it serves."""

import threading
from datetime import UTC, datetime

from botocore.exceptions import ClientError

from mlops.localcloud import context, images
from mlops.localcloud.errors import AWSError, not_implemented
from mlops.localcloud.sagemaker.common import listing, roles, tags
from mlops.localcloud.sagemaker.common.s3 import Location
from mlops.localcloud.sagemaker.common.service import service
from mlops.localcloud.sagemaker.registry import model_packages
from mlops.localcloud.support import ANY, refuse_others

_CONTAINER = {
    "Image": ANY,
    "ModelDataUrl": ANY,
    "ModelPackageName": ANY,
    "Environment": ANY,
    "Mode": {"SingleModel"},
}
_SUPPORTED = {
    "ModelName": ANY,
    "ExecutionRoleArn": ANY,
    "PrimaryContainer": _CONTAINER,
    "Containers": _CONTAINER,
    "VpcConfig": ANY,
    "EnableNetworkIsolation": ANY,
    "Tags": ANY,
}

_models = context.scoped(dict[str, dict])
_lock = threading.Lock()


@service.operation
def create_model(request: dict) -> dict:
    """Define a model of one container. Its image must resolve to a program, and its data must be in S3."""
    refuse_others("CreateModel", request, _SUPPORTED)
    name = request["ModelName"]
    arn = _arn(name)
    _refuse_taken(name)
    roles.require_assumable(request["ExecutionRoleArn"])
    container = _container(_only_container(request))
    images.resolve(container["Image"])
    if "ModelDataUrl" in container:
        _require_data(container["ModelDataUrl"], request["ExecutionRoleArn"])
    with _lock:
        _refuse_taken(name)
        _models()[name] = {
            "EnableNetworkIsolation": False,
            **request,
            "ModelArn": arn,
            "CreationTime": datetime.now(UTC),
            "Container": container,
        }
    tags.register(arn, request.get("Tags"))
    return {"ModelArn": arn}


@service.operation
def describe_model(request: dict) -> dict:
    return get(request["ModelName"])


@service.operation
def list_models(request: dict) -> dict:
    return listing.page(request, listing.select(request, _models().values(), "ModelName"), "Models")


@service.operation
def delete_model(request: dict) -> None:
    """Delete a model. Endpoints that serve it keep running, as on AWS."""
    tags.forget(get(request["ModelName"])["ModelArn"])
    _models().pop(request["ModelName"], None)


def get(name: str) -> dict:
    """The model of this name. Its `Container` is what runs: Image, ModelDataUrl, Environment.

    Raises AWSError when it does not exist.
    """
    if name not in _models():
        raise AWSError("ValidationException", f'Could not find model "{_arn(name)}".')
    return _models()[name]


def _arn(name: str) -> str:
    return context.arn("sagemaker", f"model/{name}")


def _refuse_taken(name: str) -> None:
    if name in _models():
        raise AWSError("ValidationException", f'Cannot create already existing model "{_arn(name)}".')


def _only_container(request: dict) -> dict:
    """The container of a model: PrimaryContainer, or the only one of Containers."""
    containers = request.get("Containers", [])
    if len(containers) > 1:
        raise not_implemented("The local cloud does not implement CreateModel with Containers[1]")
    definitions = [*containers, *([request["PrimaryContainer"]] if "PrimaryContainer" in request else [])]
    if len(definitions) != 1:
        raise AWSError("ValidationException", "You must specify one of PrimaryContainer and Containers.")
    return definitions[0]


def _container(definition: dict) -> dict:
    """The container of a definition: itself, or that of the model package that it names."""
    if "ModelPackageName" not in definition:
        if "Image" not in definition:
            raise AWSError("ValidationException", "A container needs an Image or a ModelPackageName")
        return definition
    if "Image" in definition or "ModelDataUrl" in definition:
        raise AWSError("ValidationException", "Image and ModelDataUrl are not allowed together with ModelPackageName")
    package = model_packages.get(definition["ModelPackageName"])
    if package["ModelApprovalStatus"] != "Approved":
        raise AWSError(
            "ValidationException",
            f"Model package {package['ModelPackageArn']} is {package['ModelApprovalStatus']}, it must be Approved",
        )
    inside = model_packages.container(package)
    return {**inside, "Environment": inside.get("Environment", {}) | definition.get("Environment", {})}


def _require_data(uri: str, role_arn: str) -> None:
    location = Location.parse(uri)
    try:
        context.client("s3", role_arn, roles.PRINCIPAL).head_object(Bucket=location.bucket, Key=location.key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            raise AWSError("ValidationException", f"Could not find model data at {uri}.") from error
        raise AWSError(
            "ValidationException",
            f'Could not access model data at {uri}. Please ensure that the role "{role_arn}" exists and that its '
            'trust relationship policy allows the action "sts:AssumeRole" for the service principal '
            '"sagemaker.amazonaws.com". Also ensure that the role has "s3:GetObject" permissions and that the '
            f"object is located in {context.region()}.",
        ) from error
