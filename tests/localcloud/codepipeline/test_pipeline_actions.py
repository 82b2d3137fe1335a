"""The action providers, and the messages of their failures."""

import json

import pytest
from botocore.exceptions import ClientError
from delivery import Delivery

WAITING = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}


def test_missing_source_fails_the_action_by_name(delivery: Delivery) -> None:
    source = delivery.source("lost", S3ObjectKey="lost/absent.zip")
    name = delivery.create("lost", {"Source": [source], "Approve": [delivery.approval()]})
    execution_id, status = delivery.run(name)
    assert status == "Failed"
    assert delivery.result(name, execution_id, "Source")["errorDetails"] == {
        "code": "RevisionUnavailable",
        "message": f"The Amazon S3 object lost/absent.zip of bucket {delivery.bucket} does not exist",
    }


def test_a_source_bucket_must_be_versioned(delivery: Delivery) -> None:
    s3 = delivery.cloud.client("s3")
    s3.create_bucket(Bucket="without-versions")
    s3.put_object(Bucket="without-versions", Key="source.zip", Body=b"")
    source = delivery.source("unversioned", S3Bucket="without-versions", S3ObjectKey="source.zip")
    name = delivery.create("unversioned", {"Source": [source], "Approve": [delivery.approval()]})
    execution_id, _ = delivery.run(name)
    assert "without-versions is not versioned" in delivery.error(name, execution_id, "Source")


def test_a_role_that_does_not_exist_fails_the_action(delivery: Delivery) -> None:
    role = "arn:aws:iam::000000000000:role/absent"
    name = delivery.create("no-role", {"Approve": [delivery.approval()]}, roleArn=role)
    execution_id, _ = delivery.run(name)
    details = delivery.result(name, execution_id, "Source")["errorDetails"]
    assert details["code"] == "PermissionError"
    assert role in details["message"]


def test_a_build_gets_artifacts_and_variables_and_gives_them(delivery: Delivery) -> None:
    name = "hands-over"
    exporting = delivery.build(
        name,
        "Make",
        "mkdir out && echo $RELEASE > out/first.txt && echo $CODEBUILD_INITIATOR > out/second.txt",
        "export DIGEST=sha256:1",
        artifacts="""
            env: {exported-variables: [DIGEST]}
            artifacts:
              secondary-artifacts:
                First: {base-directory: out, files: [first.txt]}
                Second: {base-directory: out, files: [second.txt]}
        """,
        outputs=["First", "Second"],
        namespace="Make",
        configuration={"EnvironmentVariables": json.dumps([{"name": "RELEASE", "value": "#{variables.Release}"}])},
    )
    showing = delivery.build(
        name,
        "Show",
        "cat first.txt $CODEBUILD_SRC_DIR_Second/second.txt && echo $DIGEST",
        configuration={
            "PrimarySource": "First",
            "EnvironmentVariables": json.dumps([{"name": "DIGEST", "value": "#{Make.DIGEST}"}]),
        },
        runOrder=2,
    )
    showing["inputArtifacts"] = [{"name": "First"}, {"name": "Second"}]
    delivery.create(name, {"Build": [exporting, showing]})
    execution_id, status = delivery.run(name)
    assert status == "Succeeded", delivery.runs(name, execution_id)
    assert delivery.last_run(name, execution_id, "Make")["output"]["outputVariables"] == {"DIGEST": "sha256:1"}
    result = delivery.result(name, execution_id, "Show")
    build = delivery.builders.get(result["externalExecutionId"])
    assert delivery.builders.output(build) == ["one", "codepipeline/hands-over", "sha256:1"]
    assert build["initiator"] == "codepipeline/hands-over"
    assert result["logStreamARN"] == build["logs"]["cloudWatchLogsArn"]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ("{", "EnvironmentVariables is not valid JSON"),
        ('[{"key": "A"}]', "a list of {name, value, type} is needed"),
    ],
    ids=["json", "shape"],
)
def test_wrong_environment_variables_fail_the_build_action(
    delivery: Delivery, variables: str, expected: str, request: pytest.FixtureRequest
) -> None:
    name = f"wrong-variables-{request.node.callspec.id}"
    build = delivery.build(name, "Build", "true", configuration={"EnvironmentVariables": variables})
    delivery.create(name, {"Build": [build]})
    execution_id, _ = delivery.run(name)
    assert expected in delivery.error(name, execution_id, "Build")


def test_a_variable_that_no_build_exported_fails_the_action_that_needs_it(delivery: Delivery) -> None:
    name = "not-exported"
    make = delivery.build(name, "Make", "true", namespace="Make")
    show = delivery.approval(configuration={"CustomData": "#{Make.DIGEST}"}, runOrder=2)
    delivery.create(name, {"Build": [make, show]})
    execution_id, _ = delivery.run(name)
    assert delivery.error(name, execution_id, "Release") == (
        "The variable #{Make.DIGEST} could not be resolved: the namespace Make has no variables"
    )


def test_missing_project_fails_the_build_action(delivery: Delivery) -> None:
    build = delivery.action("Build", "Build", "CodeBuild", {"ProjectName": "absent"}, ["Source"])
    name = delivery.create("no-project", {"Build": [build]})
    execution_id, _ = delivery.run(name)
    assert "project/absent" in delivery.error(name, execution_id, "Build")


def test_a_state_machine_runs_on_a_file_of_the_artifact(delivery: Delivery) -> None:
    machine = state_machine(delivery, "passes", {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}})
    action = machine_action(delivery, machine, InputType="FilePath", Input="input.json", ExecutionNamePrefix="run")
    name = delivery.create("machines", {"Train": [action]})
    delivery.upload(name, {"input.json": '{"rounds": 3}'})
    execution_id, status = delivery.run(name)
    assert status == "Succeeded", delivery.runs(name, execution_id)
    run = delivery.last_run(name, execution_id, "Train")
    arn = run["output"]["outputVariables"]["ExecutionArn"]
    assert arn == run["output"]["executionResult"]["externalExecutionId"]
    assert arn.endswith(f":passes:run-{run['actionExecutionId']}")
    described = delivery.cloud.client("stepfunctions").describe_execution(executionArn=arn)
    assert json.loads(described["output"]) == {"rounds": 3}


def test_a_state_machine_that_fails_is_quoted(delivery: Delivery) -> None:
    states = {"No": {"Type": "Fail", "Error": "ModelQualityBelowBound", "Cause": "rmse 7.1 is above 6.0"}}
    machine = state_machine(delivery, "fails", {"StartAt": "No", "States": states})
    name = delivery.create("failing-machine", {"Train": [machine_action(delivery, machine)]})
    execution_id, status = delivery.run(name)
    assert status == "Failed"
    message = delivery.error(name, execution_id, "Train")
    assert message.endswith("ended as FAILED: ModelQualityBelowBound: rmse 7.1 is above 6.0")


def test_abandoned_state_machine_continues(delivery: Delivery) -> None:
    machine = state_machine(delivery, "waits", WAITING)
    name = delivery.create("abandoned-machine", {"Train": [machine_action(delivery, machine)]})
    execution_id = delivery.start(name)
    arn = delivery.external_id(name, execution_id, "Train")
    delivery.pipelines.stop_pipeline_execution(pipelineName=name, pipelineExecutionId=execution_id, abandon=True)
    assert delivery.ended(name, execution_id)["status"] == "Stopped"
    states = delivery.cloud.client("stepfunctions")
    assert states.describe_execution(executionArn=arn)["status"] == "RUNNING"
    states.stop_execution(executionArn=arn)


def test_the_output_of_a_state_machine_is_an_artifact(delivery: Delivery) -> None:
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "Result": {"loss": 1}, "End": True}}}
    action = machine_action(delivery, state_machine(delivery, "with-output", definition))
    name = delivery.create("machine-output", {"Train": [{**action, "outputArtifacts": [{"name": "Result"}]}]})
    execution_id, status = delivery.run(name)
    assert status == "Succeeded", delivery.runs(name, execution_id)
    [artifact] = delivery.last_run(name, execution_id, "Train")["output"]["outputArtifacts"]
    [content] = delivery.builders.get_zip(artifact["s3location"]["key"]).values()
    assert json.loads(content) == {"loss": 1}


def test_an_image_is_built_and_pushed_with_its_tags(delivery: Delivery) -> None:
    ecr = delivery.cloud.client("ecr")
    ecr.create_repository(repositoryName="taxis")
    image = image_action(delivery, "taxis", ImageTags="latest, #{SourceVariables.VersionId}")
    show = delivery.approval(configuration={"CustomData": "#{Image.ECRImageDigestId}"}, runOrder=2)
    name = delivery.create("images", {"Approve": [image, show]})
    version = delivery.upload(
        name, {"Dockerfile": 'FROM scratch\nCOPY model /opt\nENTRYPOINT ["python"]', "model/a.py": ""}
    )
    execution_id = delivery.start(name)
    run = delivery.wait_for_run(name, execution_id, "Release")
    variables = delivery.last_run(name, execution_id, "Image")["output"]["outputVariables"]
    assert variables["ECRRepositoryName"] == "taxis"
    assert run["input"]["resolvedConfiguration"]["CustomData"] == variables["ECRImageDigestId"]
    [found] = ecr.describe_images(repositoryName="taxis")["imageDetails"]
    assert found["imageDigest"] == variables["ECRImageDigestId"]
    assert set(found["imageTags"]) == {"latest", version}
    log = delivery.result(name, execution_id, "Image")["logStreamARN"].split(":log-stream:")[1]
    events = delivery.cloud.client("logs").get_log_events(logGroupName="/aws/codepipeline/images", logStreamName=log)[
        "events"
    ]
    assert any(variables["ECRImageDigestId"] in event["message"] for event in events)


def test_an_image_for_a_repository_that_does_not_exist_fails_by_name(delivery: Delivery) -> None:
    name = delivery.create("image-absent", {"Build": [image_action(delivery, "absent")]})
    execution_id, status = delivery.run(name)
    assert status == "Failed"
    assert "absent" in delivery.error(name, execution_id, "Image")


def test_dockerfile_path_is_refused(delivery: Delivery) -> None:
    action = image_action(delivery, "taxis", DockerFilePath="model")
    with pytest.raises(ClientError, match="leave DockerFilePath out"):
        delivery.create("image-elsewhere", {"Build": [action]})


def state_machine(delivery: Delivery, name: str, definition: dict) -> str:
    """Create a state machine and return its ARN."""
    states = delivery.cloud.client("stepfunctions")
    return states.create_state_machine(name=name, roleArn=delivery.role_arn, definition=json.dumps(definition))[
        "stateMachineArn"
    ]


def machine_action(delivery: Delivery, machine: str, **configuration: str) -> dict:
    """An action that runs a state machine."""
    settings = {"StateMachineArn": machine, **configuration}
    return delivery.action("Train", "Invoke", "StepFunctions", settings, ["Source"])


def image_action(delivery: Delivery, repository: str, **configuration: str) -> dict:
    """An action that builds the image of the source."""
    settings = {"ECRRepositoryName": repository, **configuration}
    return delivery.action("Image", "Build", "ECRBuildAndPublish", settings, ["Source"], namespace="Image")
