"""CodeDeploy: canary and linear shifts of an alias, with hooks, alarms and rollbacks."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from lambdas import Lambdas, archive, returns
from shifts import CANARY, Shift
from waiting import until

pytestmark = pytest.mark.acceptance
ANSWERS = """
import boto3
def handler(event, context):
    boto3.client("codedeploy").put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"],
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status={status!r},
    )
"""
FAILS = "def handler(event, context):\n    raise RuntimeError('broken')\n"


@pytest.fixture
def codedeploy(lambdas: Lambdas):
    return lambdas.cloud.client("codedeploy")


def test_a_canary_gets_its_share_for_a_while_and_then_everything(lambdas: Lambdas) -> None:
    shift = Shift(lambdas, "canary", CANARY, returns("new"))
    deployment = shift.start()
    assert 0.1 in shift.seen(deployment)
    assert shift.ended(deployment)["status"] == "Succeeded"
    assert shift.weights() == (shift.new, {})
    target = shift.codedeploy.get_deployment_target(deploymentId=deployment, targetId="canary:live")["deploymentTarget"]
    assert target["lambdaTarget"]["lambdaFunctionInfo"]["targetVersionWeight"] == 100


def test_a_linear_shift_goes_step_by_step(lambdas: Lambdas) -> None:
    steps = {"linearPercentage": 25, "linearInterval": 1}
    lambdas.cloud.client("codedeploy").create_deployment_config(
        deploymentConfigName="in-four-steps",
        computePlatform="Lambda",
        trafficRoutingConfig={"type": "TimeBasedLinear", "timeBasedLinear": steps},
    )
    shift = Shift(lambdas, "linear", "in-four-steps", returns("new"))
    deployment = shift.start()
    seen = [share for share in shift.seen(deployment) if share]
    # A busy machine may look past a step, which lasts a second here.
    assert seen and seen == [share for share in (0.25, 0.5, 0.75) if share in seen]
    assert shift.ended(deployment)["status"] == "Succeeded"
    target = shift.codedeploy.get_deployment_target(deploymentId=deployment, targetId="linear:live")["deploymentTarget"]
    events = {each["lifecycleEventName"]: each for each in target["lambdaTarget"]["lifecycleEvents"]}
    shifted = events["AllowTraffic"]["endTime"] - events["AllowTraffic"]["startTime"]
    assert shifted >= timedelta(seconds=3), "three steps of a minute each, 60 times as fast"


def alarm(lambdas: Lambdas, name: str, missing: str = "notBreaching") -> dict:
    """An alarm on errors of the alias, as an alarmConfiguration."""
    dimensions = [{"Name": "FunctionName", "Value": name}, {"Name": "Resource", "Value": f"{name}:live"}]
    lambdas.cloud.client("cloudwatch").put_metric_alarm(
        AlarmName=f"{name}-errors",
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=dimensions,
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData=missing,
    )
    return {"enabled": True, "alarms": [{"name": f"{name}-errors"}]}


def test_an_alarm_during_the_canary_brings_the_alias_back(lambdas: Lambdas) -> None:
    # Long enough for a request to reach the new version on the slowest machine; the first error ends it.
    patient = {"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 10, "canaryInterval": 120}}
    lambdas.cloud.client("codedeploy").create_deployment_config(
        deploymentConfigName="patient", computePlatform="Lambda", trafficRoutingConfig=patient
    )
    shift = Shift(lambdas, "alarming", "patient", FAILS, alarmConfiguration=alarm(lambdas, "alarming"))
    deployment, ended = shift.start(), threading.Event()

    def call() -> None:
        while not ended.is_set():
            lambdas.invoke("alarming", Qualifier="live")

    client = threading.Thread(target=call)
    client.start()
    info = shift.ended(deployment)
    ended.set()
    client.join()
    assert (info["status"], info["errorInformation"]["code"]) == ("Stopped", "ALARM_ACTIVE")
    assert "alarming-errors" in info["errorInformation"]["message"]
    assert f"back on version {shift.old}" in info["rollbackInfo"]["rollbackMessage"]
    assert shift.weights() == (shift.old, {})


def make_role(lambdas: Lambdas, name: str, actions: list[str]) -> str:
    """A role for CodeDeploy with these actions on everything."""
    principal = {"Service": "codedeploy.amazonaws.com"}
    trust = {"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]}
    policy = {"Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    iam = lambdas.cloud.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="shift", PolicyDocument=json.dumps(policy))
    return role


def test_a_shift_needs_all_that_awss_own_policy_for_codedeploy_grants(lambdas: Lambdas) -> None:
    granted = ["cloudwatch:DescribeAlarms", "lambda:GetAlias", "lambda:UpdateAlias"]
    role = make_role(lambdas, "without-concurrency", granted)
    shift = Shift(lambdas, "without-concurrency", CANARY, returns("new"), serviceRoleArn=role)
    error = shift.ended(shift.start())["errorInformation"]
    assert error["code"] == "IAM_ROLE_PERMISSIONS"
    assert "lambda:GetProvisionedConcurrencyConfig" in error["message"]
    assert "function:without-concurrency:live" in error["message"]
    assert shift.weights() == (shift.old, {})


def test_active_alarm_stops_a_deployment_of_its_group(lambdas: Lambdas) -> None:
    watched = alarm(lambdas, "ringing", missing="breaching")
    cloudwatch = lambdas.cloud.client("cloudwatch")
    until(lambda: cloudwatch.describe_alarms(AlarmNames=["ringing-errors"], StateValue="ALARM")["MetricAlarms"])
    shift = Shift(lambdas, "ringing", CANARY, returns("new"), alarmConfiguration=watched)
    stopped = shift.ended(shift.start())
    assert (stopped["status"], stopped["errorInformation"]["code"]) == ("Stopped", "ALARM_ACTIVE")
    assert shift.weights() == (shift.old, {})
    shift.codedeploy.update_deployment_group(
        applicationName="ringing", currentDeploymentGroupName="ringing", alarmConfiguration={"enabled": False}
    )
    assert shift.ended(shift.start())["status"] == "Succeeded"
    assert shift.weights() == (shift.new, {})


def test_alarms_that_the_group_may_not_read_count_as_active(lambdas: Lambdas) -> None:
    role = make_role(lambdas, "blind", ["lambda:*"])
    watched = alarm(lambdas, "blind")
    shift = Shift(lambdas, "blind", CANARY, returns("new"), alarmConfiguration=watched, serviceRoleArn=role)
    info = shift.ended(shift.start())
    assert info["status"] == "Stopped"
    assert "not authorized to perform: cloudwatch:DescribeAlarms" in info["errorInformation"]["message"]
    assert shift.weights() == (shift.old, {})


@pytest.fixture(scope="session")
def hooks(lambdas: Lambdas) -> dict[str, str]:
    """Functions by their behaviour as a hook."""
    lambdas.make("hook-good", ANSWERS.format(status="Succeeded"))
    lambdas.make("hook-bad", ANSWERS.format(status="Failed"))
    return {"good": "hook-good", "bad": "hook-bad"}


def test_hooks_run_before_and_after_the_shift(lambdas: Lambdas, hooks) -> None:
    shift = Shift(lambdas, "hooked", "CodeDeployDefault.LambdaAllAtOnce", returns("new"))
    deployment = shift.start(BeforeAllowTraffic=hooks["good"], AfterAllowTraffic=hooks["good"])
    assert shift.ended(deployment)["status"] == "Succeeded"
    target = shift.codedeploy.get_deployment_target(deploymentId=deployment, targetId="hooked:live")["deploymentTarget"]
    events = [(each["lifecycleEventName"], each["status"]) for each in target["lambdaTarget"]["lifecycleEvents"]]
    assert events == [(name, "Succeeded") for name in ("BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic")]


@pytest.mark.parametrize("event", ["BeforeAllowTraffic", "AfterAllowTraffic"])
def test_a_hook_that_fails_leaves_the_old_version(lambdas: Lambdas, hooks, event: str) -> None:
    shift = Shift(lambdas, f"refused-{event}", "CodeDeployDefault.LambdaAllAtOnce", returns("new"))
    info = shift.ended(shift.start(**{event: hooks["bad"]}))
    assert (info["status"], info["errorInformation"]["code"]) == ("Failed", "HOOK_EXECUTION_FAILURE")
    assert shift.weights() == (shift.old, {})


def test_a_deployment_that_is_stopped_goes_back(lambdas: Lambdas) -> None:
    shift = Shift(lambdas, "stopped", CANARY, returns("new"))
    deployment = shift.start()
    until(lambda: shift.weights()[1])
    shift.codedeploy.stop_deployment(deploymentId=deployment)
    info = shift.ended(deployment)
    assert (info["status"], info["errorInformation"]["code"]) == ("Stopped", "MANUAL_STOP")
    assert shift.weights() == (shift.old, {})


def test_other_compute_platforms_are_refused_by_name(codedeploy) -> None:
    with pytest.raises(ClientError, match="not to the platform Server"):
        codedeploy.create_application(applicationName="servers")
    with pytest.raises(ClientError, match="does not implement codedeploy ListGitHubAccountTokenNames"):
        codedeploy.list_git_hub_account_token_names()


def template(name: str, role_arn: str, bucket: str, key: str, hook: str) -> dict:
    """A function, its version and its alias, shifted by CodeDeploy."""
    policy = {
        "ApplicationName": {"Ref": "Application"},
        "DeploymentGroupName": {"Ref": "Group"},
        "BeforeAllowTrafficHook": hook,
    }
    group = {
        "ApplicationName": {"Ref": "Application"},
        "ServiceRoleArn": role_arn,
        "DeploymentConfigName": "CodeDeployDefault.LambdaAllAtOnce",
        "DeploymentStyle": {"DeploymentType": "BLUE_GREEN", "DeploymentOption": "WITH_TRAFFIC_CONTROL"},
    }
    function = {
        "FunctionName": name,
        "Runtime": "python3.13",
        "Handler": "program.handler",
        "Role": role_arn,
        "Code": {"S3Bucket": bucket, "S3Key": key},
        "Timeout": 30,
    }
    version = {"FunctionName": {"Ref": "Function"}, "Description": key}
    alias = {
        "FunctionName": {"Ref": "Function"},
        "FunctionVersion": {"Fn::GetAtt": ["Version", "Version"]},
        "Name": "live",
    }
    return {
        "Resources": {
            "Application": {"Type": "AWS::CodeDeploy::Application", "Properties": {"ComputePlatform": "Lambda"}},
            "Group": {"Type": "AWS::CodeDeploy::DeploymentGroup", "Properties": group},
            "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
            "Version": {"Type": "AWS::Lambda::Version", "Properties": version},
            "Alias": {
                "Type": "AWS::Lambda::Alias",
                "UpdatePolicy": {"CodeDeployLambdaAliasUpdate": policy},
                "Properties": alias,
            },
        }
    }


@dataclass
class Stack:
    """A stack of `template`, whose function has its name."""

    lambdas: Lambdas
    bucket: str
    name: str
    status: str = ""

    def deploy(self, release: str, hook: str, code: str = "") -> None:
        """Begin to bring the stack to a release; without code, one whose function returns its name."""
        key, cloudformation = f"code/{self.name}-{release}.zip", self.lambdas.cloud.client("cloudformation")
        body = archive(code or returns(release))
        self.lambdas.cloud.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)
        change = cloudformation.update_stack if self.status else cloudformation.create_stack
        described = template(self.name, self.lambdas.role_arn, self.bucket, key, hook)
        change(StackName=self.name, TemplateBody=json.dumps(described))

    def ended(self) -> str:
        """The status in which the change has ended."""

        def status() -> str | None:
            (stack,) = self.lambdas.cloud.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
            return stack["StackStatus"] if not stack["StackStatus"].endswith("IN_PROGRESS") else None

        self.status = until(status)
        return self.status

    def versions(self) -> list[str]:
        listed = self.lambdas.client.list_versions_by_function(FunctionName=self.name)["Versions"]
        return [each["Version"] for each in listed if each["Version"] != "$LATEST"]

    def has_failed_to_shift(self) -> bool:
        """Whether CodeDeploy has given up."""
        resources = self.lambdas.cloud.client("cloudformation").describe_stack_resources(StackName=self.name)
        found = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources["StackResources"]}
        deployments = self.lambdas.cloud.client("codedeploy").list_deployments(
            applicationName=found["Application"], deploymentGroupName=found["Group"], includeOnlyStatuses=["Failed"]
        )
        return bool(deployments["deployments"])

    def serving(self) -> tuple[Any, int]:
        """What the alias answers, and how many versions there are."""
        return self.lambdas.invoke(self.name, Qualifier="live")[0], len(self.versions())


def test_stack_shifts_its_alias_and_rolls_back_on_failure(lambdas: Lambdas, bucket: str, hooks) -> None:
    stack = Stack(lambdas, bucket, "shifting")
    stack.deploy("first", hooks["bad"])
    assert stack.ended() == "CREATE_COMPLETE", "no hook runs for a first version"
    assert stack.serving() == ("first", 1)
    stack.deploy("second", hooks["good"])
    assert stack.ended() == "UPDATE_COMPLETE"
    assert stack.serving() == ("second", 1), "the old version is deleted after the shift"
    stack.deploy("third", hooks["bad"])
    assert stack.ended() == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.serving() == ("second", 1), "the new version is deleted after the rollback"


WAITS = """
import pathlib, time
FOLDER = pathlib.Path({folder!r})

def handler(event, context):
    (FOLDER / "begun").touch()
    while not (FOLDER / "may-end").exists():
        time.sleep(0.01)
    return "answered"
"""


def test_stack_waits_for_invocations_of_the_old_version(lambdas: Lambdas, bucket: str, hooks, tmp_path: Path) -> None:
    stack = Stack(lambdas, bucket, "waiting")
    stack.deploy("first", hooks["good"])
    assert stack.ended() == "CREATE_COMPLETE"
    fails_once_begun = f"""
import pathlib, time
while not pathlib.Path({str(tmp_path / "begun")!r}).exists():
    time.sleep(0.01)
"""
    lambdas.make("fails-once-begun", fails_once_begun + ANSWERS.format(status="Failed"))
    stack.deploy("second", "fails-once-begun", WAITS.format(folder=str(tmp_path)))
    with ThreadPoolExecutor() as pool:
        until(lambda: stack.versions() == ["1", "2"])
        invocation = pool.submit(lambdas.invoke, stack.name, Qualifier="2")
        until((tmp_path / "begun").exists)
        until(stack.has_failed_to_shift)
        assert stack.versions() == ["1", "2"]
        (tmp_path / "may-end").touch()
        assert invocation.result()[0] == "answered"
    assert stack.ended() == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.serving() == ("first", 1)
