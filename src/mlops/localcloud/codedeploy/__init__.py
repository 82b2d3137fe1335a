"""CodeDeploy for Lambda: the traffic of an alias shifts step by step, watched by alarms, between two hooks."""

from mlops.localcloud.codedeploy import applications, configurations, deployments, groups  # noqa: F401 - operations
from mlops.localcloud.codedeploy.resources import resource_types
from mlops.localcloud.codedeploy.service import service

__all__ = ["resource_types", "service"]
