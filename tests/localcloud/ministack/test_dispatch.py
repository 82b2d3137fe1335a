"""Requests that AWS refuses, and operations that ministack acknowledges without effect, are refused before ministack handles them."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session
from harness import Cloud
from stacks import failure, outcome

ALARM = {
    "AlarmName": "refused",
    "MetricName": "m",
    "Namespace": "n",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
FUNCTION = {
    "FunctionName": "refused",
    "Runtime": "python3.13",
    "Role": "arn:aws:iam::000000000000:role/worker",
    "Handler": "app.handler",
    "Code": {"ZipFile": b"x"},
}
# service, operation, parameters that AWS's model forbids, the error's code, what its message names
FORBIDDEN = [
    ("cloudwatch", "put_metric_alarm", {**ALARM, "ComparisonOperator": "Bigger"}, "ValidationError", "Bigger"),
    (
        "lambda",
        "create_function",
        {**FUNCTION, "Runtime": "python3.99"},
        "InvalidParameterValueException",
        "python3.99",
    ),
    ("lambda", "create_function", {**FUNCTION, "MemorySize": 1}, "ValidationException", "MemorySize"),
    ("events", "put_rule", {"Name": "no spaces", "ScheduleExpression": "rate(1 day)"}, "ValidationException", "Name"),
    ("iam", "create_role", {"RoleName": "a b", "AssumeRolePolicyDocument": "{}"}, "ValidationError", "RoleName"),
    ("logs", "create_log_group", {"logGroupName": "a?b"}, "InvalidParameterException", "logGroupName"),
    ("ssm", "put_parameter", {"Name": "n", "Value": "v", "Type": "Text"}, "ValidationException", "Type"),
    ("sqs", "create_queue", {"QueueName": "q", "Attributes": {"Nonsense": "1"}}, "InvalidAttributeName", "Nonsense"),
    ("stepfunctions", "list_executions", {"stateMachineArn": "a", "statusFilter": "ODD"}, "ValidationException", "ODD"),
    ("apigateway", "create_rest_api", {"name": "n", "apiKeySource": "?"}, "BadRequestException", "apiKeySource"),
    ("cloudformation", "create_stack", {"StackName": "s", "OnFailure": "PRAY"}, "ValidationError", "PRAY"),
]


@pytest.fixture
def unchecked(cloud: Cloud) -> Callable[[str], BaseClient]:
    """Clients without the parameter validation of botocore."""

    def client(service: str) -> BaseClient:
        return cloud.client(service, config=Config(parameter_validation=False, inject_host_prefix=False))

    return client


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code", "named"),
    FORBIDDEN,
    ids=[f"{each[0]}-{each[3]}" for each in FORBIDDEN],
)
def test_a_parameter_that_the_model_forbids_is_refused(
    unchecked: Callable[[str], BaseClient], service: str, operation: str, parameters: dict, code: str, named: str
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(unchecked(service), operation)(**parameters)
    error = refused.value.response["Error"]
    assert (error["Code"], named in error["Message"]) == (code, True), error


def test_a_refused_alarm_is_not_created(cloud: Cloud, unchecked: Callable[[str], BaseClient]) -> None:
    with pytest.raises(ClientError):
        unchecked("cloudwatch").put_metric_alarm(**{**ALARM, "ComparisonOperator": "Bigger"})
    assert cloud.client("cloudwatch").describe_alarms(AlarmNames=["refused"])["MetricAlarms"] == []


def test_an_unknown_attribute_of_a_topic_is_refused(cloud: Cloud) -> None:
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="attributes")["TopicArn"]
    with pytest.raises(sns.exceptions.InvalidParameterException, match="Nonsense"):
        sns.create_topic(Name="never-made", Attributes={"Nonsense": "1"})
    with pytest.raises(sns.exceptions.InvalidParameterException, match="Nonsense"):
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Nonsense", AttributeValue="1")
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="Shown")
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "Shown"


CONFIG = "arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-0123456789abcdef0"
UPLOAD = "00000000-0000-4000-8000-000000000000"
PRETENDED = [
    ("lambda", "put_function_code_signing_config", {"FunctionName": "absent", "CodeSigningConfigArn": CONFIG}),
    ("lambda", "get_function_code_signing_config", {"FunctionName": "absent"}),
    ("lambda", "list_code_signing_configs", {}),
    ("ecr", "initiate_layer_upload", {"repositoryName": "some"}),
    (
        "ecr",
        "upload_layer_part",
        {"repositoryName": "some", "uploadId": UPLOAD, "partFirstByte": 0, "partLastByte": 1, "layerPartBlob": b"xx"},
    ),
    (
        "ecr",
        "complete_layer_upload",
        {"repositoryName": "some", "uploadId": UPLOAD, "layerDigests": ["sha256:" + "0" * 64]},
    ),
    ("events", "list_endpoints", {}),
    ("apigateway", "import_api_keys", {"body": b"x", "format": "csv"}),
    ("cloudformation", "detect_stack_drift", {"StackName": "any"}),
]


@pytest.mark.parametrize(("service", "operation", "parameters"), PRETENDED, ids=[each[1] for each in PRETENDED])
def test_operations_that_ministack_acknowledges_without_effect_are_refused(
    unchecked: Callable[[str], BaseClient], service: str, operation: str, parameters: dict
) -> None:
    client = unchecked(service)
    name = client.meta.method_to_api_mapping[operation]
    with pytest.raises(ClientError, match=f"does not implement {service} {name}") as refused:
        getattr(client, operation)(**parameters)
    assert refused.value.response["Error"]["Code"] == "NotImplemented"


ON_NOTHING: list[tuple[str, str, dict[str, Any], str]] = [
    ("events", "disable_rule", {"Name": "absent"}, "ResourceNotFoundException"),
    ("events", "enable_rule", {"Name": "absent"}, "ResourceNotFoundException"),
    ("logs", "stop_query", {"queryId": "absent"}, "ResourceNotFoundException"),
    (
        "ssm",
        "add_tags_to_resource",
        {"ResourceType": "Parameter", "ResourceId": "absent", "Tags": [{"Key": "k", "Value": "v"}]},
        "InvalidResourceId",
    ),
]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code"), ON_NOTHING, ids=[each[1] for each in ON_NOTHING]
)
def test_requests_for_missing_resources_are_refused(
    cloud: Cloud, service: str, operation: str, parameters: dict, code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(cloud.client(service), operation)(**parameters)
    assert refused.value.response["Error"]["Code"] == code


def test_answers_have_no_members_without_a_value(cloud: Cloud) -> None:
    answers: list[bytes] = []
    for service, operation, parameters in (
        ("cloudwatch", "describe_alarms", {}),
        ("apigateway", "create_rest_api", {"name": "empty"}),
        ("apigateway", "get_rest_apis", {}),
    ):
        client = cloud.client(service)
        client.meta.events.register(
            "before-parse.*.*", lambda response_dict, **_: answers.append(response_dict["body"])
        )
        if operation == "describe_alarms":
            client.put_metric_alarm(**{**ALARM, "AlarmName": "empty"})
        getattr(client, operation)(**parameters)
    assert answers
    assert not [answer for answer in answers if b"null" in answer]


def test_a_change_set_is_described_with_the_members_of_its_shape(cloud: Cloud) -> None:
    client = cloud.client("cloudformation")
    answers: list[bytes] = []
    client.meta.events.register(
        "before-parse.cloudformation.DescribeChangeSet",
        lambda response_dict, **_: answers.append(response_dict["body"]),
    )
    name = {"StackName": "described", "ChangeSetName": "first"}
    template = '{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}'
    client.create_change_set(**name, ChangeSetType="CREATE", TemplateBody=template)
    client.get_waiter("change_set_create_complete").wait(**name, WaiterConfig={"Delay": 1})
    assert b"ChangeSetType" not in answers[-1]
    client.delete_stack(StackName="described")


UNKNOWN = [
    ("AWS::SNS::Topic", {"Nonsense": 1}, "extraneous key [Nonsense] is not permitted"),
    ("AWS::S3::Bucket", {"Nonsense": 1}, "extraneous key [Nonsense] is not permitted"),
    ("AWS::S3::Bucket", {"VersioningConfiguration": {"Status": "On"}}, "#/VersioningConfiguration/Status: On is not"),
    (
        "AWS::Lambda::Function",
        {"Runtime": "python3.99", "Role": FUNCTION["Role"], "Code": {"ZipFile": "x"}, "Handler": "a.b"},
        "#/Runtime: python3.99 is not a valid enum value",
    ),
    (
        "AWS::CloudWatch::Alarm",
        {"MetricName": "m", "Namespace": "n", "EvaluationPeriods": 1, "ComparisonOperator": "Bigger"},
        "#/ComparisonOperator: Bigger is not a valid enum value",
    ),
]


@pytest.mark.parametrize(
    ("kind", "properties", "reason"), UNKNOWN, ids=[f"{each[0]}-{each[2][:20]}" for each in UNKNOWN]
)
def test_a_property_that_a_type_does_not_have_fails_the_resource(
    cloud: Cloud, kind: str, properties: dict, reason: str
) -> None:
    assert reason in failure(cloud, kind, properties)


def test_scalars_of_templates_are_converted(cloud: Cloud) -> None:
    properties = {**ALARM, "AlarmName": "scalars", "Period": "60", "Threshold": "1.5", "ActionsEnabled": "false"}
    status, reasons = outcome(cloud, "AWS::CloudWatch::Alarm", properties)
    assert (status, reasons) == ("CREATE_COMPLETE", [])


def test_a_template_of_sam_is_refused_with_advice_that_helps(cloud: Cloud) -> None:
    template = '{"Transform": "AWS::Serverless-2016-10-31", "Resources": {"T": {"Type": "AWS::SNS::Topic"}}}'
    with pytest.raises(ClientError, match="does not implement the transform AWS::Serverless-2016-10-31: write"):
        cloud.client("cloudformation").create_stack(StackName="sam", TemplateBody=template)


def test_resources_of_nested_stacks_are_checked(cloud: Cloud, bucket: str) -> None:
    inner = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"Nonsense": 1}}}}'
    cloud.client("s3").put_object(Bucket=bucket, Key="inner.json", Body=inner)
    status, reasons = outcome(
        cloud, "AWS::CloudFormation::Stack", {"TemplateURL": f"https://s3.amazonaws.com/{bucket}/inner.json"}
    )
    assert status == "ROLLBACK_COMPLETE"
    assert reasons


@pytest.mark.parametrize(
    ("service", "target"),
    [
        ("sts", "AWSSecurityTokenServiceV20110615.AssumeRoleWithWebIdentity"),
        ("cloudformation", "CloudFormation_20100515.CreateStack"),
    ],
)
def test_query_services_refuse_json(cloud: Cloud, service: str, target: str) -> None:
    client = cloud.client(service)
    request = AWSRequest(
        "POST",
        cloud.endpoint_url,
        headers={"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target},
        data="{}",
    )
    SigV4Auth(client._get_credentials(), service, "us-east-1").add_auth(request)
    answer = URLLib3Session().send(request.prepare())
    assert answer.status_code >= 400
    assert "query protocol only" in answer.text
