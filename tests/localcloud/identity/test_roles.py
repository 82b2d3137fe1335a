"""The permissions of a role hold for every principal that assumes it: callers, services, stacks, state machines."""

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import boto3
import machines
import pytest
from botocore.exceptions import ClientError
from harness import Cloud
from lambdas import Lambdas
from waiting import until

from mlops.localcloud.enforcement import ledger

ACCOUNT = "000000000000"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:"


@pytest.fixture
def names() -> Callable[[str], str]:
    return lambda name: f"{name}-{time.time_ns() % 10**9}"


@pytest.fixture
def make_role(cloud: Cloud, names) -> Callable[..., str]:
    """Makes a role with these statements, for a service or for the account's own callers."""

    def make(*statements: dict, service: str = "", trusting: dict | None = None, **members: Any) -> str:
        principal = {"Service": f"{service}.amazonaws.com"} if service else {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **(trusting or {})}
        iam, name = cloud.client("iam"), names("role")
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, **members)["Role"]
        if statements:
            policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy)
        return role["Arn"]

    return make


def allow(action: str | list[str], resource: str | list[str] = "*", **members: Any) -> dict:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **members}


def denied(call: Callable[..., Any], **request: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**request)
    assert error.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")
    return str(error.value)


def endpoint(name: str) -> str:
    return f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/{name}"


def test_a_role_that_does_not_exist_is_denied_to_its_caller_by_name(cloud: Cloud, person: dict[str, str]) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/never-made"
    error = denied(cloud.client("sts", person).assume_role, RoleArn=role, RoleSessionName="tester")
    caller = f"arn:aws:iam::{ACCOUNT}:user/person"
    assert f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role}" in error


def test_an_action_is_allowed_on_the_resource_that_the_policy_names_only(make_role, acting) -> None:
    sagemaker = acting("sagemaker", make_role(allow("sagemaker:DescribeEndpoint", endpoint("mine"))))
    with pytest.raises(ClientError, match="Could not find endpoint"):
        sagemaker.describe_endpoint(EndpointName="mine")
    message = denied(sagemaker.describe_endpoint, EndpointName="other")
    assert f"is not authorized to perform: sagemaker:DescribeEndpoint on resource: {endpoint('other')}" in message
    assert "because no identity-based policy allows the sagemaker:DescribeEndpoint action" in message
    assert ":assumed-role/role-" in message


def test_events_of_a_log_are_read_by_its_stream(make_role, acting) -> None:
    streams = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/TrainingJobs:log-stream:mine-*"
    reader = acting("logs", make_role(allow("logs:GetLogEvents", streams)))
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        reader.get_log_events(logGroupName="/aws/sagemaker/TrainingJobs", logStreamName="mine-1/algo-1")
    denied(reader.get_log_events, logGroupName="/aws/sagemaker/TrainingJobs", logStreamName="others-1/algo-1")


def test_an_action_that_needs_two_resources_is_checked_on_both(make_role, acting) -> None:
    role = make_role(allow("sagemaker:UpdateEndpoint", endpoint("mine")))
    message = denied(acting("sagemaker", role).update_endpoint, EndpointName="mine", EndpointConfigName="any")
    assert "endpoint-config/any" in message


def test_model_packages_are_listed_only_with_the_permission_on_everything(make_role, acting) -> None:
    of_one_group = allow("sagemaker:ListModelPackages", f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model-package/mine/*")
    denied(acting("sagemaker", make_role(of_one_group)).list_model_packages, ModelPackageGroupName="mine")
    lister = acting("sagemaker", make_role(allow("sagemaker:ListModelPackages")))
    with pytest.raises(ClientError, match="model-package-group/mine does not exist"):
        lister.list_model_packages(ModelPackageGroupName="mine")


def test_an_explicit_deny_wins(make_role, acting) -> None:
    role = make_role(allow("sagemaker:ListEndpoints"), {"Effect": "Deny", "Action": "sagemaker:*", "Resource": "*"})
    assert "with an explicit deny" in denied(acting("sagemaker", role).list_endpoints)


def test_boundary_limits_the_permissions_of_a_role(cloud: Cloud, make_role, acting, names) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow("sns:*")]})
    boundary = cloud.client("iam").create_policy(PolicyName=names("boundary"), PolicyDocument=document)["Policy"]["Arn"]
    role = make_role(allow(["sagemaker:ListEndpoints", "sns:ListTopics"]), PermissionsBoundary=boundary)
    acting("sns", role).list_topics()
    assert "not authorized to perform: sagemaker:ListEndpoints" in denied(acting("sagemaker", role).list_endpoints)


def test_a_role_is_handed_to_a_service_only_with_pass_role(make_role, acting, names) -> None:
    execution = make_role(service="sagemaker")
    request = {"ModelName": names("model"), "ExecutionRoleArn": execution, "PrimaryContainer": {"Image": "x"}}
    create = allow("sagemaker:CreateModel")
    assert "iam:PassRole" in denied(acting("sagemaker", make_role(create)).create_model, **request)
    to_others = allow(
        "iam:PassRole", execution, Condition={"StringEquals": {"iam:PassedToService": "ecs.amazonaws.com"}}
    )
    assert "iam:PassRole" in denied(acting("sagemaker", make_role(create, to_others)).create_model, **request)
    to_it = allow(
        "iam:PassRole", execution, Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    )
    with pytest.raises(ClientError) as error:
        acting("sagemaker", make_role(create, to_it)).create_model(**request)
    assert "AccessDenied" not in error.value.response["Error"]["Code"], "the role is handed on; the image is not there"


def test_a_service_assumes_no_role_that_trusts_another_one(cloud: Cloud, make_role, names) -> None:
    with pytest.raises(ClientError, match="Could not assume role"):
        cloud.client("sagemaker").create_model(
            ModelName=names("model"), ExecutionRoleArn=make_role(service="codebuild"), PrimaryContainer={"Image": "x"}
        )


OF_THIS_ACCOUNT = {"Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}


def test_role_bound_to_the_source_account_is_assumable(cloud: Cloud, make_role, names) -> None:
    role = make_role(service="sagemaker", trusting=OF_THIS_ACCOUNT)
    with pytest.raises(ClientError) as error:
        cloud.client("sagemaker").create_model(
            ModelName=names("model"), ExecutionRoleArn=role, PrimaryContainer={"Image": "x"}
        )
    assert "Could not assume role" not in str(error.value), "the role is assumed; the image does not exist"


def test_cloudformation_sends_no_source_account(cloud: Cloud, make_role, names) -> None:
    role = make_role(allow("sns:*"), service="cloudformation", trusting=OF_THIS_ACCOUNT)
    with pytest.raises(ClientError, match="is invalid or cannot be assumed"):
        stack(cloud, names("stack"), names("topic"), RoleARN=role)


def test_wrong_credentials_call_nothing(cloud: Cloud) -> None:
    stranger = boto3.client(
        "sagemaker",
        endpoint_url=cloud.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="x",
    )
    with pytest.raises(ClientError) as error:
        stranger.list_endpoints()
    assert error.value.response["Error"]["Code"] == "UnrecognizedClientException"


def test_an_endpoint_is_called_only_by_whom_a_policy_allows_it(make_role, acting) -> None:
    runtime = acting("sagemaker-runtime", make_role(allow("sagemaker:InvokeEndpoint", endpoint("mine"))))
    assert "sagemaker:InvokeEndpoint" in denied(runtime.invoke_endpoint, EndpointName="other", Body=b"1")
    with pytest.raises(ClientError, match="not found"):
        runtime.invoke_endpoint(EndpointName="mine", Body=b"1")


TEMPLATE = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Name"}}}}}
TEMPLATE["Parameters"] = {"Name": {"Type": "String"}}


def stack(cloud: Cloud, name: str, topic: str, **members: Any) -> dict:
    """Create a stack with one topic and describe it when that has ended."""
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=json.dumps(TEMPLATE),
        Parameters=[{"ParameterKey": "Name", "ParameterValue": topic}],
        **members,
    )

    def ended() -> dict | None:
        (found,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        return found if not found["StackStatus"].endswith("IN_PROGRESS") else None

    return until(ended)


# What CloudFormation's handlers create and read a topic with.
TOPIC_ACTIONS = [
    "sns:CreateTopic",
    "sns:GetDataProtectionPolicy",
    "sns:GetTopicAttributes",
    "sns:ListSubscriptionsByTopic",
    "sns:ListTagsForResource",
    "sns:Subscribe",
    "sns:TagResource",
]


def test_a_stack_acts_under_its_role(cloud: Cloud, make_role, names) -> None:
    topic = names("topic")
    role = make_role(allow(TOPIC_ACTIONS, TOPIC + topic), service="cloudformation")
    assert stack(cloud, names("stack"), topic, RoleARN=role)["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize("missing", ["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"])
def test_stack_needs_the_read_permissions_of_its_resources(cloud: Cloud, make_role, names, missing: str) -> None:
    name = names("stack")
    role = make_role(allow([each for each in TOPIC_ACTIONS if each != missing]), service="cloudformation")
    assert stack(cloud, name, names("topic"), RoleARN=role)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert f"is not authorized to perform: {missing}" in reasons_of(cloud, name)


def test_replacement_needs_the_permissions_of_a_creation(cloud: Cloud, make_role, names) -> None:
    name, first, second = names("stack"), names("first"), names("second")
    role = make_role(allow(TOPIC_ACTIONS, TOPIC + first), service="cloudformation")
    assert stack(cloud, name, first, RoleARN=role)["StackStatus"] == "CREATE_COMPLETE"
    parameters = [{"ParameterKey": "Name", "ParameterValue": second}]
    cloudformation = cloud.client("cloudformation")
    cloudformation.update_stack(StackName=name, UsePreviousTemplate=True, Parameters=parameters)
    until(lambda: "ROLLBACK" in cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
    assert f"sns:CreateTopic on resource: {TOPIC}{second}" in reasons_of(cloud, name)


def test_a_stack_whose_role_lacks_an_action_is_rolled_back_with_the_reason(cloud: Cloud, make_role, names) -> None:
    name = names("stack")
    role = make_role(allow("sns:CreateTopic", TOPIC + "another"), service="cloudformation")
    assert stack(cloud, name, names("topic"), RoleARN=role)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "is not authorized to perform: sns:CreateTopic" in reasons_of(cloud, name)


def reasons_of(cloud: Cloud, stack: str) -> str:
    """What the events of a stack give as reasons."""
    events = cloud.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    return " ".join(event.get("ResourceStatusReason", "") for event in events)


def test_a_stack_without_a_role_acts_as_its_caller(cloud: Cloud, make_role, acting, names) -> None:
    role = make_role(allow(["cloudformation:CreateStack", "cloudformation:DescribeStacks"]))
    cloudformation, name = acting("cloudformation", role), names("stack")
    parameters = [{"ParameterKey": "Name", "ParameterValue": names("topic")}]
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(TEMPLATE), Parameters=parameters)
    until(lambda: cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE")
    assert "is not authorized to perform: sns:CreateTopic" in reasons_of(cloud, name)


def test_stack_without_a_role_creates_resources_as_its_caller(cloud: Cloud, make_role, acting, names) -> None:
    """Also of the services that are called under the role: the caller has assumed it already."""
    application = {"Type": "AWS::CodeDeploy::Application", "Properties": {"ComputePlatform": "Lambda"}}
    template = json.dumps({"Resources": {"Application": application}})
    cloudformation, name = acting("cloudformation", make_role(allow(["cloudformation:*", "codedeploy:*"]))), names("s")
    cloudformation.create_stack(StackName=name, TemplateBody=template)
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    (created,) = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    assert created["ResourceStatus"] == "CREATE_COMPLETE"


def test_a_stack_gets_a_role_only_with_pass_role(make_role, acting, names) -> None:
    role = make_role(allow("cloudformation:CreateStack"))
    message = denied(
        acting("cloudformation", role).create_stack,
        StackName=names("stack"),
        TemplateBody=json.dumps(TEMPLATE),
        RoleARN=make_role(allow("sns:*"), service="cloudformation"),
    )
    assert "iam:PassRole" in message


def test_a_role_may_be_bound_to_give_a_stack_a_role_of_some_path(make_role, acting, names) -> None:
    given = make_role(allow("sns:*"), service="cloudformation", Path="/mlops/taxi/")
    condition = {"ArnLike": {"cloudformation:RoleArn": "arn:aws:iam::*:role/mlops/taxi/*"}}
    caller = make_role(allow("cloudformation:CreateStack", Condition=condition), allow("iam:PassRole", given))
    cloudformation = acting("cloudformation", caller)
    request = {"TemplateBody": json.dumps(TEMPLATE), "Parameters": [{"ParameterKey": "Name", "ParameterValue": "t"}]}
    cloudformation.create_stack(StackName=names("stack"), RoleARN=given, **request)
    assert "cloudformation:CreateStack" in denied(cloudformation.create_stack, StackName=names("stack"), **request)


def test_an_api_key_is_read_by_its_tag_also_where_a_boundary_asks_for_it(
    cloud: Cloud, make_role, acting, names
) -> None:
    """A boundary's condition counts as that of the role's own policy."""
    condition = {"StringEquals": {"aws:ResourceTag/project": "taxi"}}
    document = {"Version": "2012-10-17", "Statement": [allow("apigateway:GET", Condition=condition)]}
    policy = cloud.client("iam").create_policy(PolicyName=names("b"), PolicyDocument=json.dumps(document))["Policy"]
    role = make_role(allow("apigateway:GET"), PermissionsBoundary=policy["Arn"])
    admin, gateway = cloud.client("apigateway"), acting("apigateway", role)
    own, other = (admin.create_api_key(name=each, tags={"project": each})["id"] for each in ("taxi", "taxi-api"))
    assert gateway.get_api_key(apiKey=own)["name"] == "taxi"
    assert "apigateway:GET" in denied(gateway.get_api_key, apiKey=other)


def test_a_stack_with_a_role_makes_nothing_whose_permissions_are_not_known(cloud: Cloud, make_role, names) -> None:
    role = make_role(allow("*"), service="cloudformation")
    cloudformation, name = cloud.client("cloudformation"), names("stack")
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template), RoleARN=role)
    until(lambda: cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE")
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    assert any("which permissions AWS::SQS::Queue takes" in event.get("ResourceStatusReason", "") for event in events)


def machine(cloud: Cloud, name: str, role: str) -> dict:
    """Run a state machine that lists topics, to its end."""
    task = {"Resource": "arn:aws:states:::aws-sdk:sns:listTopics"}
    return machines.ended(cloud, machines.start(cloud, role, name, task))


def test_a_state_machine_acts_under_its_role(cloud: Cloud, make_role, names) -> None:
    assert machine(cloud, names("m"), make_role(allow("sns:ListTopics"), service="states"))["status"] == "SUCCEEDED"
    ended = machine(cloud, names("m"), make_role(allow("sqs:ListQueues"), service="states"))
    assert ended["status"] == "FAILED"
    assert "is not authorized to perform: sns:ListTopics" in ended["cause"]


ANSWERS = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'asked'}"
ERROR = '{"message": "Internal server error"}'
RAISES = "def handler(event, context):\n    raise RuntimeError('the meters are off')"


@pytest.mark.parametrize(("granted", "answer"), [("asked:live", (200, "asked")), ("another", (500, ERROR))])
def test_api_gateway_invokes_a_function_under_the_role_of_its_integration(
    lambdas: Lambdas, make_role, names, granted: str, answer: tuple[int, str]
) -> None:
    name = names("asked")
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{granted.replace('asked', name)}"
    role = make_role(allow("lambda:InvokeFunction", function), service="apigateway")
    assert asked_through_an_api(lambdas, name, ANSWERS, role) == answer


def test_api_gateway_hides_the_error_of_a_function(lambdas: Lambdas, make_role, names) -> None:
    role = make_role(allow("lambda:InvokeFunction"), service="apigateway")
    assert asked_through_an_api(lambdas, names("raises"), RAISES, role) == (502, ERROR)


def asked_through_an_api(lambdas: Lambdas, name: str, code: str, role: str) -> tuple[int, str]:
    """Status and body of an API's answer, behind which a function runs this code."""
    lambdas.versions(name, code)
    alias = lambdas.client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")["AliasArn"]
    gateway = lambdas.cloud.client("apigateway")
    api = gateway.create_rest_api(name=name)["id"]
    [root] = gateway.get_resources(restApiId=api)["items"]
    place = {"restApiId": api, "resourceId": root["id"], "httpMethod": "GET"}
    gateway.put_method(**place, authorizationType="NONE")
    gateway.put_integration(
        **place,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{alias}/invocations",
        credentials=role,
    )
    gateway.create_deployment(restApiId=api, stageName="v1")
    try:
        with urlopen(f"{lambdas.cloud.endpoint_url}/restapis/{api}/v1/_user_request_/") as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def test_decisions_about_roles_are_recorded(cloud: Cloud, make_role, acting) -> None:
    role = make_role(allow("sns:ListTopics"))
    acting("sns", role).list_topics()
    with pytest.raises(ClientError, match="not authorized"):
        acting("sns", role).create_topic(Name="not-mine")
    name = role.rpartition("/")[2]
    entries = [entry for entry in ledger.read(cloud.directory) if entry.role == name]
    assert [(entry.action, entry.allowed) for entry in entries] == [
        ("sns:ListTopics", True),
        ("sns:CreateTopic", False),
    ]


def test_a_role_that_may_only_write_new_objects_replaces_none(cloud: Cloud, make_role, acting, names) -> None:
    bucket = names("once")
    cloud.client("s3").create_bucket(Bucket=bucket)
    objects = f"arn:aws:s3:::{bucket}/*"
    condition = {"Null": {"s3:if-none-match": "false"}}
    s3 = acting("s3", make_role(allow("s3:PutObject", objects, Condition=condition)))
    s3.put_object(Bucket=bucket, Key="known", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key="known", Body=b"second", IfNoneMatch="*")
    for replace in (
        lambda: s3.put_object(Bucket=bucket, Key="known", Body=b"second"),
        lambda: s3.copy_object(Bucket=bucket, Key="known", CopySource=f"{bucket}/known", MetadataDirective="REPLACE"),
        lambda: s3.create_multipart_upload(Bucket=bucket, Key="known"),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            replace()
    assert cloud.client("s3").get_object(Bucket=bucket, Key="known")["Body"].read() == b"first"
