"""Endpoint configurations: variants with weights, and data capture."""

from datetime import UTC, datetime

from mlops.localcloud import context
from mlops.localcloud.sagemaker import listing, models, service, tags
from mlops.localcloud.sagemaker.support import ANY, refuse_others
from mlops.localcloud.service import AWSError

_SUPPORTED = {
    "EndpointConfigName": ANY,
    "ProductionVariants": {
        "VariantName": ANY,
        "ModelName": ANY,
        "InitialInstanceCount": ANY,
        "InstanceType": ANY,
        "InitialVariantWeight": ANY,
        "VolumeSizeInGB": ANY,
        "ModelDataDownloadTimeoutInSeconds": ANY,
        "ContainerStartupHealthCheckTimeoutInSeconds": ANY,
    },
    "DataCaptureConfig": ANY,
    "KmsKeyId": ANY,
    "Tags": ANY,
}

_configurations = context.scoped(dict[str, dict])


@service.operation
def create_endpoint_config(request: dict) -> dict:
    """Define a configuration. Its models must exist."""
    refuse_others("CreateEndpointConfig", request, _SUPPORTED)
    name = request["EndpointConfigName"]
    arn = context.arn("sagemaker", f"endpoint-config/{name}")
    if name in _configurations():
        raise AWSError(
            "ValidationException", f'Cannot create already existing endpoint configuration "{arn}".'
        )
    variants = request["ProductionVariants"]
    for variant in variants:
        if "InstanceType" not in variant or "InitialInstanceCount" not in variant:
            raise AWSError(
                "ValidationException", f"Variant {variant['VariantName']} needs an instance type and count"
            )
        models.get(variant["ModelName"])
    names = [variant["VariantName"] for variant in variants]
    if len(set(names)) < len(names):
        raise AWSError("ValidationException", f"Variant names must be unique: {', '.join(names)}")
    weighted = [{"InitialVariantWeight": 1.0, **variant} for variant in variants]
    _configurations()[name] = {
        **request,
        "ProductionVariants": weighted,
        "EndpointConfigArn": arn,
        "CreationTime": datetime.now(UTC),
    }
    tags.register(arn, request.get("Tags"))
    return {"EndpointConfigArn": arn}


@service.operation
def describe_endpoint_config(request: dict) -> dict:
    return get(request["EndpointConfigName"])


@service.operation
def list_endpoint_configs(request: dict) -> dict:
    found = listing.select(request, _configurations().values(), "EndpointConfigName")
    return listing.page(request, found, "EndpointConfigs")


@service.operation
def delete_endpoint_config(request: dict) -> None:
    tags.forget(get(request["EndpointConfigName"])["EndpointConfigArn"])
    del _configurations()[request["EndpointConfigName"]]


def get(name: str) -> dict:
    """The configuration of this name. Raises AWSError when there is none."""
    if name not in _configurations():
        arn = context.arn("sagemaker", f"endpoint-config/{name}")
        raise AWSError("ValidationException", f'Could not find endpoint configuration "{arn}".')
    return _configurations()[name]
