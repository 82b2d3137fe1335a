"""What `mlops deploy` deploys: the stacks of infra/ in order, each with its template and its parameters."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from botocore.session import Session

from mlops import images
from mlops.configuration import Configuration
from mlops.errors import InputError
from mlops.instances import takes_volume_key

# The convention of `aws cloudformation package`: a path relative to the template, which is replaced by the file's content.
_DEFINITION = re.compile(r"DefinitionS3Location: (?P<file>\S+\.json)$", re.MULTILINE)
# The logical id of the API's deployment in api.yml.
_DEPLOYMENT = "GatewayDeployment"
_AUTHENTICATION = {"iam": "AWS_IAM", "api_key": "API_KEY"}
# CodePipeline cuts the pipeline's name so in the keys of its artifacts.
_ARTIFACT_PREFIX_LENGTH = 20


@dataclass(frozen=True)
class Stack:
    """A stack to deploy: its name, the template's text, the parameters, what it must be allowed to make."""

    name: str
    template: str
    parameters: dict[str, str] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()


def stacks(
    root: Path, configuration: Configuration, *, boundaries: Mapping[str, str] = MappingProxyType({})
) -> list[Stack]:
    """Return the stacks of the repository at `root` in the order in which they depend on each other.

    `boundaries` are the ARNs of the policies that bound the roles of each template, if there are any. Raises
    InputError when trainingjob.json names an image that does not exist.
    """
    project = {"Project": configuration.project.project}
    common = {**project, "Model": configuration.project.model}
    artifacts = {"ArtifactPrefix": configuration.names.pipeline[:_ARTIFACT_PREFIX_LENGTH]}
    image = _prebuilt_image(configuration)
    own = {
        "storage": {**artifacts, "NotificationEmail": configuration.project.notification_email},
        "jobs": {
            "PrebuiltImageRepositoryArn": _repository_arn(image, configuration) if image else "",
            "UsesVpc": _flag(_uses_vpc(configuration)),
        },
        "endpoints": {
            "ClientsCall": configuration.production.clients_call,
            "UsesVpc": _functions_use_vpc(configuration),
            # The containers of endpoints need what those of jobs need.
            "ContainerBoundary": boundaries.get("jobs", ""),
            "DecisionBoundary": boundaries.get("decision", ""),
        },
        **({"api": _api(configuration)} if configuration.production.clients_call == "api" else {}),
        "builds": {
            **artifacts,
            "TrainingImage": image,
            "ClientsCall": configuration.production.clients_call,
            "Authentication": _AUTHENTICATION[configuration.production.api.authentication],
        },
        "notifications": project,
        "pipeline": {**artifacts, "TrainingImage": image},
        "monitoring": _monitoring(configuration),
    }
    return [
        _stack(root, configuration, name, parameters if parameters is project else common | parameters, boundaries)
        for name, parameters in own.items()
    ]


def _stack(
    root: Path, configuration: Configuration, name: str, parameters: dict[str, str], boundaries: Mapping[str, str]
) -> Stack:
    template = _with_fresh_deployment(pack(root / "infra" / f"{name}.yml"), parameters)
    if "AWS::IAM::" not in template:
        return Stack(configuration.names.stack(name), template, parameters)
    parameters = {**parameters, "PermissionsBoundary": boundaries.get(name, "")}
    return Stack(configuration.names.stack(name), template, parameters, ("CAPABILITY_IAM",))


def pack(template: Path) -> str:
    """Return the template's text with the state machines that it names written into it.

    S3 could hold them, but the first of these stacks creates the bucket.
    """

    def definition(property_: re.Match[str]) -> str:
        states = json.loads((template.parent / property_["file"]).read_text(encoding="utf-8"))
        text = json.dumps(states, separators=(",", ":"), ensure_ascii=False).replace("'", "''")
        return f"DefinitionString: '{text}'"

    return _DEFINITION.sub(definition, template.read_text(encoding="utf-8"))


def compact(template: Path) -> str:
    """Return the template as JSON without white space and comments: CloudFormation takes 51,200 bytes."""
    from cfnlint.decode import decode

    parsed, faults = decode(str(template))
    if faults:
        raise InputError(f"{template} can't be deployed: {faults[0].message}, line {faults[0].linenumber}")
    return json.dumps(parsed, separators=(",", ":"))


def _with_fresh_deployment(template: str, parameters: dict[str, str]) -> str:
    """API Gateway serves what its deployment has seen: another template or parameter needs another deployment."""
    seen = template + json.dumps(parameters, sort_keys=True)
    return template.replace(_DEPLOYMENT, _DEPLOYMENT + hashlib.sha256(seen.encode()).hexdigest()[:8])


def _api(configuration: Configuration) -> dict[str, str]:
    api = configuration.production.api
    return {
        "Authentication": _AUTHENTICATION[api.authentication],
        "ThrottlingRateLimit": f"{api.requests_per_second:.15g}",
        "ThrottlingBurstLimit": str(api.burst),
        "UsesVpc": _functions_use_vpc(configuration),
    }


def _monitoring(configuration: Configuration) -> dict[str, str]:
    monitoring, retraining = configuration.monitoring, configuration.monitoring.retraining
    vpc = configuration.training_job.get("VpcConfig", {})
    return {
        "Schedule": monitoring.schedule,
        "InstanceType": monitoring.instance_type,
        "EncryptsVolume": _flag(takes_volume_key(monitoring.instance_type)),
        "Subnets": ",".join(vpc.get("Subnets", [])),
        "SecurityGroupIds": ",".join(vpc.get("SecurityGroupIds", [])),
        "Violations": str(monitoring.violations),
        **_quality(configuration),
        "RetrainsOnDrift": _flag(retraining.on_drift),
        "RetrainsOnData": _flag(retraining.on_data),
        "RetrainingSchedule": retraining.schedule or "",
        "MinimumHours": f"{retraining.minimum_hours:.15g}",
    }


def _quality(configuration: Configuration) -> dict[str, str]:
    quality = configuration.monitoring.quality
    bounds = {name: gate.bound for name, gate in configuration.evaluation.metrics.items()}
    return {
        "LabelsArriveWithinSeconds": str(quality.age) if quality else "",
        "QualityEverySeconds": str(quality.pause) if quality else "0",
        "QualityBounds": " ".join(f"{name}={bound:.15g}" for name, bound in bounds.items()),
    }


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _functions_use_vpc(configuration: Configuration) -> str:
    return _flag(configuration.production.api.VpcConfig is not None)


def _prebuilt_image(configuration: Configuration) -> str:
    if configuration.image is None:
        return ""
    resources = configuration.training_job["ResourceConfig"]
    instance_type = resources.get("InstanceType") or resources["InstanceGroups"][0]["InstanceType"]
    return images.resolve(configuration.image, configuration.project.region, instance_type)


def _uses_vpc(configuration: Configuration) -> bool:
    endpoints = (configuration.test, configuration.production)
    return "VpcConfig" in configuration.training_job or any(endpoint.VpcConfig for endpoint in endpoints)


def _repository_arn(image: str, configuration: Configuration) -> str:
    return images.repository_arn(image, Session().get_partition_for_region(configuration.project.region))
