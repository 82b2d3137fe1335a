"""Pipelines and their executions: order, variables, artifacts, stop, retry and modes, through plain boto3."""

import json

import pytest
from botocore.exceptions import ClientError
from delivery import Delivery
from waiting import until

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
    build = delivery.build(name, "Make", "cat readme.txt > made.txt", artifacts=made, outputs=["AnArtifactToo"])
    delivery.create(name, {"Build": [build]}, artifactStore=store)
    execution_id, status = delivery.run(name)
    assert status == "Succeeded", delivery.runs(name, execution_id)
    [made] = delivery.last_run(name, execution_id, "Make")["output"]["outputArtifacts"]
    assert made["s3location"]["key"].startswith("a-pipeline-with-a-lo/AnArtifact/")
    assert delivery.builders.get_zip(made["s3location"]["key"]) == {"made.txt": name}
    s3 = delivery.cloud.client("s3")
    for run in delivery.runs(name, execution_id):
        [artifact] = run["output"]["outputArtifacts"]
        location = artifact["s3location"]
        assert s3.head_object(Bucket=location["bucket"], Key=location["key"])["SSEKMSKeyId"] == key


def test_actions_of_one_run_order_run_together(delivery: Delivery) -> None:
    stage = [
        delivery.approval("First", runOrder=1),
        delivery.approval("Second", runOrder=1),
        delivery.approval("Third", runOrder=2),
    ]
    name = delivery.create("orders", {"Approve": stage})
    execution_id = delivery.start(name)
    started = until(lambda: len(waiting := waiting_tokens(delivery, name)) == 2 and waiting)
    assert set(started) == {"First", "Second"}
    for action, token in started.items():
        approve(delivery, name, action, token)
    approve(delivery, name, "Third", until(lambda: waiting_tokens(delivery, name).get("Third")))
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
    states = {state["stageName"]: state for state in delivery.pipelines.get_pipeline_state(name=name)["stageStates"]}
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
            {"sourceRevisions": [{"actionName": "Code", "revisionType": "S3_OBJECT_KEY", "revisionValue": "x"}]},
            "has no source action Code",
        ),
        (
            {"sourceRevisions": [{"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": "x"}]},
            "takes S3_OBJECT_VERSION_ID and S3_OBJECT_KEY, not COMMIT_ID",
        ),
        (
            {"sourceRevisions": [{"actionName": "Source", "revisionType": "S3_OBJECT_KEY", "revisionValue": "x"}]},
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


def test_a_pipeline_that_is_created_before_its_source_fails_at_once(delivery: Delivery) -> None:
    name = "before-its-source"
    declaration = delivery.declaration(name, {"Approve": [delivery.approval()]}, variables=[])
    delivery.pipelines.create_pipeline(pipeline=declaration)
    [first] = delivery.pipelines.list_pipeline_executions(pipelineName=name)["pipelineExecutionSummaries"]
    assert delivery.ended(name, first["pipelineExecutionId"])["status"] == "Failed"
    source = delivery.result(name, first["pipelineExecutionId"], "Source")
    assert source["errorDetails"]["code"] == "RevisionUnavailable"


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


def test_deleted_pipeline_does_not_exist(delivery: Delivery) -> None:
    name = delivery.create("deleted", {"Approve": [delivery.approval()]})
    delivery.start(name)
    delivery.pipelines.delete_pipeline(name=name)
    with pytest.raises(ClientError, match="does not have a pipeline with name 'deleted'"):
        delivery.pipelines.get_pipeline_state(name=name)
    assert name not in [pipeline["name"] for pipeline in delivery.pipelines.list_pipelines()["pipelines"]]


def test_action_executions_come_in_pages(delivery: Delivery, plain: str) -> None:
    delivery.run(plain)
    paginator = delivery.pipelines.get_paginator("list_action_executions")
    pages = list(paginator.paginate(pipelineName=plain, PaginationConfig={"PageSize": 1}))
    whole = delivery.pipelines.list_action_executions(pipelineName=plain)["actionExecutionDetails"]
    assert [page["actionExecutionDetails"] for page in pages] == [[run] for run in whole]


@pytest.fixture(scope="module")
def plain(delivery: Delivery) -> str:
    """A pipeline without approvals."""
    return delivery.create("plain", {"Build": [delivery.build("plain", "Fine", "true")]})


def stage_executions(delivery: Delivery, name: str) -> list[dict]:
    """The latest execution of every stage."""
    states = delivery.pipelines.get_pipeline_state(name=name)["stageStates"]
    return [state["latestExecution"] for state in states]


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


def printed(delivery: Delivery, name: str, execution_id: str, action: str) -> list[str]:
    """What the build of an action printed."""
    build = delivery.result(name, execution_id, action)["externalExecutionId"]
    return delivery.builders.output(delivery.builders.get(build))
