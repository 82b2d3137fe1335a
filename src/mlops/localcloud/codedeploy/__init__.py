"""CodeDeploy for Lambda: an alias comes to another version step by step, watched by alarms, with hooks around it."""

from mlops.localcloud.codedeploy import applications, configurations, deployments, groups  # noqa: F401 - operations
from mlops.localcloud.codedeploy.resources import resource_types
from mlops.localcloud.codedeploy.service import service

__all__ = ["resource_types", "service"]
