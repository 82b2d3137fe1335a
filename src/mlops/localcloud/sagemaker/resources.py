"""CloudFormation types of hosting and of the model registry, as thin as their API.

The types' schemas define the effect of a change of a property: a model and a configuration are replaced, an endpoint
is updated in place. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SageMaker.html
"""

import threading
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.model import Shape

from mlops import shapes
from mlops.localcloud import context
from mlops.localcloud.cloudformation import ResourceType, physical_name

_NAME_LENGTH = 63
_POLL_SECONDS = 0.1
_STABLE = ("InService", "Failed")
_GONE = ("Could not find", "does not exist")


class NotStabilized(Exception):
    """The endpoint did not reach InService. The text is its FailureReason."""


def _replaced(noun: str, *create_only: str) -> ResourceType:
    """A type of which only tags can be changed in place; `create_only` are its properties besides name and tags."""
    name_of = f"{noun}Name"

    def create(properties: dict, logical_id: str, stack_name: str) -> tuple[str, dict]:
        name = properties.get(name_of) or physical_name(stack_name, logical_id, _NAME_LENGTH)
        arn = _call(f"Create{noun}", {**properties, name_of: name})[f"{noun}Arn"]
        return arn, _attributes(noun, arn)

    def update(arn: str, old: dict, new: dict) -> tuple[str, dict]:
        _retag(arn, old, new)
        return arn, _attributes(noun, arn)

    def delete(arn: str, _properties: dict) -> None:
        _unless_gone(f"Delete{noun}", {name_of: _name(arn)})

    return ResourceType(create, delete, update, (name_of, *create_only))


def _create_endpoint(properties: dict, logical_id: str, stack_name: str) -> tuple[str, dict]:
    name = properties.get("EndpointName") or physical_name(stack_name, logical_id, _NAME_LENGTH)
    made_with = ("EndpointConfigName", "DeploymentConfig", "Tags")
    request = {key: properties[key] for key in made_with if key in properties}
    arn = _call("CreateEndpoint", {**request, "EndpointName": name})["EndpointArn"]
    try:
        _await_service(name, properties["EndpointConfigName"])
    except NotStabilized:
        # A failed creation returns no physical id, so that CloudFormation's rollback cannot delete it.
        _delete_endpoint(arn, properties)
        raise
    return arn, _attributes("Endpoint", arn)


def _update_endpoint(arn: str, old: dict, new: dict) -> tuple[str, dict]:
    """Update in place. After a failure the endpoint serves its previous configuration: CloudFormation's rollback changes nothing."""
    name = _name(arn)
    _retag(arn, old, new)
    serving = _call("DescribeEndpoint", {"EndpointName": name})["EndpointConfigName"]
    if serving != new["EndpointConfigName"]:
        request = {key: value for key, value in new.items() if key != "Tags"}
        _call("UpdateEndpoint", {**request, "EndpointName": name})
        _await_service(name, new["EndpointConfigName"])
    return arn, _attributes("Endpoint", arn)


def _delete_endpoint(arn: str, _properties: dict) -> None:
    name = _name(arn)
    _unless_gone("DeleteEndpoint", {"EndpointName": name})
    deleted = context.client("sagemaker").get_waiter("endpoint_deleted")
    deleted.wait(EndpointName=name, WaiterConfig={"Delay": _POLL_SECONDS, "MaxAttempts": 1200})


def _await_service(name: str, configuration: str) -> None:
    """Wait until the endpoint serves this configuration. Raises NotStabilized."""
    waiting = threading.Event()
    while (description := _call("DescribeEndpoint", {"EndpointName": name}))["EndpointStatus"] not in _STABLE:
        waiting.wait(_POLL_SECONDS)
    if description["EndpointStatus"] == "Failed" or description["EndpointConfigName"] != configuration:
        raise NotStabilized(description.get("FailureReason") or f"Endpoint {name} is {description['EndpointStatus']}")


def _retag(arn: str, old: dict, new: dict) -> None:
    before, after = ({tag["Key"]: tag["Value"] for tag in each.get("Tags", [])} for each in (old, new))
    if removed := [key for key in before if key not in after]:
        _call("DeleteTags", {"ResourceArn": arn, "TagKeys": removed})
    if after and after != before:
        _call("AddTags", {"ResourceArn": arn, "Tags": new["Tags"]})


def _call(operation: str, request: dict) -> dict:
    typed = _typed(request, shapes.input_shape("sagemaker", operation))
    return getattr(context.client("sagemaker"), xform_name(operation))(**typed)


def _typed(value: Any, shape: Shape | None) -> Any:
    """A property in the type of the API: templates may write numbers and booleans as text."""
    if shape is None:
        return value
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return {key: _typed(item, shape.members.get(key)) for key, item in value.items()}
    if kind == "map" and isinstance(value, dict):
        return {key: _typed(item, shape.value) for key, item in value.items()}
    if kind == "list" and isinstance(value, list):
        return [_typed(item, shape.member) for item in value]
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    if kind in ("integer", "long") and isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    if kind in ("float", "double") and isinstance(value, str):
        return float(value)
    return str(value) if kind == "string" and isinstance(value, int | float) else value


def _unless_gone(operation: str, request: dict) -> None:
    try:
        _call(operation, request)
    except ClientError as error:
        if not any(words in error.response["Error"]["Message"] for words in _GONE):
            raise


def _attributes(noun: str, arn: str) -> dict:
    return {f"{noun}Name": _name(arn), f"{noun}Arn": arn}


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


resource_types = {
    "AWS::SageMaker::Model": _replaced(
        "Model",
        "PrimaryContainer",
        "Containers",
        "InferenceExecutionConfig",
        "ExecutionRoleArn",
        "EnableNetworkIsolation",
        "VpcConfig",
    ),
    "AWS::SageMaker::EndpointConfig": _replaced(
        "EndpointConfig",
        "ProductionVariants",
        "ShadowProductionVariants",
        "DataCaptureConfig",
        "AsyncInferenceConfig",
        "ExplainerConfig",
        "MetricsConfig",
        "KmsKeyId",
        "ExecutionRoleArn",
        "EnableNetworkIsolation",
        "VpcConfig",
    ),
    "AWS::SageMaker::Endpoint": ResourceType(_create_endpoint, _delete_endpoint, _update_endpoint, ("EndpointName",)),
    "AWS::SageMaker::ModelPackageGroup": _replaced("ModelPackageGroup", "ModelPackageGroupDescription"),
}
