"""AppSpec files for Lambda: an alias, its current and its target version, and the hooks before and after the shift.

Source: AWS CodeDeploy User Guide, "AppSpec File structure for AWS Lambda deployments".
"""

from dataclasses import dataclass

import yaml

from mlops.localcloud.errors import AWSError

BEFORE, AFTER = "BeforeAllowTraffic", "AfterAllowTraffic"


@dataclass(frozen=True)
class Revision:
    """One alias and the hooks, each with its function's name or None."""

    function: str
    alias: str
    current: str
    target: str
    before: str | None
    after: str | None


def parse(revision: dict) -> Revision:
    """Read the AppSpec of a revision, JSON or YAML. Raises AWSError."""
    kind = revision.get("revisionType")
    content = revision.get({"AppSpecContent": "appSpecContent", "String": "string"}.get(kind or "", ""), {})
    if not content.get("content"):
        raise AWSError("InvalidRevisionException", f"The local cloud reads AppSpecContent and String, not {kind}")
    try:
        spec = yaml.safe_load(content["content"])
        (resource,) = [properties for entry in spec["Resources"] for properties in entry.values()]
        properties = {str(key): str(value) for key, value in resource["Properties"].items()}
        hooks = {event: name for entry in spec.get("Hooks") or spec.get("hooks") or [] for event, name in entry.items()}
        unknown = [event for event in hooks if event not in (BEFORE, AFTER)]
        if resource["Type"] != "AWS::Lambda::Function" or unknown:
            raise ValueError(f"found {resource['Type']} and {unknown}; allowed are functions, {BEFORE} and {AFTER}")
        return Revision(
            properties["Name"],
            properties["Alias"],
            properties["CurrentVersion"],
            properties["TargetVersion"],
            hooks.get(BEFORE),
            hooks.get(AFTER),
        )
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise AWSError("InvalidRevisionException", f"The AppSpec file is not valid: {error!r}") from error
