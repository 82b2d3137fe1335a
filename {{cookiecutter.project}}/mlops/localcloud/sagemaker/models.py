"""Models: a container and the data that it serves."""

from datetime import UTC, datetime

from botocore.exceptions import ClientError

from mlops.localcloud import context, images
from mlops.localcloud.sagemaker import listing, model_packages, roles, service, tags
from mlops.localcloud.sagemaker.s3 import Location
from mlops.localcloud.sagemaker.support import ANY, refuse_others
from mlops.localcloud.service import AWSError

_SUPPORTED = {
    "ModelName": ANY,
    "ExecutionRoleArn": ANY,
    "PrimaryContainer": {"Image": ANY, "ModelDataUrl": ANY, "Environment": ANY, "ModelPackageName": ANY},
    "VpcConfig": ANY,
    "EnableNetworkIsolation": ANY,
    "Tags": ANY,
}

_models = context.scoped(dict[str, dict])


@service.operation
def create_model(request: dict) -> dict:
    """Define a model of one container. Its image must resolve to a program and its data must be in S3."""
    refuse_others("CreateModel", request, _SUPPORTED)
    name = request["ModelName"]
    arn = context.arn("sagemaker", f"model/{name}")
    if name in _models():
        raise AWSError("ValidationException", f'Cannot create already existing model "{arn}".')
    container = request.get("PrimaryContainer")
    if container is None:
        raise AWSError("ValidationException", "A model must have a PrimaryContainer in the local cloud")
    roles.require_assumable(request["ExecutionRoleArn"])
    resolved = _resolved(container)
    images.resolve(resolved["Image"])
    if "ModelDataUrl" in resolved:
        _require_data(resolved["ModelDataUrl"], request["ExecutionRoleArn"])
    _models()[name] = {
        **request,
        "PrimaryContainer": container,
        "Resolved": resolved,
        "ModelArn": arn,
        "CreationTime": datetime.now(UTC),
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
    tags.forget(get(request["ModelName"])["ModelArn"])
    del _models()[request["ModelName"]]


def get(name: str) -> dict:
    """The model of this name, with `Resolved`, its container as it runs. Raises AWSError when there is none."""
    if name not in _models():
        arn = context.arn("sagemaker", f"model/{name}")
        raise AWSError("ValidationException", f'Could not find model "{arn}".')
    return _models()[name]


def _resolved(container: dict) -> dict:
    if "ModelPackageName" not in container:
        if "Image" not in container:
            raise AWSError("ValidationException", "A container must have an Image or a ModelPackageName")
        return container
    package = model_packages.get(container["ModelPackageName"])
    if package["ModelApprovalStatus"] != "Approved":
        raise AWSError(
            "ValidationException",
            f"Model package {package['ModelPackageArn']} is {package['ModelApprovalStatus']}; it must be Approved",
        )
    [inside] = package["InferenceSpecification"]["Containers"]
    own = {"Environment": {**inside.get("Environment", {}), **container.get("Environment", {})}}
    return {key: inside[key] for key in ("Image", "ModelDataUrl") if key in inside} | own


def _require_data(uri: str, role_arn: str) -> None:
    place = Location.parse(uri)
    try:
        context.client("s3", role_arn).head_object(Bucket=place.bucket, Key=place.key)
    except ClientError as error:
        raise AWSError(
            "ValidationException",
            f'Could not find model data at {uri}. Please ensure that the role "{role_arn}" exists and that its '
            f'trust relationship policy allows the action "sts:AssumeRole" for the service principal '
            f'"sagemaker.amazonaws.com". Also ensure that the role has "s3:GetObject" permissions and that the '
            f"object is located in {context.region()}.",
        ) from error


def names() -> set[str]:
    """Names of the models that there are: a serving one may have been deleted since."""
    return set(_models())
