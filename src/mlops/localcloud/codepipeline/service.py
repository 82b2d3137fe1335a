"""CodePipeline's front door."""

from mlops.localcloud.service import Service

service = Service("codepipeline")
# How many items a list shows at once.
PAGE = 100
