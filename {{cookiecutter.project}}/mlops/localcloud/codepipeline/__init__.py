"""CodePipeline, V2: executions of stages of actions, with artifacts, variables and approvals."""

from mlops.localcloud.codepipeline import approvals, control, description, pipelines
from mlops.localcloud.codepipeline.resources import resource_types
from mlops.localcloud.codepipeline.service import service

__all__ = ["approvals", "control", "description", "pipelines", "resource_types", "service"]
