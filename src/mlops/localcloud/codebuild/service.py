"""CodeBuild's front door."""

from mlops.localcloud.service import Service

service = Service("codebuild")
# Who assumes the roles of builds.
PRINCIPAL = "codebuild.amazonaws.com"
# How many items a list shows at once.
PAGE = 100
