"""The CloudFormation deploy action: the modes, and their failures."""

import json
from collections.abc import Iterator

import pytest
from delivery import Delivery

TOPIC = {
    "Parameters": {"Name": {"Type": "String"}, "Shown": {"Type": "String", "Default": "none"}},
    "Resources": {
        "Topic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"TopicName": {"Ref": "Name"}, "DisplayName": {"Ref": "Shown"}},
        }
    },
    "Outputs": {"Arn": {"Value": {"Ref": "Topic"}}, "Shown": {"Value": {"Ref": "Shown"}}},
}
BROKEN = {
    "Resources": {
        "Fine": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "made-before-the-failure"}},
        "Broken": {
            "Type": "AWS::CodePipeline::Pipeline",
            "Properties": {
                "Name": "broken",
                "RoleArn": "arn:aws:iam::000000000000:role/worker",
                "Stages": [],
            },
            "DependsOn": "Fine",
        },
    }
}


@pytest.fixture
def stack_name(delivery: Delivery, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of this test's stack, which is deleted after it."""
    name = request.node.name.replace("_", "-")[:60].rstrip("-")
    yield name
    delivery.cloud.client("cloudformation").delete_stack(StackName=name)


def test_a_stack_is_created_then_updated_then_left_alone(delivery: Delivery, stack_name: str) -> None:
    overrides = {
        "Shown": {"Fn::GetParam": ["Source", "figures.json", "rmse"]},
        "Name": "topic-of-a-stack",
    }
    settings = {
        "ActionMode": "CREATE_UPDATE",
        "TemplateConfiguration": "Source::settings.json",
        "ParameterOverrides": json.dumps(overrides),
        "OutputFileName": "outputs.json",
    }
    action = stack_action(delivery, stack_name, outputs=["Outputs"], **settings)
    name = delivery.create("stacks", {"Deploy": [action]})
    summaries = []
    for rmse in (4.5, 4.25, 4.25):
        files = {
            "template.json": json.dumps(TOPIC),
            "figures.json": json.dumps({"rmse": rmse}),
            "settings.json": json.dumps({"Parameters": {"Name": "overridden"}, "Tags": {"team": "taxis"}}),
        }
        delivery.upload(name, files)
        execution_id, status = delivery.run(name)
        assert status == "Succeeded", delivery.runs(name, execution_id)
        run = delivery.last_run(name, execution_id, "Stack")
        assert run["output"]["outputVariables"] == {
            "Arn": "arn:aws:sns:us-east-1:000000000000:topic-of-a-stack",
            "Shown": str(rmse),
        }
        summaries.append(run["output"]["executionResult"]["externalExecutionSummary"])
    assert summaries == [
        f"Stack {stack_name} was created.",
        f"Stack {stack_name} was updated.",
        f"Stack {stack_name} has nothing to update.",
    ]
    stack = delivery.cloud.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"][0]
    assert {"Key": "team", "Value": "taxis"} in stack["Tags"]
    assert run["output"]["executionResult"]["externalExecutionId"] == stack["StackId"]
    [made] = run["output"]["outputArtifacts"]
    written = delivery.builders.get_zip(made["s3location"]["key"])["outputs.json"]
    assert json.loads(written) == run["output"]["outputVariables"]


def test_a_stack_that_fails_is_explained_by_its_first_failed_resource(delivery: Delivery, stack_name: str) -> None:
    name = delivery.create("broken-stack", {"Deploy": [stack_action(delivery, stack_name, ActionMode="CREATE_UPDATE")]})
    delivery.upload(name, {"template.json": json.dumps(BROKEN)})
    execution_id, status = delivery.run(name)
    assert status == "Failed"
    details = delivery.result(name, execution_id, "Stack")["errorDetails"]
    assert details["code"] == "JobFailed"
    expected = f"Stack {stack_name} ended as ROLLBACK_COMPLETE. Broken (AWS::CodePipeline::Pipeline) failed: "
    assert details["message"].startswith(expected)
    assert "should have at least 2 stages" in details["message"]


def test_only_replace_on_failure_recreates_a_failed_stack(delivery: Delivery, stack_name: str) -> None:
    for mode in ("CREATE_UPDATE", "REPLACE_ON_FAILURE"):
        action = stack_action(delivery, stack_name, ActionMode=mode, ParameterOverrides=json.dumps({"Name": "anew"}))
        delivery.create(mode.lower(), {"Deploy": [action]})
    delivery.upload("create_update", {"template.json": json.dumps(BROKEN | {"Parameters": TOPIC["Parameters"]})})
    assert delivery.run("create_update")[1] == "Failed"
    for name, ends in (("create_update", "Failed"), ("replace_on_failure", "Succeeded")):
        delivery.upload(name, {"template.json": json.dumps(TOPIC)})
        execution_id, status = delivery.run(name)
        assert status == ends, delivery.runs(name, execution_id)


def test_delete_only_of_a_missing_stack_succeeds(delivery: Delivery, stack_name: str) -> None:
    cloudformation = delivery.cloud.client("cloudformation")
    cloudformation.create_stack(
        StackName=stack_name,
        TemplateBody=json.dumps(TOPIC),
        Parameters=[{"ParameterKey": "Name", "ParameterValue": "to-be-deleted"}],
    )
    action = stack_action(delivery, stack_name, ActionMode="DELETE_ONLY")
    name = delivery.create("deletes", {"Deploy": [action]})
    for _ in range(2):
        execution_id, status = delivery.run(name)
        assert status == "Succeeded", delivery.runs(name, execution_id)
    with pytest.raises(cloudformation.exceptions.ClientError, match="does not exist"):
        cloudformation.describe_stacks(StackName=stack_name)


def test_a_change_set_is_replaced_and_executed(delivery: Delivery, stack_name: str) -> None:
    parameters = json.dumps({"Name": "by-change-set", "Shown": {"Fn::GetArtifactAtt": ["Source", "ObjectKey"]}})
    replace = stack_action(
        delivery,
        stack_name,
        ActionMode="CHANGE_SET_REPLACE",
        ChangeSetName="release",
        ParameterOverrides=parameters,
    )
    execute = stack_action(delivery, stack_name, ActionMode="CHANGE_SET_EXECUTE", ChangeSetName="release")
    execute |= {"name": "Execute", "runOrder": 2}
    name = delivery.create("change-sets", {"Deploy": [replace, execute]})
    delivery.upload(name, {"template.json": json.dumps(TOPIC)})
    for _ in range(2):
        execution_id, status = delivery.run(name)
        assert status == "Succeeded", delivery.runs(name, execution_id)
        [source] = delivery.last_run(name, execution_id, "Source")["output"]["outputArtifacts"]
        variables = delivery.last_run(name, execution_id, "Execute")["output"]["outputVariables"]
        assert variables["Shown"] == source["s3location"]["key"]


def test_a_change_set_that_changes_nothing_is_no_failure(delivery: Delivery, stack_name: str) -> None:
    settings = {"ChangeSetName": "release", "ParameterOverrides": json.dumps({"Name": "unchanged"})}
    replace = stack_action(delivery, stack_name, ActionMode="CHANGE_SET_REPLACE", **settings)
    execute = stack_action(delivery, stack_name, ActionMode="CHANGE_SET_EXECUTE", **settings)
    execute |= {"name": "Execute", "runOrder": 2}
    name = delivery.create("unchanged", {"Deploy": [replace, execute]})
    delivery.upload(name, {"template.json": json.dumps(TOPIC)})
    summaries = []
    for _ in range(2):
        execution_id, status = delivery.run(name)
        assert status == "Succeeded", delivery.runs(name, execution_id)
        summaries.append(delivery.result(name, execution_id, "Execute")["externalExecutionSummary"])
    assert summaries == [
        f"Stack {stack_name} was changed by release.",
        f"Stack {stack_name} did not have to be changed by release.",
    ]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"other.json": "{}"}, "File template.json does not exist in artifact Source"),
        ({"template.json": "{}", "settings.json": "["}, "File Source::settings.json is not valid JSON"),
        ({"template.json": "{}", "settings.json": '{"StackPolicy": {}}'}, "settings.json: StackPolicy"),
        (
            {"template.json": "{}", "settings.json": "{}", "figures.json": "{}"},
            "ParameterOverrides: Shown: Source::figures.json has no key rmse",
        ),
    ],
    ids=["template", "settings", "policy", "parameter"],
)
def test_wrong_files_fail_the_stack_action_by_name(
    delivery: Delivery, files: dict[str, str], expected: str, request: pytest.FixtureRequest
) -> None:
    name = f"wrong-files-{request.node.callspec.id}"
    settings = {
        "ActionMode": "CREATE_UPDATE",
        "ParameterOverrides": json.dumps({"Shown": {"Fn::GetParam": ["Source", "figures.json", "rmse"]}}),
    }
    if "settings.json" in files:
        settings["TemplateConfiguration"] = "Source::settings.json"
    else:
        del settings["ParameterOverrides"]
    delivery.create(name, {"Deploy": [stack_action(delivery, "never-made", **settings)]})
    delivery.upload(name, files)
    execution_id, _ = delivery.run(name)
    assert expected in delivery.error(name, execution_id, "Stack")


def test_an_output_artifact_without_a_file_name_is_not_made(delivery: Delivery) -> None:
    name = "no-output-file"
    action = stack_action(delivery, name, outputs=["Outputs"], ActionMode="DELETE_ONLY")
    takes = {**delivery.build(name, "Show", "ls", runOrder=2), "inputArtifacts": [{"name": "Outputs"}]}
    delivery.create(name, {"Deploy": [action, takes]})
    execution_id, _ = delivery.run(name)
    assert delivery.last_run(name, execution_id, "Stack")["status"] == "Succeeded"
    assert delivery.last_run(name, execution_id, "Stack")["output"]["outputArtifacts"] == []
    assert "The input artifact Outputs was not made" in delivery.error(name, execution_id, "Show")


def stack_action(delivery: Delivery, stack: str, outputs: list[str] | None = None, **configuration: str) -> dict:
    """An action on a stack, whose template is template.json of the source."""
    settings = {
        "StackName": stack,
        "TemplatePath": "Source::template.json",
        "RoleArn": delivery.role_arn,
        **configuration,
    }
    return delivery.action("Stack", "Deploy", "CloudFormation", settings, ["Source"], outputs)
