"""EventBridge: events of alarms and builds are sent, targets are delivered to under their role or refused by name."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from builders import Builders
from delivery import Delivery
from harness import Cloud
from stacks import failure
from waiting import until

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
Events = Callable[[Callable[[dict], bool]], dict]


@pytest.fixture
def events(cloud: Cloud) -> Iterator[Callable[[str], Events]]:
    """Listens to the events of a source: the returned function waits for the first that meets a condition."""
    sqs, bus = cloud.client("sqs"), cloud.client("events")
    name = f"heard-{uuid4().hex[:8]}"
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def listen(source: str) -> Events:
        bus.put_rule(Name=name, EventPattern=json.dumps({"source": [source]}))
        bus.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
        heard: list[dict] = []

        def first(condition: Callable[[dict], bool]) -> dict:
            def look() -> dict | None:
                got = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
                heard.extend(json.loads(each["Body"]) for each in got)
                return next((each for each in heard if condition(each)), None)

            return until(look)

        return first

    yield listen
    bus.remove_targets(Rule=name, Ids=["queue"])
    bus.delete_rule(Name=name)
    sqs.delete_queue(QueueUrl=queue)


@pytest.fixture
def rule(cloud: Cloud) -> Iterator[str]:
    """A rule on events of this test."""
    name, client = f"rule-{uuid4().hex[:8]}", cloud.client("events")
    client.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    yield name
    targets = client.list_targets_by_rule(Rule=name)["Targets"]
    if targets:
        client.remove_targets(Rule=name, Ids=[each["Id"] for each in targets])
    client.delete_rule(Name=name)


@pytest.fixture
def starter(cloud: Cloud) -> Callable[..., str]:
    """Makes a role that EventBridge may assume and that may do these actions."""

    def make(*actions: str) -> str:
        iam, name = cloud.client("iam"), f"starter-{uuid4().hex[:8]}"
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
        if actions:
            statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            iam.put_role_policy(RoleName=name, PolicyName="start", PolicyDocument=document)
        return role["Arn"]

    return make


def test_an_alarm_that_changes_its_state_is_an_event(cloud: Cloud, events: Callable[[str], Events]) -> None:
    first, cloudwatch = events("aws.cloudwatch"), cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="heard",
        AlarmDescription="described",
        Namespace="Custom",
        MetricName="Errors",
        Dimensions=[{"Name": "Of", "Value": "this"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    cloudwatch.set_alarm_state(AlarmName="heard", StateValue="ALARM", StateReason="because")
    event = first(lambda each: each["detail"]["alarmName"] == "heard")
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["resources"] == ["arn:aws:cloudwatch:us-east-1:000000000000:alarm:heard"]
    detail = event["detail"]
    assert (detail["state"]["value"], detail["state"]["reason"]) == ("ALARM", "because")
    assert detail["previousState"]["value"] == "INSUFFICIENT_DATA"
    assert detail["configuration"]["description"] == "described"
    [metric] = detail["configuration"]["metrics"]
    assert metric["metricStat"]["metric"] == {"namespace": "Custom", "name": "Errors", "dimensions": {"Of": "this"}}
    cloudwatch.delete_alarms(AlarmNames=["heard"])


def test_a_build_and_its_phases_are_events(builders: Builders, events: Callable[[str], Events]) -> None:
    first = events("aws.codebuild")
    build = builders.run(builders.commands("heard-build", "echo begun", "exit 3"))

    def of(kind: str, **members: str) -> Callable[[dict], bool]:
        expected = {"build-id": build["arn"], **members}
        return lambda each: (
            each["detail-type"] == f"CodeBuild Build {kind} Change" and (expected.items() <= each["detail"].items())
        )

    started = first(of("State", **{"build-status": "IN_PROGRESS"}))
    assert started["resources"] == [build["arn"]]
    phase = first(of("Phase", **{"completed-phase": "BUILD"}))["detail"]
    assert phase["completed-phase-status"] == "FAILED"
    assert "exit 3" in phase["completed-phase-context"]
    ended = first(of("State", **{"build-status": "FAILED"}))["detail"]
    assert (ended["project-name"], ended["current-phase"]) == ("heard-build", "COMPLETED")
    assert ended["additional-information"]["logs"]["group-name"] == build["logs"]["groupName"]


def test_a_pipeline_is_started_under_the_role_of_its_target(
    cloud: Cloud, delivery: Delivery, rule: str, starter: Callable[..., str]
) -> None:
    name = delivery.create(f"started-{rule}", {"Release": [delivery.approval()]})
    given = json.dumps({"variables": [{"name": "Release", "value": "by an event"}]})
    arn = f"arn:aws:codepipeline:us-east-1:000000000000:{name}"
    put(cloud, rule, arn=arn, role=starter("codepipeline:StartPipelineExecution"), Input=given)
    send(cloud, rule)
    client = cloud.client("codepipeline")
    [started] = until(lambda: client.list_pipeline_executions(pipelineName=name)["pipelineExecutionSummaries"])
    variables = delivery.execution(name, started["pipelineExecutionId"])["variables"]
    assert [each["resolvedValue"] for each in variables] == ["by an event"]


def test_a_build_is_started_with_the_input_of_its_target(
    cloud: Cloud, builders: Builders, rule: str, starter: Callable[..., str]
) -> None:
    project = builders.commands(f"started-{rule}", "echo given $GIVEN")
    arn = f"arn:aws:codebuild:us-east-1:000000000000:project/{project}"
    given = {"environmentVariablesOverride": [{"name": "GIVEN", "value": "here", "type": "PLAINTEXT"}]}
    put(cloud, rule, arn=arn, role=starter("codebuild:StartBuild"), Input=json.dumps(given))
    send(cloud, rule)
    [build] = until(lambda: builders.codebuild.list_builds_for_project(projectName=project)["ids"])
    assert "given here" in builders.output(builders.ended(build))


def test_a_role_that_may_not_start_starts_nothing(
    cloud: Cloud, builders: Builders, rule: str, starter: Callable[..., str]
) -> None:
    project = builders.commands(f"kept-{rule}", "true")
    arn = f"arn:aws:codebuild:us-east-1:000000000000:project/{project}"
    put(cloud, rule, arn=arn, role=starter())
    send(cloud, rule)
    log = cloud.directory / "server.log"
    refused = f"EventBridge cannot deliver to {arn}"
    line = until(lambda: next((each for each in log.read_text().splitlines() if refused in each), None))
    assert "codebuild:StartBuild" in line
    assert builders.codebuild.list_builds_for_project(projectName=project)["ids"] == []


def test_a_caller_passes_a_target_no_role_that_it_may_not_pass(
    cloud: Cloud, rule: str, starter: Callable[..., str], acting: Callable[[str, str], BaseClient]
) -> None:
    passed = starter("codebuild:StartBuild")
    target = {"Id": "one", "Arn": "arn:aws:codebuild:us-east-1:000000000000:project/any", "RoleArn": passed}
    caller = starter("events:PutTargets")
    cloud.client("iam").update_assume_role_policy(
        RoleName=caller.rpartition("/")[2],
        PolicyDocument=json.dumps(TRUST).replace('"Service": "events.amazonaws.com"', '"AWS": "000000000000"'),
    )
    with pytest.raises(ClientError, match=f"not authorized to perform: iam:PassRole on resource: {passed}"):
        acting("events", caller).put_targets(Rule=rule, Targets=[target])


@pytest.mark.parametrize("service", ["codepipeline", "codebuild", "states"])
def test_a_target_that_needs_a_role_is_refused_without_one(cloud: Cloud, rule: str, service: str) -> None:
    arn = f"arn:aws:{service}:us-east-1:000000000000:any:thing"
    with pytest.raises(ClientError, match=f"RoleArn is required for target {arn}"):
        cloud.client("events").put_targets(Rule=rule, Targets=[{"Id": "one", "Arn": arn}])


FIREHOSE = "arn:aws:firehose:us-east-1:000000000000:deliverystream/any"


def test_a_target_that_is_not_delivered_to_is_refused_by_name(cloud: Cloud, rule: str) -> None:
    client = cloud.client("events")
    with pytest.raises(ClientError, match="does not implement a target of EventBridge in firehose"):
        client.put_targets(Rule=rule, Targets=[{"Id": "one", "Arn": FIREHOSE, "RoleArn": "arn:aws:iam::0:role/r"}])
    assert client.list_targets_by_rule(Rule=rule)["Targets"] == []


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ({"Arn": FIREHOSE}, "a target of EventBridge in firehose"),
        ({"Arn": "arn:aws:codepipeline:us-east-1:000000000000:any"}, "RoleArn is required for target"),
    ],
    ids=["firehose", "no role"],
)
def test_a_rule_of_a_stack_fails_for_such_a_target(cloud: Cloud, target: dict, reason: str) -> None:
    properties = {"ScheduleExpression": "rate(1 day)", "Targets": [{"Id": "one", **target}]}
    assert reason in failure(cloud, "AWS::Events::Rule", properties)


def put(cloud: Cloud, rule: str, arn: str, role: str, **members: Any) -> None:
    """Set the one target of a rule."""
    target = {"Id": "one", "Arn": arn, "RoleArn": role, **members}
    assert cloud.client("events").put_targets(Rule=rule, Targets=[target])["FailedEntryCount"] == 0


def send(cloud: Cloud, source: str) -> None:
    """Send an event of this source."""
    entry = {"Source": source, "DetailType": "Anything", "Detail": "{}"}
    assert cloud.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0
