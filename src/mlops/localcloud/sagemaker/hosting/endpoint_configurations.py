"""Endpoint configurations: variants with weights, and data capture."""

import threading
from datetime import UTC, datetime

from mlops.localcloud import context
from mlops.localcloud.errors import AWSError
from mlops.localcloud.sagemaker.common import listing, tags
from mlops.localcloud.sagemaker.common.s3 import Location
from mlops.localcloud.sagemaker.common.service import service
from mlops.localcloud.sagemaker.hosting import models, serverless
from mlops.localcloud.support import ANY, refuse_others

# Kept and not acted on: VolumeSizeInGB and KmsKeyId, since there is no volume, and ModelDataDownloadTimeoutInSeconds,
# since S3 is on this machine.
_SUPPORTED = {
    "EndpointConfigName": ANY,
    "ProductionVariants": {
        "VariantName": ANY,
        "ModelName": ANY,
        "InitialInstanceCount": ANY,
        "InstanceType": ANY,
        "ServerlessConfig": ANY,
        "InitialVariantWeight": ANY,
        "VolumeSizeInGB": ANY,
        "ModelDataDownloadTimeoutInSeconds": ANY,
        "ContainerStartupHealthCheckTimeoutInSeconds": ANY,
    },
    "DataCaptureConfig": ANY,
    "KmsKeyId": ANY,
    "Tags": ANY,
}
_REQUIRED_IN_VARIANT = ("ModelName", "InstanceType", "InitialInstanceCount")
_REQUIRED_SERVERLESS = ("ModelName",)

_configurations = context.scoped(dict[str, dict])
_lock = threading.Lock()


@service.operation
def create_endpoint_config(request: dict) -> dict:
    """Define a configuration. Its models must exist."""
    refuse_others("CreateEndpointConfig", request, _SUPPORTED)
    name = request["EndpointConfigName"]
    arn = _arn(name)
    configuration = {
        **request,
        "ProductionVariants": _variants(request),
        "EndpointConfigArn": arn,
        "CreationTime": datetime.now(UTC),
    }
    if "DataCaptureConfig" in request:
        Location.parse(request["DataCaptureConfig"]["DestinationS3Uri"])
        # DataCaptureConfig.EnableCapture: "defaults to enabled".
        configuration["DataCaptureConfig"] = {"EnableCapture": True, **request["DataCaptureConfig"]}
    with _lock:
        if name in _configurations():
            raise AWSError("ValidationException", f'Cannot create already existing endpoint configuration "{arn}".')
        _configurations()[name] = configuration
    tags.register(arn, request.get("Tags"))
    return {"EndpointConfigArn": arn}


@service.operation
def describe_endpoint_config(request: dict) -> dict:
    return get(request["EndpointConfigName"])


@service.operation
def list_endpoint_configs(request: dict) -> dict:
    configurations = listing.select(request, _configurations().values(), "EndpointConfigName")
    return listing.page(request, configurations, "EndpointConfigs")


@service.operation
def delete_endpoint_config(request: dict) -> None:
    """Delete a configuration. Endpoints with it keep running, as on AWS."""
    tags.forget(get(request["EndpointConfigName"])["EndpointConfigArn"])
    _configurations().pop(request["EndpointConfigName"], None)


def get(name: str) -> dict:
    """The configuration of this name. Raises AWSError when it does not exist."""
    if name not in _configurations():
        raise AWSError("ValidationException", f'Could not find endpoint configuration "{_arn(name)}".')
    return _configurations()[name]


def require_traffic(weights: list[float]) -> None:
    """Raise AWSError when no variant would get any request."""
    if not any(weights):
        raise AWSError("ValidationException", "At least one production variant must have a weight above 0")


def _arn(name: str) -> str:
    return context.arn("sagemaker", f"endpoint-config/{name}")


def _variants(request: dict) -> list[dict]:
    """The variants with their defaults. Raises AWSError where one is not complete or twice there."""
    requested = request["ProductionVariants"]
    names = [variant["VariantName"] for variant in requested]
    for variant in requested:
        required = _REQUIRED_SERVERLESS if "ServerlessConfig" in variant else _REQUIRED_IN_VARIANT
        missing = [member for member in required if member not in variant]
        if missing:
            raise AWSError(
                "ValidationException",
                f"Production variant {variant['VariantName']} needs {' and '.join(missing)}",
            )
        if names.count(variant["VariantName"]) > 1:
            raise AWSError("ValidationException", f"Variant name {variant['VariantName']} is given more than once")
        model = models.get(variant["ModelName"])
        if "ServerlessConfig" in variant:
            serverless.require_possible(request, variant, model)
    variants = [{"InitialVariantWeight": 1.0, **variant} for variant in requested]
    require_traffic([variant["InitialVariantWeight"] for variant in variants])
    return variants
