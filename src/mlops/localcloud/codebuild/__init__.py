"""CodeBuild: a buildspec run phase by phase in one shell, under the project's service role."""

from mlops.localcloud.codebuild import builds, projects
from mlops.localcloud.codebuild.resources import resource_types
from mlops.localcloud.codebuild.service import service

__all__ = ["builds", "projects", "resource_types", "service"]
