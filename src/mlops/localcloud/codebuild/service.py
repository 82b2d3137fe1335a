"""The service CodeBuild."""

from mlops.localcloud.service import Service

service = Service("codebuild")
# The principal that assumes the roles of builds.
PRINCIPAL = "codebuild.amazonaws.com"
# The size of a page of a list.
PAGE = 100
