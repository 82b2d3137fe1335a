"""SageMaker: jobs that run as processes under the container contract, and endpoints that serve."""

from mlops.localcloud.sagemaker import (
    endpoint_configurations,
    endpoints,
    model_package_groups,
    model_packages,
    models,
    processing,
    runtime,
    tags,
    training,
    tuning,
)
from mlops.localcloud.sagemaker.resources import resource_types
from mlops.localcloud.sagemaker.service import runtime_service, service
from mlops.localcloud.sagemaker.stepfunctions import integrations

__all__ = [
    "endpoint_configurations",
    "endpoints",
    "integrations",
    "model_package_groups",
    "model_packages",
    "models",
    "processing",
    "resource_types",
    "runtime",
    "runtime_service",
    "service",
    "tags",
    "training",
    "tuning",
]
