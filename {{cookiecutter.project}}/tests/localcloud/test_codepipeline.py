"""Pipelines and their executions: order, variables, artifacts, stop, retry and modes, through plain boto3."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from delivery import Delivery
from harness import until

TOPIC = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Name"}}}}}
TEMPLATE = {
    **TOPIC,
    "Parameters": {"Name": {"Type": "String"}},
    "Outputs": {"Arn": {"Value": {"Ref": "Topic"}}},
}


def test_a_release_goes_from_source_to_stack(delivery: Delivery) -> None:
    made = "artifacts: {files: [template.json, settings.json]}"
    settings = 'echo "{\\"Parameters\\": {\\"Name\\": \\"$TOPIC\\"}}" > settings.json'
    topic = [{"name": "TOPIC", "value": "of-#{SourceVariables.VersionId}"}]
    name = delivery.create(
        "release",
        {
            "Build": [
                delivery.build(
                    "release",
                    "Render",
                    settings,
                    artifacts=made,
                    outputs=["Rendered"],
                    configuration={"EnvironmentVariables": json.dumps(topic)},
                )
            ],
            "Approve": [delivery.approval(configuration={"CustomData": "Release #{variables.Release}"})],
            "Deploy": [
                delivery.action(
                    "Stack",
                    "Deploy",
                    "CloudFormation",
                    {
                        "ActionMode": "CREATE_UPDATE",
                        "StackName": "released-topic",
                        "RoleArn": delivery.role_arn,
                        "TemplatePath": "Rendered::template.json",
                        "TemplateConfiguration": "Rendered::settings.json",
                    },
                    inputs=["Rendered"],
                )
            ],
        },
    )
    version = delivery.upload(name, {"template.json": json.dumps(TEMPLATE)})
    execution_id = delivery.start(name, variables=[{"name": "Release", "value": "2.0"}])
    delivery.answer(name, "Approved", delivery.token(name), "looks good")
    ended = delivery.ended(name, execution_id)

    assert ended["status"] == "Succeeded", delivery.runs(name, execution_id)
    assert ended["variables"] == [{"name": "Release", "resolvedValue": "2.0"}]
    assert ended["artifactRevisions"][0]["revisionId"] == version
    assert ended["trigger"]["triggerType"] == "StartPipelineExecution"
    runs = {run["actionName"]: run for run in delivery.runs(name, execution_id)}
    assert list(runs) == ["Source", "Render", "Release", "Stack"]
    assert runs["Source"]["output"]["outputVariables"]["VersionId"] == version
    assert runs["Release"]["input"]["resolvedConfiguration"]["CustomData"] == "Release 2.0"
    assert runs["Release"]["output"]["executionResult"]["externalExecutionSummary"] == "looks good"
    assert runs["Stack"]["output"]["outputVariables"]["Arn"].endswith(f":of-{version}")
    assert runs["Stack"]["input"]["inputArtifacts"] == runs["Render"]["output"]["outputArtifacts"]
    assert {state["status"] for state in stage_executions(delivery, name)} == {"Succeeded"}


def test_artifacts_are_zips_under_the_names_of_pipeline_and_artifact(delivery: Delivery) -> None:
    key = delivery.cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    store = {"type": "S3", "location": delivery.bucket, "encryptionKey": {"id": key, "type": "KMS"}}
    made = "artifacts: {files: [made.txt]}"
    name = "a-pipeline-with-a-long-name"
    build = delivery.build(
        name, "Make", "cat readme.txt > made.txt", artifacts=made, outputs=["AnArtifactToo"]
    )
    delivery.create(name, {"Build": [build]}, artifactStore=store)
    execution_id, status = delivery.run(name)
    assert status == "Succeeded", delivery.runs(name, execution_id)
    [made] = delivery.last_run(name, execution_id, "Make")["output"]["outputArtifacts"]
    assert made["s3location"]["key"].startswith("a-pipeline-with-a-lo/AnArtifact/")
    assert delivery.builders.get_zip(made["s3location"]["key"]) == {"made.txt": name}
    s3 = delivery.cloud.client("s3")
    for run in delivery.runs(name, execution_id):
        [artifact] = run["output"]["outputArtifacts"]
        place = artifact["s3location"]
        assert s3.head_object(Bucket=place["bucket"], Key=place["key"])["SSEKMSKeyId"] == key


def test_actions_of_one_run_order_run_together_and_orders_follow_each_other(delivery: Delivery) -> None:
    stage = [
        delivery.approval("First", runOrder=1),
        delivery.approval("Second", runOrder=1),
        delivery.approval("Third", runOrder=2),
    ]
    name = delivery.create("orders", {"Approve": stage})
    execution_id = delivery.start(name)
    started = until(lambda: len(waiting := waiting_tokens(delivery, name)) == 2 and waiting, 20)
    assert set(started) == {"First", "Second"}
    for action, token in started.items():
        approve(delivery, name, action, token)
    approve(delivery, name, "Third", until(lambda: waiting_tokens(delivery, name).get("Third"), 20))
    assert delivery.ended(name, execution_id)["status"] == "Succeeded"


def test_a_failure_ends_the_execution_where_it_happened(delivery: Delivery) -> None:
    stage = [
        delivery.build("fails", "Breaks", "echo no good", "exit 4"),
        delivery.build("fails", "After", "true", runOrder=2),
    ]
    name = delivery.create("fails", {"Build": stage, "Approve": [delivery.approval()]})
    execution_id, status = delivery.run(name)
    assert status == "Failed"
    assert [run["actionName"] for run in delivery.runs(name, execution_id)] == ["Source", "Breaks"]
    assert delivery.result(name, execution_id, "Breaks")["errorDetails"] == {
        "code": "JobFailed",
        "message": "Build terminated with state: FAILED. Phase: BUILD, Code: COMMAND_EXECUTION_ERROR, "
        "Message: Error while executing command: exit 4. Reason: exit status 4",
    }
    states = {
        state["stageName"]: state for state in delivery.pipelines.get_pipeline_state(name=name)["stageStates"]
    }
    assert states["Build"]["latestExecution"]["status"] == "Failed"
    assert "latestExecution" not in states["Approve"]


def test_an_execution_runs_on_the_revision_that_it_is_started_with(delivery: Delivery) -> None:
    name = delivery.create("revisions", {"Build": [delivery.build("revisions", "Show", "cat readme.txt")]})
    first = delivery.upload(name, {"readme.txt": "the first"})
    delivery.upload(name, {"readme.txt": "the second"})
    override = {
        "actionName": "Source",
        "revisionType": "S3_OBJECT_VERSION_ID",
        "revisionValue": first,
    }
    execution_id, status = delivery.run(name, sourceRevisions=[override])
    assert status == "Succeeded"
    assert printed(delivery, name, execution_id, "Show") == ["the first"]
    execution_id, _ = delivery.run(name)
    assert printed(delivery, name, execution_id, "Show") == ["the second"]


def test_an_execution_runs_on_another_object_where_the_source_allows_it(delivery: Delivery) -> None:
    name = "other-key"
    source = delivery.source(name, AllowOverrideForS3ObjectKey="true")
    show = delivery.build(name, "Show", "cat readme.txt")
    delivery.create(name, {"Source": [source], "Build": [show]})
    delivery.upload("elsewhere", {"readme.txt": "from elsewhere"})
    override = {
        "actionName": "Source",
        "revisionType": "S3_OBJECT_KEY",
        "revisionValue": "elsewhere/source.zip",
    }
    execution_id, status = delivery.run(name, sourceRevisions=[override])
    assert status == "Succeeded", delivery.runs(name, execution_id)
    assert printed(delivery, name, execution_id, "Show") == ["from elsewhere"]


@pytest.mark.parametrize(
    ("request_members", "message"),
    [
        ({"variables": [{"name": "Absent", "value": "x"}]}, "has no variable Absent"),
        (
            {
                "sourceRevisions": [
                    {"actionName": "Code", "revisionType": "S3_OBJECT_KEY", "revisionValue": "x"}
                ]
            },
            "has no source action Code",
        ),
        (
            {
                "sourceRevisions": [
                    {"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": "x"}
                ]
            },
            "takes S3_OBJECT_VERSION_ID and S3_OBJECT_KEY, not COMMIT_ID",
        ),
        (
            {
                "sourceRevisions": [
                    {"actionName": "Source", "revisionType": "S3_OBJECT_KEY", "revisionValue": "x"}
                ]
            },
            "set AllowOverrideForS3ObjectKey",
        ),
    ],
)
def test_a_start_that_does_not_fit_the_pipeline_is_refused(
    delivery: Delivery, plain: str, request_members: dict, message: str
) -> None:
    with pytest.raises(ClientError, match=f"ValidationException.*{message}"):
        delivery.start(plain, **request_members)


def test_a_variable_without_a_default_must_be_given(delivery: Delivery, plain: str) -> None:
    with pytest.raises(ClientError, match="needs a value for the variables Release"):
        delivery.pipelines.start_pipeline_execution(name=plain)


def test_a_client_token_starts_one_execution_only(delivery: Delivery, plain: str) -> None:
    token = "11111111-aaaa-bbbb-cccc-222222222222"
    first = delivery.start(plain, clientRequestToken=token)
    assert delivery.start(plain, clientRequestToken=token) == first


def test_creating_a_pipeline_starts_its_first_execution(delivery: Delivery) -> None:
    name = delivery.create("first", {"Approve": [delivery.approval()]}, variables=[])
    [first] = delivery.pipelines.list_pipeline_executions(pipelineName=name)["pipelineExecutionSummaries"]
    assert first["trigger"]["triggerType"] == "CreatePipeline"
    delivery.answer(name, "Approved", delivery.token(name))
    assert delivery.ended(name, first["pipelineExecutionId"])["status"] == "Succeeded"


def test_a_failed_stage_is_retried_from_its_failed_actions(delivery: Delivery) -> None:
    # What the first attempt leaves in the bucket lets the second one succeed.
    command = (
        "import boto3; s3 = boto3.client('s3'); "
        f"seen = s3.list_objects_v2(Bucket='{delivery.bucket}', Prefix='retry/seen')['KeyCount']; "
        f"s3.put_object(Bucket='{delivery.bucket}', Key='retry/seen', Body=b''); "
        "raise SystemExit(0 if seen else 'not yet')"
    )
    stage = [
        delivery.build("retry", "Fine", "true"),
        delivery.build("retry", "Flaky", f'python -c "{command}"'),
    ]
    name = delivery.create("retry", {"Build": stage, "Approve": [delivery.approval()]})
    execution_id, status = delivery.run(name)
    assert status == "Failed"
    retry(delivery, name, execution_id, "FAILED_ACTIONS")
    delivery.answer(name, "Approved", delivery.token(name))
    assert delivery.ended(name, execution_id)["status"] == "Succeeded"
    names = [run["actionName"] for run in delivery.runs(name, execution_id)]
    assert (names.count("Fine"), names.count("Flaky")) == (1, 2)


def test_a_stage_can_be_retried_with_all_of_its_actions(delivery: Delivery) -> None:
    stage = [delivery.build("again", "Fine", "true"), delivery.build("again", "Breaks", "false")]
    name = delivery.create("again", {"Build": stage})
    execution_id, _ = delivery.run(name)
    retry(delivery, name, execution_id, "ALL_ACTIONS")
    assert delivery.ended(name, execution_id)["status"] == "Failed"
    names = [run["actionName"] for run in delivery.runs(name, execution_id)]
    assert (names.count("Fine"), names.count("Breaks")) == (2, 2)


def test_only_the_latest_failed_execution_of_a_stage_can_be_retried(delivery: Delivery) -> None:
    name = delivery.create("latest", {"Build": [delivery.build("latest", "Breaks", "false")]})
    first, _ = delivery.run(name)
    second, _ = delivery.run(name)
    with pytest.raises(ClientError, match="NotLatestPipelineExecutionException"):
        retry(delivery, name, first, "FAILED_ACTIONS")
    with pytest.raises(ClientError, match="StageNotRetryableException"):
        retry(delivery, name, second, "FAILED_ACTIONS", stage="Source")
    with pytest.raises(ClientError, match="StageNotFoundException"):
        retry(delivery, name, second, "FAILED_ACTIONS", stage="Absent")


def test_stopping_waits_for_the_action_in_progress(delivery: Delivery) -> None:
    name = delivery.create("stops", {"Approve": [delivery.approval()], "Last": [delivery.approval("Last")]})
    execution_id = delivery.start(name)
    token = delivery.token(name)
    stop(delivery, name, execution_id, reason="wrong release")
    assert delivery.execution(name, execution_id)["status"] == "Stopping"
    assert delivery.stage(name, "Approve")["latestExecution"]["status"] == "Stopping"
    with pytest.raises(ClientError, match="DuplicatedStopRequestException"):
        stop(delivery, name, execution_id)
    delivery.answer(name, "Approved", token)
    ended = delivery.ended(name, execution_id)
    assert (ended["status"], ended["statusSummary"]) == ("Stopped", "wrong release")
    assert "latestExecution" not in delivery.stage(name, "Last")
    with pytest.raises(ClientError, match="PipelineExecutionNotStoppableException"):
        stop(delivery, name, execution_id)


def test_an_abandoned_execution_stops_at_once_and_can_be_retried(delivery: Delivery) -> None:
    name = delivery.create("abandons", {"Approve": [delivery.approval()]})
    execution_id = delivery.start(name)
    token = delivery.token(name)
    stop(delivery, name, execution_id, abandon=True)
    assert delivery.ended(name, execution_id)["status"] == "Stopped"
    assert delivery.last_run(name, execution_id, "Release")["status"] == "Abandoned"
    assert delivery.stage(name, "Approve")["latestExecution"]["status"] == "Stopped"
    retry(delivery, name, execution_id, "FAILED_ACTIONS", stage="Approve")
    delivery.answer(name, "Approved", delivery.token(name, other_than=token))
    assert delivery.ended(name, execution_id)["status"] == "Succeeded"


def test_queued_executions_enter_a_stage_in_their_order(delivery: Delivery) -> None:
    name = delivery.create("queued", {"Approve": [delivery.approval()]})
    first = delivery.start(name)
    token = delivery.token(name)
    others = []
    for count in (1, 2):
        others.append(delivery.start(name))
        until(lambda count=count: len(inbound(delivery, name)) == count, 20)
    assert inbound(delivery, name) == others
    for execution_id in (first, *others):
        delivery.answer(name, "Approved", token)
        assert delivery.ended(name, execution_id)["status"] == "Succeeded"
        if execution_id != others[-1]:
            token = delivery.token(name, other_than=token)
    summaries = delivery.pipelines.list_pipeline_executions(pipelineName=name)["pipelineExecutionSummaries"]
    assert [summary["pipelineExecutionId"] for summary in summaries] == [*others[::-1], first]


def test_a_queued_execution_that_waits_can_be_stopped(delivery: Delivery) -> None:
    name = delivery.create("stop-queued", {"Approve": [delivery.approval()]})
    first = delivery.start(name)
    token = delivery.token(name)
    second = delivery.start(name)
    until(lambda: inbound(delivery, name) == [second], 20)
    stop(delivery, name, second)
    assert delivery.ended(name, second)["status"] == "Stopped"
    delivery.answer(name, "Approved", token)
    assert delivery.ended(name, first)["status"] == "Succeeded"


def test_a_later_execution_supersedes_one_that_waits(delivery: Delivery) -> None:
    name = delivery.create("superseded", {"Approve": [delivery.approval()]}, executionMode="SUPERSEDED")
    first = delivery.start(name)
    token = delivery.token(name)
    second = delivery.start(name)
    until(lambda: inbound(delivery, name) == [second], 20)
    third = delivery.start(name)
    assert delivery.ended(name, second)["status"] == "Superseded"
    delivery.answer(name, "Approved", token)
    assert delivery.ended(name, first)["status"] == "Succeeded"
    delivery.answer(name, "Approved", delivery.token(name, other_than=token))
    assert delivery.ended(name, third)["status"] == "Succeeded"


def test_parallel_executions_do_not_wait_for_each_other(delivery: Delivery) -> None:
    name = delivery.create("parallel", {"Approve": [delivery.approval()]}, executionMode="PARALLEL")
    executions = [delivery.start(name), delivery.start(name)]
    for execution_id in executions:
        delivery.answer(name, "Approved", delivery.external_id(name, execution_id, "Release"))
    assert {delivery.ended(name, execution_id)["status"] for execution_id in executions} == {"Succeeded"}


def test_executions_keep_the_declaration_that_they_were_started_with(delivery: Delivery) -> None:
    name = delivery.create("updated", {"Approve": [delivery.approval()]})
    execution_id = delivery.start(name)
    token = delivery.token(name)
    stages = {"Approve": [delivery.approval()], "More": [delivery.approval()]}
    updated = delivery.pipelines.update_pipeline(pipeline=delivery.declaration(name, stages))["pipeline"]
    assert updated["version"] == 2
    delivery.answer(name, "Approved", token)
    ended = delivery.ended(name, execution_id)
    assert (ended["status"], ended["pipelineVersion"]) == ("Succeeded", 1)
    described = delivery.pipelines.get_pipeline(name=name)
    assert [stage["name"] for stage in described["pipeline"]["stages"]] == ["Source", "Approve", "More"]
    assert described["metadata"]["pipelineArn"].endswith(f":{name}")


def test_a_deleted_pipeline_is_gone(delivery: Delivery) -> None:
    name = delivery.create("deleted", {"Approve": [delivery.approval()]})
    delivery.start(name)
    delivery.pipelines.delete_pipeline(name=name)
    with pytest.raises(ClientError, match="does not have a pipeline with name 'deleted'"):
        delivery.pipelines.get_pipeline_state(name=name)
    assert name not in [found["name"] for found in delivery.pipelines.list_pipelines()["pipelines"]]


def test_action_executions_come_in_pages(delivery: Delivery, plain: str) -> None:
    delivery.run(plain)
    paginator = delivery.pipelines.get_paginator("list_action_executions")
    pages = list(paginator.paginate(pipelineName=plain, PaginationConfig={"PageSize": 1}))
    whole = delivery.pipelines.list_action_executions(pipelineName=plain)["actionExecutionDetails"]
    assert [page["actionExecutionDetails"] for page in pages] == [[run] for run in whole]


def test_changes_of_state_are_events_on_the_bus(delivery: Delivery) -> None:
    received = listen(delivery, "events-of-a-pipeline", {"pipeline": ["told"]})
    name = delivery.create("told", {"Build": [delivery.build("told", "Breaks", "false")]})
    execution_id, _ = delivery.run(name)
    events = until(lambda: len(events := received()) >= 10 and events, 20)
    kinds = [
        (event["detail-type"].split()[1], event["detail"]["state"], event["detail"].get("action"))
        for event in sorted(events, key=lambda event: event["time"])
    ]
    assert sorted(kinds, key=str) == sorted(
        [
            ("Pipeline", "STARTED", None),
            ("Stage", "STARTED", None),
            ("Action", "STARTED", "Source"),
            ("Action", "SUCCEEDED", "Source"),
            ("Stage", "SUCCEEDED", None),
            ("Stage", "STARTED", None),
            ("Action", "STARTED", "Breaks"),
            ("Action", "FAILED", "Breaks"),
            ("Stage", "FAILED", None),
            ("Pipeline", "FAILED", None),
        ],
        key=str,
    )
    failed = next(
        event
        for event in events
        if event["detail"].get("action") == "Breaks" and "execution-result" in event["detail"]
    )
    detail = failed["detail"]
    assert failed["resources"] == [f"arn:aws:codepipeline:us-east-1:000000000000:{name}"]
    assert (detail["pipeline"], detail["execution-id"], detail["stage"]) == (name, execution_id, "Build")
    assert detail["type"] == {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"}
    assert detail["execution-result"]["error-code"] == "JobFailed"


def test_cloudformation_makes_changes_and_deletes_pipelines(delivery: Delivery) -> None:
    cloudformation = delivery.cloud.client("cloudformation")
    approval = {"Category": "Approval", "Owner": "AWS", "Provider": "Manual", "Version": "1"}
    source = {"Category": "Source", "Owner": "AWS", "Provider": "S3", "Version": "1"}
    settings = {
        "S3Bucket": delivery.bucket,
        "S3ObjectKey": "template/source.zip",
        "PollForSourceChanges": False,
    }
    properties: dict[str, Any] = {
        "Name": "of-a-template",
        "RoleArn": delivery.role_arn,
        "PipelineType": "V2",
        "ExecutionMode": "QUEUED",
        "Variables": [{"Name": "Release"}],
        "ArtifactStore": {"Type": "S3", "Location": delivery.bucket},
        "Stages": [
            {
                "Name": "Source",
                "Actions": [
                    {
                        "Name": "Source",
                        "ActionTypeId": source,
                        "Configuration": settings,
                        "OutputArtifacts": [{"Name": "Source"}],
                    }
                ],
            },
            {
                "Name": "Approve",
                "Actions": [
                    {"Name": "Release", "RunOrder": "1", "TimeoutInMinutes": "5", "ActionTypeId": approval}
                ],
            },
        ],
        "Tags": [{"Key": "team", "Value": "taxis"}],
    }

    def deploy(operation) -> dict:
        template = {
            "Resources": {"Line": {"Type": "AWS::CodePipeline::Pipeline", "Properties": properties}},
            "Outputs": {
                "Name": {"Value": {"Ref": "Line"}},
                "Version": {"Value": {"Fn::GetAtt": ["Line", "Version"]}},
            },
        }
        operation(StackName="line", TemplateBody=json.dumps(template))
        stack = until(settled, 30)
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def settled() -> dict | None:
        stack = cloudformation.describe_stacks(StackName="line")["Stacks"][0]
        return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

    assert deploy(cloudformation.create_stack) == {"Name": "of-a-template", "Version": "1"}
    declared = delivery.pipelines.get_pipeline(name="of-a-template")["pipeline"]
    assert declared["stages"][0]["actions"][0]["configuration"]["PollForSourceChanges"] == "false"
    assert declared["stages"][1]["actions"][0]["timeoutInMinutes"] == 5
    tags = delivery.pipelines.list_tags_for_resource(
        resourceArn="arn:aws:codepipeline:us-east-1:000000000000:of-a-template"
    )["tags"]
    assert {"key": "team", "value": "taxis"} in tags
    properties["ExecutionMode"] = "PARALLEL"
    assert deploy(cloudformation.update_stack)["Version"] == "2"
    cloudformation.delete_stack(StackName="line")
    until(
        lambda: (
            "of-a-template"
            not in [found["name"] for found in delivery.pipelines.list_pipelines()["pipelines"]]
        ),
        30,
    )


@pytest.fixture(scope="module")
def plain(delivery: Delivery) -> str:
    """A pipeline that has nothing to wait for."""
    return delivery.create("plain", {"Build": [delivery.build("plain", "Fine", "true")]})


def stage_executions(delivery: Delivery, name: str) -> list[dict]:
    """The latest execution of every stage."""
    states = delivery.pipelines.get_pipeline_state(name=name)["stageStates"]
    return [state["latestExecution"] for state in states]


def inbound(delivery: Delivery, name: str) -> list[str]:
    """Executions that wait in front of the approval."""
    return [
        waiting["pipelineExecutionId"] for waiting in delivery.stage(name, "Approve")["inboundExecutions"]
    ]


def waiting_tokens(delivery: Delivery, name: str) -> dict[str, str]:
    """Tokens of the approvals that wait, by action."""
    actions = delivery.stage(name, "Approve")["actionStates"]
    latest = {action["actionName"]: action.get("latestExecution", {}) for action in actions}
    return {action: run["token"] for action, run in latest.items() if "token" in run}


def approve(delivery: Delivery, name: str, action: str, token: str) -> None:
    """Approve an action of the stage Approve."""
    delivery.pipelines.put_approval_result(
        pipelineName=name,
        stageName="Approve",
        actionName=action,
        token=token,
        result={"status": "Approved", "summary": ""},
    )


def retry(delivery: Delivery, name: str, execution_id: str, mode: str, stage: str = "Build") -> None:
    """Retry a stage of an execution."""
    delivery.pipelines.retry_stage_execution(
        pipelineName=name, pipelineExecutionId=execution_id, stageName=stage, retryMode=mode
    )


def stop(delivery: Delivery, name: str, execution_id: str, **request: Any) -> None:
    """Stop an execution."""
    delivery.pipelines.stop_pipeline_execution(pipelineName=name, pipelineExecutionId=execution_id, **request)


def printed(delivery: Delivery, name: str, execution_id: str, action: str) -> list[str]:
    """What the build of an action printed."""
    build = delivery.result(name, execution_id, action)["externalExecutionId"]
    return delivery.builders.said(delivery.builders.get(build))


def listen(delivery: Delivery, rule: str, detail: dict) -> Any:
    """Route CodePipeline's events to a queue; the function that is returned gives those received so far."""
    sqs, bus = delivery.cloud.client("sqs"), delivery.cloud.client("events")
    url = sqs.create_queue(QueueName=rule)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bus.put_rule(Name=rule, EventPattern=json.dumps({"source": ["aws.codepipeline"], "detail": detail}))
    bus.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": arn}])
    events: list[dict] = []

    def received() -> list[dict]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            events.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return events

    return received
