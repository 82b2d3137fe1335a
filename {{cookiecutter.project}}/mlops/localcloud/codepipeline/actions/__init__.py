"""The action providers: one module each, one function that runs an action to its end or raises ActionFailed."""

from collections.abc import Callable

from mlops.localcloud.codepipeline.actions import (
    cloudformation,
    codebuild,
    ecr_build_and_publish,
    manual_approval,
    s3_source,
    stepfunctions,
)
from mlops.localcloud.codepipeline.run import Run

PROVIDERS: dict[tuple[str, str], Callable[[Run], None]] = {
    ("Source", "S3"): s3_source.run,
    ("Build", "CodeBuild"): codebuild.run,
    ("Test", "CodeBuild"): codebuild.run,
    ("Build", "ECRBuildAndPublish"): ecr_build_and_publish.run,
    ("Invoke", "StepFunctions"): stepfunctions.run,
    ("Deploy", "CloudFormation"): cloudformation.run,
    ("Approval", "Manual"): manual_approval.run,
}
