"""The actions that the local cloud supports, by category, owner, provider and version."""

from mlops.localcloud.codepipeline.actions import (
    cloudformation,
    codebuild,
    ecr_build_and_publish,
    manual_approval,
    s3_source,
    stepfunctions,
)
from mlops.localcloud.codepipeline.actions.provider import Provider

PROVIDERS: dict[tuple[str, str, str, str], Provider] = {
    ("Source", "AWS", "S3", "1"): s3_source.provider,
    ("Build", "AWS", "CodeBuild", "1"): codebuild.provider,
    ("Test", "AWS", "CodeBuild", "1"): codebuild.provider,
    ("Build", "AWS", "ECRBuildAndPublish", "1"): ecr_build_and_publish.provider,
    ("Deploy", "AWS", "CloudFormation", "1"): cloudformation.provider,
    ("Invoke", "AWS", "StepFunctions", "1"): stepfunctions.provider,
    ("Approval", "AWS", "Manual", "1"): manual_approval.provider,
}
