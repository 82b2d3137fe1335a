"""CodePipeline's front door."""

from mlops.localcloud.service import Service

service = Service("codepipeline")
