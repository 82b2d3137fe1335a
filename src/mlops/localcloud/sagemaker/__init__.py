"""SageMaker: jobs that run as processes under the container contract, and endpoints that serve."""

from mlops.localcloud.sagemaker.common import tags
from mlops.localcloud.sagemaker.common.service import runtime_service, service
from mlops.localcloud.sagemaker.hosting import endpoint_configurations, endpoints, models, runtime
from mlops.localcloud.sagemaker.jobs import processing, training, tuning
from mlops.localcloud.sagemaker.jobs.stepfunctions import integrations
from mlops.localcloud.sagemaker.registry import model_package_groups, model_packages
from mlops.localcloud.sagemaker.resources import resource_types
from mlops.localcloud.sagemaker.transform import operations as transform

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
    "transform",
    "tuning",
]
