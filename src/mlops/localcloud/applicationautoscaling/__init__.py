"""Application Auto Scaling of endpoints: the instances of a production variant follow its requests."""

from mlops.localcloud.applicationautoscaling import targets  # noqa: F401 - operations
from mlops.localcloud.applicationautoscaling.resources import resource_types
from mlops.localcloud.applicationautoscaling.service import service

__all__ = ["resource_types", "service"]
