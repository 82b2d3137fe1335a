"""AWS CloudFormation deploy action.

Source: AWS CodePipeline User Guide, "AWS CloudFormation deploy action reference".
"""

import json
from urllib.parse import quote

from mlops.localcloud import context
from mlops.localcloud.codepipeline.actions import artifacts, stack_input
from mlops.localcloud.codepipeline.actions.provider import Action, Provider
from mlops.localcloud.codepipeline.actions.stack import Stack

_FAILED = (
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "CREATE_FAILED",
    "DELETE_FAILED",
    "UPDATE_ROLLBACK_FAILED",
)


def run(action: Action) -> None:
    """Carry out ActionMode on the stack, and wait for it. Its outputs are the action's variables."""
    stack = Stack(action.client("cloudformation"), action.configuration["StackName"], action.pause)
    _MODES[action.configuration["ActionMode"]](action, stack)


def _create_update(action: Action, stack: Stack) -> None:
    request = stack_input.request(action)
    existing = stack.describe()
    if existing is None:
        _finish(action, stack, stack.create(request), "was created.")
    else:
        changed = stack.update(request)
        _finish(action, stack, existing["StackId"], "was updated." if changed else "has nothing to update.")


def _replace_on_failure(action: Action, stack: Stack) -> None:
    existing = stack.describe()
    if existing is not None and existing["StackStatus"] in _FAILED:
        _delete(action, stack, existing["StackId"])
    _create_update(action, stack)


def _delete_only(action: Action, stack: Stack) -> None:
    existing = stack.describe()
    if existing is not None:
        _delete(action, stack, existing["StackId"])
    action.show(summary=f"Stack {stack.name} was deleted.")


def _change_set_replace(action: Action, stack: Stack) -> None:
    name = action.configuration["ChangeSetName"]
    stack.replace_change_set(name, stack_input.request(action))
    action.show(summary=f"Change set {name} was created.", **_identity((stack.describe() or {})["StackId"]))


def _change_set_execute(action: Action, stack: Stack) -> None:
    name = action.configuration["ChangeSetName"]
    executed = stack.execute_change_set(name)
    stack_id = (stack.describe() or {})["StackId"]
    _finish(action, stack, stack_id, f"{'was' if executed else 'did not have to be'} changed by {name}.")


def _delete(action: Action, stack: Stack, stack_id: str) -> None:
    action.show(**_identity(stack_id))
    stack.delete(stack_input.role(action))
    stack.wait(stack_id)


def _finish(action: Action, stack: Stack, stack_id: str, summary: str) -> None:
    """Wait for the stack, and make its outputs the action's."""
    action.show(**_identity(stack_id))
    described = stack.wait(stack_id)
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    if file := action.configuration.get("OutputFileName"):
        for artifact in action.outputs:
            location = action.output_location(artifact)
            artifacts.write(action.client("s3"), location, {file: json.dumps(outputs)}, action.encryption())
    action.show(variables=outputs, summary=f"Stack {stack.name} {summary}")


def _identity(stack_id: str) -> dict[str, str]:
    console = f"https://console.aws.amazon.com/cloudformation/home?region={context.region()}"
    return {"external_id": stack_id, "external_url": f"{console}#/stacks/stackinfo?stackId={quote(stack_id)}"}


_MODES = {
    "CREATE_UPDATE": _create_update,
    "REPLACE_ON_FAILURE": _replace_on_failure,
    "DELETE_ONLY": _delete_only,
    "CHANGE_SET_REPLACE": _change_set_replace,
    "CHANGE_SET_EXECUTE": _change_set_execute,
}


def _fault(declaration: dict) -> str:
    configuration = declaration["configuration"]
    mode = configuration["ActionMode"]
    if mode not in _MODES:
        return f"ActionMode: found {mode}; allowed are {', '.join(_MODES)}"
    if mode in ("CREATE_UPDATE", "REPLACE_ON_FAILURE", "CHANGE_SET_REPLACE"):
        for key in ("TemplatePath", "RoleArn"):
            if key not in configuration:
                return f"{key} is required with ActionMode {mode}"
    if mode.startswith("CHANGE_SET") and "ChangeSetName" not in configuration:
        return f"ChangeSetName is required with ActionMode {mode}"
    return ""


provider = Provider(
    run,
    configuration=(
        *("ActionMode", "StackName", "Capabilities", "ChangeSetName", "RoleArn", "TemplatePath"),
        *("OutputFileName", "ParameterOverrides", "TemplateConfiguration"),
    ),
    required=("ActionMode", "StackName"),
    inputs=(0, 10),
    outputs=(0, 1),
    fault=_fault,
)
