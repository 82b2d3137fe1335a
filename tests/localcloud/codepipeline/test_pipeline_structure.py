"""The structure of a pipeline: refusals of AWS, and of unsupported features, by name."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError
from delivery import Delivery

Stages = dict[str, list[dict]]


def build(inputs: list[str], outputs: list[str] | None = None, **members: object) -> dict:
    """A build action of a project that need not exist."""
    configuration = {"ProjectName": "any", **members.pop("configuration", {})}
    return Delivery.action("Build", "Build", "CodeBuild", configuration, inputs, outputs, **members)


def deploy(**configuration: str) -> dict:
    """A deploy action with this configuration."""
    return Delivery.action("Deploy", "Deploy", "CloudFormation", {"StackName": "any", **configuration}, ["Source"])


APPROVAL = Delivery.action("Release", "Approval", "Manual")
WRONG_STAGES: dict[str, tuple[Stages, str]] = {
    "one-stage": ({}, "should have at least 2 stages"),
    "source-later": (
        {"Build": [Delivery.action("S", "Source", "S3", {"S3Bucket": "b", "S3ObjectKey": "k"})]},
        "the first stage has source actions only",
    ),
    "no-source": ({"Source": [APPROVAL], "Build": [APPROVAL]}, "the first stage has source actions only"),
    "same-action": ({"Approve": [APPROVAL, APPROVAL]}, "there are two of action in stage Approve Release"),
    "unknown-input": (
        {"Build": [build(["Nothing"])]},
        "Input Artifact Bundle Nothing in action Build of stage Build is not declared",
    ),
    "input-of-same-order": (
        {"Build": [{**build(["Source"], ["Made"]), "name": "First"}, build(["Made"])]},
        "Input Artifact Bundle Made in action Build",
    ),
    "output-twice": (
        {"Build": [build(["Source"], ["Source"])]},
        "Output Artifact Bundle name must be unique within the pipeline. Source",
    ),
    "namespace-twice": (
        {"Build": [build(["Source"], namespace="SourceVariables")]},
        "Namespace must be unique within the pipeline. SourceVariables",
    ),
    "unknown-namespace": (
        {"Build": [build(["Source"], configuration={"EnvironmentVariables": "#{Absent.Key}"})]},
        "refers to #{Absent.Key}",
    ),
    "unknown-variable": (
        {"Approve": [{**APPROVAL, "configuration": {"CustomData": "#{variables.Absent}"}}]},
        "refers to #{variables.Absent}",
    ),
    "own-namespace": (
        {"Build": [build(["Source"], namespace="Own", configuration={"EnvironmentVariables": "#{Own.Key}"})]},
        "refers to #{Own.Key}",
    ),
    "no-input": ({"Build": [build([])]}, "Action Build has 0 inputArtifacts; CodeBuild takes 1 to 5"),
    "unknown-provider": (
        {"Test": [Delivery.action("Phones", "Test", "DeviceFarm")]},
        "the local cloud has no Test/AWS/DeviceFarm/1; it has Source/AWS/S3/1",
    ),
    "unknown-key": (
        {"Build": [build(["Source"], configuration={"BatchEnabled": "true"})]},
        "contains unknown configuration 'BatchEnabled'",
    ),
    "missing-key": (
        {"Build": [Delivery.action("Image", "Build", "ECRBuildAndPublish", {}, ["Source"])]},
        "Action configuration for action 'Image' misses the required 'ECRRepositoryName'",
    ),
    "polling": (
        {
            "Source": [Delivery.action("S", "Source", "S3", {"S3Bucket": "b", "S3ObjectKey": "k"}, None, ["Source"])],
            "Approve": [APPROVAL],
        },
        "set PollForSourceChanges to false",
    ),
    "primary-source": (
        {"Build": [build(["Source"], configuration={"PrimarySource": "Other"})]},
        "PrimarySource Other is not among the input artifacts Source",
    ),
    "action-mode": (
        {"Deploy": [deploy(ActionMode="REPLACE")]},
        "ActionMode: found REPLACE; allowed are CREATE_UPDATE",
    ),
    "no-template": (
        {"Deploy": [deploy(ActionMode="CREATE_UPDATE", RoleArn="arn:aws:iam::000000000000:role/worker")]},
        "TemplatePath is required with ActionMode CREATE_UPDATE",
    ),
    "no-change-set": ({"Deploy": [deploy(ActionMode="CHANGE_SET_EXECUTE")]}, "ChangeSetName is required"),
    "machine-input": (
        {
            "Train": [
                Delivery.action("T", "Invoke", "StepFunctions", {"StateMachineArn": "arn", "InputType": "FilePath"})
            ]
        },
        "InputType FilePath needs an input artifact",
    ),
    "machine-output-handed-on": (
        {
            "Train": [
                Delivery.action("T", "Invoke", "StepFunctions", {"StateMachineArn": "arn"}, outputs=["Result"]),
                build(["Result"], runOrder=2),
            ]
        },
        "the local cloud cannot pass on Result",
    ),
    "public-registry": (
        {
            "Build": [
                Delivery.action(
                    "Image",
                    "Build",
                    "ECRBuildAndPublish",
                    {"ECRRepositoryName": "any", "RegistryType": "public"},
                    ["Source"],
                )
            ]
        },
        "no public registry",
    ),
    "other-region": ({"Build": [build(["Source"], region="eu-west-1")]}, "other regions, such as eu-west-1"),
    "timeout": ({"Build": [build(["Source"], timeoutInMinutes=10)]}, "available to manual approvals only"),
    "commands": ({"Build": [build(["Source"], commands=["make"])]}, "does not support commands"),
}


@pytest.mark.parametrize(("stages", "message"), WRONG_STAGES.values(), ids=WRONG_STAGES)
def test_a_wrong_structure_is_refused_with_its_place(delivery: Delivery, stages: Stages, message: str) -> None:
    with pytest.raises(ClientError) as refused:
        delivery.pipelines.create_pipeline(pipeline=delivery.declaration("wrong", stages))
    code = refused.value.response["Error"]["Code"]
    assert message in str(refused.value)
    # What AWS would take is refused in the local cloud's own name.
    assert code == "NotImplemented" if "the local cloud" in str(refused.value) else code.startswith("Invalid")


WRONG_MEMBERS: dict[str, tuple[dict, str]] = {
    "v1-variables": ({"pipelineType": "V1", "executionMode": "SUPERSEDED"}, "need a pipeline of type V2"),
    "v1-queued": ({"pipelineType": "V1", "variables": []}, "need a pipeline of type V2"),
    "same-variable": ({"variables": [{"name": "A"}, {"name": "A"}]}, "there are two of variable A"),
    "triggers": (
        {
            "triggers": [
                {
                    "providerType": "CodeStarSourceConnection",
                    "gitConfiguration": {"sourceActionName": "Source"},
                }
            ]
        },
        "does not support triggers",
    ),
}


@pytest.mark.parametrize(("members", "message"), WRONG_MEMBERS.values(), ids=WRONG_MEMBERS)
def test_wrong_settings_of_a_pipeline_are_refused(delivery: Delivery, members: dict, message: str) -> None:
    with pytest.raises(ClientError, match=message):
        delivery.pipelines.create_pipeline(pipeline=delivery.declaration("wrong", {"Approve": [APPROVAL]}, **members))


@pytest.mark.parametrize("condition", ["beforeEntry", "onSuccess", "onFailure"])
def test_conditions_of_a_stage_are_refused_by_name(delivery: Delivery, condition: str) -> None:
    declaration = delivery.declaration("wrong", {"Approve": [APPROVAL]})
    value = {"result": "ROLLBACK"} if condition == "onFailure" else {"conditions": [{"result": "FAIL"}]}
    declaration["stages"][1][condition] = value
    with pytest.raises(ClientError, match=f"does not support {condition} of stage Approve"):
        delivery.pipelines.create_pipeline(pipeline=declaration)


def test_a_name_can_be_used_once(delivery: Delivery) -> None:
    delivery.create("only-once", {"Approve": [APPROVAL]})
    with pytest.raises(ClientError, match="PipelineNameInUseException"):
        delivery.create("only-once", {"Approve": [APPROVAL]})


@pytest.mark.parametrize(
    "call",
    [
        lambda pipelines: pipelines.list_webhooks(),
        lambda pipelines: pipelines.rollback_stage(
            pipelineName="any",
            stageName="any",
            targetPipelineExecutionId="0" * 8 + "-0000-0000-0000-" + "0" * 12,
        ),
    ],
    ids=["ListWebhooks", "RollbackStage"],
)
def test_unimplemented_operations_are_refused_by_name(
    delivery: Delivery, call: Callable, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(ClientError, match=f"codepipeline {request.node.callspec.id}"):
        call(delivery.pipelines)
