"""What SageMaker does not offer for serverless endpoints.

Source: Amazon SageMaker Developer Guide, "Deploy models with Amazon SageMaker Serverless Inference", feature exclusions,
and API reference, ProductionVariantServerlessConfig.
"""

from mlops.localcloud.errors import AWSError, not_implemented

_MEMORY_SIZES = range(1024, 6144 + 1, 1024)
_OF_INSTANCES = ("InstanceType", "InitialInstanceCount", "VolumeSizeInGB")


def require_possible(request: dict, variant: dict, model: dict) -> None:
    """Raise AWSError for a serverless variant that SageMaker would refuse in this CreateEndpointConfig request."""
    name, settings = variant["VariantName"], variant["ServerlessConfig"]
    if settings["MemorySizeInMB"] not in _MEMORY_SIZES:
        allowed = ", ".join(map(str, _MEMORY_SIZES))
        raise _refusal(f"MemorySizeInMB of variant {name} is {settings['MemorySizeInMB']}; valid values are {allowed}")
    if settings.get("ProvisionedConcurrency", 0) > settings["MaxConcurrency"]:
        raise _refusal(f"ProvisionedConcurrency of variant {name} must be at most MaxConcurrency")
    if beside := [member for member in _OF_INSTANCES if member in variant]:
        raise _refusal(f"Variant {name} has ServerlessConfig; {' and '.join(beside)} is not allowed with it")
    if len(request["ProductionVariants"]) > 1:
        raise _refusal("An endpoint with ServerlessConfig has one production variant")
    if "DataCaptureConfig" in request:
        raise _refusal("DataCaptureConfig is not supported for serverless endpoints")
    if "VpcConfig" in model:
        raise _refusal(f"Model {model['ModelName']} has VpcConfig, which is not supported for serverless endpoints")
    if model["EnableNetworkIsolation"]:
        raise _refusal(
            f"Model {model['ModelName']} has EnableNetworkIsolation, which is not supported for serverless endpoints"
        )


def require_same_kind(before: dict, after: dict) -> None:
    """Raise AWSError for an update of an endpoint from instances to serverless, which SageMaker does not make."""
    if is_serverless(after) and not is_serverless(before):
        raise _refusal("An endpoint with instances cannot be updated to a serverless one. Create another endpoint")


def require_no_shift(configuration: dict, deployment: dict | None) -> None:
    """Raise AWSError for a shift of traffic between serverless configurations, whose parts AWS does not document."""
    if deployment and is_serverless(configuration):
        raise not_implemented("The local cloud does not implement DeploymentConfig for a serverless endpoint")


def is_serverless(configuration: dict) -> bool:
    """Whether the variants of an endpoint configuration are serverless."""
    return any("ServerlessConfig" in each for each in configuration["ProductionVariants"])


def _refusal(message: str) -> AWSError:
    return AWSError("ValidationException", message)
