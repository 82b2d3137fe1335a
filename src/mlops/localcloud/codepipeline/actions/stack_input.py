"""The input of a CloudFormation deploy action for a stack: template, parameters, tags.

Source: AWS CloudFormation User Guide, "Template configuration file" and "Using parameter override functions
with CodePipeline pipelines".
"""

from typing import Any

from mlops.localcloud import context
from mlops.localcloud.codepipeline.actions.provider import Action, ActionFailed

_CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")


def request(action: Action) -> dict:
    """Arguments of CreateStack, UpdateStack and CreateChangeSet. Raises ActionFailed for wrong ones."""
    configuration = action.configuration
    settings = _settings(action)
    parameters = settings.get("Parameters", {}) | _overrides(action)
    return {
        "TemplateBody": action.read(configuration["TemplatePath"]),
        "Parameters": [{"ParameterKey": name, "ParameterValue": str(value)} for name, value in parameters.items()],
        "Tags": [{"Key": name, "Value": str(value)} for name, value in settings.get("Tags", {}).items()],
        "Capabilities": _capabilities(configuration.get("Capabilities", "")),
        **role(action),
    }


def role(action: Action) -> dict[str, str]:
    """The role that CloudFormation assumes, as an argument of its operations."""
    return {"RoleARN": action.configuration["RoleArn"]} if "RoleArn" in action.configuration else {}


def _settings(action: Action) -> dict[str, dict]:
    """The template configuration file: Parameters and Tags."""
    reference = action.configuration.get("TemplateConfiguration")
    if not reference:
        return {}
    settings = action.read_json(reference)
    if not isinstance(settings, dict):
        raise _wrong(f"{reference}: found {settings!r}; an object with Parameters and Tags is needed")
    for key, value in settings.items():
        if key not in ("Parameters", "Tags"):
            raise _wrong(f"{reference}: {key}: the local cloud supports Parameters and Tags")
        if not isinstance(value, dict):
            raise _wrong(f"{reference}: {key}: found {value!r}; an object is needed")
    return settings


def _overrides(action: Action) -> dict[str, str]:
    text = action.configuration.get("ParameterOverrides", "{}")
    overrides = action.parse(text, "ParameterOverrides")
    if not isinstance(overrides, dict):
        raise _wrong(f"ParameterOverrides: found {overrides!r}; an object is needed")
    return {name: _override(action, name, value) for name, value in overrides.items()}


def _override(action: Action, name: str, value: Any) -> str:
    match value:
        case str() | int() | float():
            return str(value)
        case {"Fn::GetParam": [str(artifact), str(path), str(key)]}:
            document = action.read_json(f"{artifact}::{path}")
            if not isinstance(document, dict) or key not in document:
                raise _wrong(f"ParameterOverrides: {name}: {artifact}::{path} has no key {key}")
            return str(document[key])
        case {"Fn::GetArtifactAtt": [str(artifact), str(attribute)]}:
            return _attribute(action, artifact, attribute)
    raise _wrong(f"ParameterOverrides: {name}: found {value!r}; allowed are texts, Fn::GetParam and Fn::GetArtifactAtt")


def _attribute(action: Action, artifact: str, attribute: str) -> str:
    location = action.input_location(artifact)
    bucket, key = location["bucket"], location["key"]
    known = {
        "BucketName": bucket,
        "ObjectKey": key,
        "URL": f"https://{bucket}.s3.{context.region()}.amazonaws.com/{key}",
    }
    if attribute not in known:
        raise _wrong(f"Fn::GetArtifactAtt: found {attribute}; allowed are {', '.join(known)}")
    return known[attribute]


def _capabilities(text: str) -> list[str]:
    capabilities = [item for item in text.split(",") if item]
    for capability in capabilities:
        if capability not in _CAPABILITIES:
            raise _wrong(f"Capabilities: found {capability}; allowed are {', '.join(_CAPABILITIES)}")
    return capabilities


def _wrong(message: str) -> ActionFailed:
    return ActionFailed("ConfigurationError", message)
