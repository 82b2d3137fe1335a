"""CodePipeline: executions of stages of actions, with artifacts, variables and approvals."""

from mlops.localcloud.codepipeline import approvals, executions, pipelines, state, tags
from mlops.localcloud.codepipeline.resources import resource_types
from mlops.localcloud.codepipeline.service import service

__all__ = ["approvals", "executions", "pipelines", "resource_types", "service", "state", "tags"]
