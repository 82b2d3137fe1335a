"""Requests that no client should send: each operation answers them with AWS's 4xx, never with 500."""

import importlib
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import OperationModel, Shape
from harness import Cloud, start_cloud

from mlops import shapes
from mlops.localcloud.service import Service

pytestmark = pytest.mark.acceptance

PACKAGES = ("sagemaker", "codepipeline", "codebuild", "codedeploy", "applicationautoscaling")
NAME = "known"
ROLE = f"arn:aws:iam::000000000000:role/{NAME}"
# Each pattern of these services matches one of them; all are names of the fixture's resources.
STRINGS = (
    NAME,
    ROLE,
    f"arn:aws:sagemaker:us-east-1:000000000000:model-package-group/{NAME}",
    f"arn:aws:sagemaker:us-east-1:000000000000:model-package/{NAME}/1",
    f"arn:aws:codepipeline:us-east-1:000000000000:{NAME}",
    f"s3://{NAME}/key",
    "https://known.example/key",
    "/opt/ml/known",
    "0123456789ab",
    "11111111-1111-1111-1111-111111111111",
    "1",
    "sg-0123456789abcdef0",
    "0" * 64,
)
PIPELINE = {
    "name": NAME,
    "roleArn": ROLE,
    "pipelineType": "V2",
    "artifactStore": {"type": "S3", "location": NAME},
    "variables": [{"name": "Release", "description": "none"}],
    "stages": [
        {
            "name": "Source",
            "actions": [
                {
                    "name": "Source",
                    "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "S3", "version": "1"},
                    "configuration": {"S3Bucket": NAME, "S3ObjectKey": "key", "PollForSourceChanges": "false"},
                    "outputArtifacts": [{"name": "Source"}],
                    "namespace": "SourceVariables",
                    "runOrder": 1,
                }
            ],
        },
        {
            "name": NAME,
            "actions": [
                {
                    "name": NAME,
                    "actionTypeId": {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"},
                    "configuration": {"ProjectName": NAME},
                    "inputArtifacts": [{"name": "Source"}],
                }
            ],
        },
    ],
}
APPSPEC = {"revisionType": "AppSpecContent", "appSpecContent": {"content": "{}"}}
# Values by the name of the shape, for operations that the first value of an enumeration would not reach.
VALUES: dict[str, Any] = {
    "ArtifactsType": "NO_ARTIFACTS",
    "CacheType": "NO_CACHE",
    "ComputePlatform": "Lambda",
    "DeploymentConfig": {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": NAME}]}},
    "DeploymentConfigName": "CodeDeployDefault.LambdaAllAtOnce",
    "DeploymentType": "BLUE_GREEN",
    "DeploymentOption": "WITH_TRAFFIC_CONTROL",
    "MetricRegex": "(1)",
    "MetricType": "SageMakerVariantInvocationsPerInstance",
    "PipelineDeclaration": PIPELINE,
    "PolicyType": "TargetTrackingScaling",
    "RevisionLocation": APPSPEC,
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    "ServiceNamespace": "sagemaker",
    "ProcessingInstanceCount": 1,
    "ProcessingLocalPath": "/opt/ml/processing/known",
    "ProcessingS3DataType": "S3Prefix",
    "S3DataType": "S3Prefix",
    "SourceType": "S3",
    "TrainingInputMode": "File",
    "TrainingInstanceCount": 1,
}
# Members that AWS does not accept together with another of the same request.
INSTEAD_OF_ANOTHER = {
    "CreateHyperParameterTuningJob": "WarmStartConfig",
    "CreateModel": "PrimaryContainer.ModelPackageName",
    "CreateModelPackage": "Tags",
}
TOKENS = ("garbage", "-5", "10", "from-ten", "from--5", "1e3")
WRONG: dict[str, Any] = {"string": 5, "integer": "many", "long": "many", "float": "much", "double": "much"}
UNSUPPORTED = re.compile(r"does not (?:implement|support|carry out)(?: \w+ with)? ([\w.\[\]]+)")


def services() -> list[Service]:
    """The services that the local cloud adds."""
    packages = [importlib.import_module(f"mlops.localcloud.{name}") for name in PACKAGES]
    return [package.service for package in packages] + [packages[0].runtime_service]


def operations(service: str) -> list[OperationModel]:
    """Every supported operation of a service; operations that delete needed resources come last."""
    [match] = [each for each in services() if each.name == service]
    models = [match.model.operation_model(name) for name in match.model.operation_names]
    models = [model for model in models if xform_name(model.name) in match.implemented]
    return sorted(models, key=lambda model: model.name.startswith("Delete"))


def value(shape: Shape, inside: tuple[str, ...] = ()) -> Any:
    """A valid value of the shape, with every member."""
    kind = shape.type_name
    if shape.name in VALUES:
        return VALUES[shape.name]
    if kind == "structure":
        members = {
            name: value(member, (*inside, shape.name))
            for name, member in shape.members.items()
            if member.name not in inside
        }
        return dict(list(members.items())[:1]) if getattr(shape, "is_tagged_union", False) else members
    if kind == "list":
        return (
            [] if shape.member.name in inside else [value(shape.member, inside)] * max(1, shape.metadata.get("min", 1))
        )
    if kind == "map":
        return {value(shape.key, inside): value(shape.value, inside)}
    if kind == "string":
        if shape.metadata.get("enum"):
            return shape.metadata["enum"][0]
        return next((text for text in STRINGS if not shapes.check(text, shape)), STRINGS[0])
    if kind == "timestamp":
        return 1_700_000_000
    if kind in ("blob", "boolean"):
        return "e30=" if kind == "blob" else False
    return shape.metadata.get("min", 1)


def without_one(request: dict, prefix: tuple[str, ...] = ()) -> Iterator[dict]:
    """The request with one member left out, each in turn, at every depth."""
    for name, item in request.items():
        yield {key: each for key, each in request.items() if key != name}
        if isinstance(item, dict):
            yield from ({**request, name: less} for less in without_one(item))
        if isinstance(item, list) and item and isinstance(item[0], dict):
            yield from ({**request, name: [less]} for less in without_one(item[0]))


def fitting(request: dict, shape: Shape) -> dict:
    """The request without the optional members that none of STRINGS fits."""
    while problems := [each for each in shapes.check(request, shape) if each.rule not in ("type", "unknown")]:
        path = problems[0].path.split(".")
        request = without(request, path[:-1] if problems[0].rule in ("required", "union") else path)
    return request


def without(request: Any, path: list[str]) -> Any:
    """The request without the member at a path such as InputDataConfig[0].InputMode, split at its dots."""
    name, _, index = path[0].rstrip("]").partition("[")
    if isinstance(request, list):
        return [without(each, path) for each in request]
    if name not in request:
        return request
    if len(path) == 1:
        return {key: item for key, item in request.items() if key != name}
    return {**request, name: without(request[name], path[1:])}


def renamed(operation: str, request: dict) -> dict:
    """The request of a Create operation for something that does not exist yet; any other as it is."""
    kind = operation.removeprefix("Create")
    if operation == "CreatePipeline" and "pipeline" in request:
        return {**request, "pipeline": renamed(operation, request["pipeline"])}
    names = [key for key in request if key.lower() in ("name", f"{kind.lower()}name")] if kind != operation else []
    return request | {name: f"new-{uuid.uuid4().hex[:12]}" for name in names}


def malformed(shape: Shape | None) -> Iterator[Any]:
    """Requests with every kind of fault except missing members."""
    yield from ({}, [], "text", 5, {"NoSuchMember": 1})
    if shape is None:
        return
    complete = value(shape)
    for name, member in shape.members.items():
        yield {**complete, name: WRONG.get(member.type_name, "not this type")}
        yield {**complete, name: None}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud where nothing else runs, with one resource of each kind that requests name."""
    running = start_cloud(tmp_path_factory.mktemp("malformed"))
    services = [f"{name}.amazonaws.com" for name in ("sagemaker", "codebuild", "codedeploy", "codepipeline")]
    trust = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    running.client("iam").create_role(RoleName=NAME, AssumeRolePolicyDocument=document)
    running.client("s3").create_bucket(Bucket=NAME)
    running.client("sagemaker").create_model_package_group(ModelPackageGroupName=NAME)
    running.client("codebuild").create_project(
        name=NAME,
        source={"type": "S3", "location": f"{NAME}/source.zip"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": NAME, "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole=ROLE,
    )
    running.client("codepipeline").create_pipeline(pipeline=PIPELINE)
    codedeploy = running.client("codedeploy")
    codedeploy.create_application(applicationName=NAME, computePlatform="Lambda")
    codedeploy.create_deployment_group(applicationName=NAME, deploymentGroupName=NAME, serviceRoleArn=ROLE)
    yield running
    running.process.stdin.close()
    running.process.wait(timeout=60)


class Sender:
    """Sends bodies as they are under a client's signature."""

    def __init__(self, cloud: Cloud, service: str):
        self._client = cloud.client(
            service, config=Config(parameter_validation=False, retries={"total_max_attempts": 1})
        )
        self._client.meta.events.register("before-call", self._replace)
        self._body: Any = None

    def _replace(self, params: dict, **_: Any) -> None:
        params["body"] = json.dumps(self._body).encode()

    def status(self, operation: str, body: Any) -> tuple[int, str]:
        """HTTP status and error of an operation that is called with this body."""
        self._body = body
        try:
            answer = self._client._make_api_call(operation, {})
        except ClientError as error:
            return error.response["ResponseMetadata"]["HTTPStatusCode"], str(error)
        return answer["ResponseMetadata"]["HTTPStatusCode"], ""


class Failures:
    """Responses that are failures of the local cloud: 5xx, except for operations that it refuses by name."""

    def __init__(self, cloud: Cloud, service: str):
        self._sender = Sender(cloud, service)
        self.found: list[tuple[str, str, str]] = []

    def send(self, operation: str, body: Any) -> str:
        """Send a request, keep its failure, return its error."""
        status, error = self._sender.status(operation, body)
        if status >= 500 and "NotImplemented" not in error:
            self.found.append((operation, error, json.dumps(body)[:300]))
        return error

    def supported(self, operation: OperationModel, request: dict) -> dict:
        """The request without the members that the local cloud refuses by name."""
        while refused := UNSUPPORTED.search(self.send(operation.name, request)):
            less = fitting(without(request, refused[1].split(".")), operation.input_shape)
            if less == request:
                return request
            request = less
        return request


of_each_service = pytest.mark.parametrize("service", [each.name for each in services() if each.target_prefix])


@of_each_service
def test_no_malformed_request_makes_an_operation_fail(prepared: Cloud, service: str) -> None:
    failures = Failures(prepared, service)
    for model in operations(service):
        for body in malformed(model.input_shape):
            failures.send(model.name, body)
    assert not failures.found


@of_each_service
def test_missing_members_never_fail_an_operation_internally(prepared: Cloud, service: str) -> None:
    failures = Failures(prepared, service)
    for model in operations(service):
        if model.input_shape:
            complete = fitting(value(model.input_shape), model.input_shape)
            complete = without(complete, INSTEAD_OF_ANOTHER.get(model.name, "none").split("."))
            request = failures.supported(model, complete)
            failures.send(model.name, {name: request[name] for name in model.input_shape.required_members})
            for less in without_one(request):
                failures.send(model.name, renamed(model.name, less))
    assert not failures.found


@of_each_service
def test_unknown_pagination_token_is_refused(prepared: Cloud, service: str) -> None:
    sender, accepted = Sender(prepared, service), []
    for model in operations(service):
        members = model.input_shape.members if model.input_shape else {}
        for name in [each for each in members if each.lower() == "nexttoken"]:
            required = {each: value(members[each]) for each in model.input_shape.required_members}
            declared = {shape.name for shape in model.error_shapes}
            codes = {"InvalidNextTokenException", "InvalidInputException"} & declared or {"ValidationException"}
            for token in TOKENS:
                status, error = sender.status(model.name, {**required, name: token})
                missing = "NotFound" in error or "DoesNotExist" in error
                if not missing and (status != 400 or not any(f"({code})" in error for code in codes)):
                    accepted.append((model.name, token, status, error))
    assert not accepted


def test_a_token_continues_a_list(prepared: Cloud) -> None:
    sagemaker = prepared.client("sagemaker")
    names = [f"page-{number}" for number in range(5)]
    for name in names:
        sagemaker.create_model_package_group(ModelPackageGroupName=name)
    pages = sagemaker.get_paginator("list_model_package_groups").paginate(
        NameContains="page-", PaginationConfig={"PageSize": 2}
    )
    listed = [[each["ModelPackageGroupName"] for each in page["ModelPackageGroupSummaryList"]] for page in pages]
    assert listed == [names[:2], names[2:4], names[4:]]


def test_required_member_that_the_shape_calls_optional_is_named(prepared: Cloud) -> None:
    refused = Sender(prepared, "codedeploy").status("CreateDeployment", {"applicationName": NAME, "revision": APPSPEC})
    assert "(DeploymentGroupNameRequiredException)" in refused[1]
    assert "deploymentGroupName is required" in refused[1]
