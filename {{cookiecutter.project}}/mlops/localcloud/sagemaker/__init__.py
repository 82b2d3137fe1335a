"""SageMaker: jobs that run as processes under the container contract, and endpoints that serve."""

from mlops.localcloud.service import Service

service = Service("sagemaker")
runtime_service = Service("sagemaker-runtime")

# The operations register themselves with the services above, which must be there before.
from mlops.localcloud.sagemaker import (
    endpoint_configurations,
    endpoints,
    model_packages,
    models,
    processing,
    runtime,
    tags,
    training,
    tuning,
)
from mlops.localcloud.sagemaker.resources import resource_types
from mlops.localcloud.sagemaker.stepfunctions import integrations

__all__ = [
    "endpoint_configurations",
    "endpoints",
    "integrations",
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
