"""The service CodePipeline."""

from mlops.localcloud.service import Service

service = Service("codepipeline")
# The size of a page of a list.
PAGE = 100
