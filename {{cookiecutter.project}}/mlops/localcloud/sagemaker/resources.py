"""CloudFormation types of hosting and of the model registry."""

import threading
from typing import Any

from botocore.exceptions import ClientError

from mlops.localcloud import context
from mlops.localcloud.cloudformation import ResourceType, physical_name

_POLL_SECONDS = 0.1
# CloudFormation lets templates write these as text; the API wants their types.
_NUMBERS = {
    "InitialInstanceCount": int,
    "InitialVariantWeight": float,
    "InitialSamplingPercentage": int,
    "ContainerStartupHealthCheckTimeoutInSeconds": int,
    "ModelDataDownloadTimeoutInSeconds": int,
    "VolumeSizeInGB": int,
}
_FLAGS = ("EnableCapture", "EnableNetworkIsolation")


def _simple(noun: str, replace_on: tuple[str, ...]) -> ResourceType:
    """A type that is made by Create{noun}, replaced by any change, and deleted by Delete{noun}."""
    member = f"{noun}Name"
    verb = {
        "EndpointConfig": "endpoint_config",
        "Model": "model",
        "ModelPackageGroup": "model_package_group",
    }[noun]

    def create(properties: dict, logical_id: str, stack_name: str) -> tuple[str, dict]:
        name = properties.get(member) or physical_name(stack_name, logical_id, 63)
        answer = getattr(context.client("sagemaker"), f"create_{verb}")(
            **{**_typed(properties), member: name}
        )
        return answer[f"{noun}Arn"], {member: name, f"{noun}Arn": answer[f"{noun}Arn"]}

    def update(physical_id: str, _old: dict, new: dict) -> tuple[str, dict]:
        # Tags alone change in place.
        context.client("sagemaker").add_tags(ResourceArn=physical_id, Tags=new.get("Tags", []))
        return physical_id, {member: _name(physical_id), f"{noun}Arn": physical_id}

    def delete(physical_id: str, _properties: dict) -> None:
        _unless_gone(getattr(context.client("sagemaker"), f"delete_{verb}"), **{member: _name(physical_id)})

    return ResourceType(create, delete, update, replace_on)


def _create_endpoint(properties: dict, logical_id: str, stack_name: str) -> tuple[str, dict]:
    name = properties.get("EndpointName") or physical_name(stack_name, logical_id, 63)
    request = {key: properties[key] for key in ("EndpointConfigName", "Tags") if key in properties}
    arn = context.client("sagemaker").create_endpoint(**request, EndpointName=name)["EndpointArn"]
    try:
        _await_service(name, request["EndpointConfigName"])
    except RuntimeError:
        # CloudFormation rolls a failed creation back without a physical id to delete.
        _delete_endpoint(arn, properties)
        raise
    return arn, {"EndpointName": name}


def _update_endpoint(physical_id: str, _old: dict, new: dict) -> tuple[str, dict]:
    name = _name(physical_id)
    client = context.client("sagemaker")
    if client.describe_endpoint(EndpointName=name)["EndpointConfigName"] != _name(new["EndpointConfigName"]):
        client.update_endpoint(EndpointName=name, EndpointConfigName=_name(new["EndpointConfigName"]))
        _await_service(name, _name(new["EndpointConfigName"]))
    return physical_id, {"EndpointName": name}


def _delete_endpoint(physical_id: str, _properties: dict) -> None:
    name = _name(physical_id)
    _unless_gone(context.client("sagemaker").delete_endpoint, EndpointName=name)
    context.client("sagemaker").get_waiter("endpoint_deleted").wait(
        EndpointName=name, WaiterConfig={"Delay": _POLL_SECONDS, "MaxAttempts": 1000}
    )


def _await_service(name: str, configuration: str) -> None:
    """Wait until the endpoint serves this configuration. Raises RuntimeError with its FailureReason."""
    client = context.client("sagemaker")
    waiting = threading.Event()
    while (told := client.describe_endpoint(EndpointName=name))["EndpointStatus"] not in (
        "InService",
        "Failed",
    ):
        waiting.wait(_POLL_SECONDS)
    if told["EndpointStatus"] == "Failed" or told["EndpointConfigName"] != configuration:
        raise RuntimeError(told.get("FailureReason", f"Endpoint {name} is {told['EndpointStatus']}"))


def _typed(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _typed(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    if name in _NUMBERS:
        return _NUMBERS[name](value)
    return str(value).lower() == "true" if name in _FLAGS else value


def _name(arn_or_name: str) -> str:
    return arn_or_name.rpartition("/")[2]


def _unless_gone(call: Any, **request: str) -> None:
    try:
        call(**request)
    except ClientError as error:
        message = error.response["Error"]["Message"]
        if "Could not find" not in message and "does not exist" not in message:
            raise


resource_types = {
    "AWS::SageMaker::Model": _simple(
        "Model", ("ModelName", "PrimaryContainer", "Containers", "ExecutionRoleArn", "VpcConfig")
    ),
    "AWS::SageMaker::EndpointConfig": _simple(
        "EndpointConfig",
        ("EndpointConfigName", "ProductionVariants", "DataCaptureConfig", "KmsKeyId"),
    ),
    "AWS::SageMaker::ModelPackageGroup": _simple(
        "ModelPackageGroup", ("ModelPackageGroupName", "ModelPackageGroupDescription")
    ),
    "AWS::SageMaker::Endpoint": ResourceType(
        _create_endpoint, _delete_endpoint, _update_endpoint, replace_on=("EndpointName",)
    ),
}
