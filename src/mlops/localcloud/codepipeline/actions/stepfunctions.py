"""AWS Step Functions invoke action.

Source: AWS CodePipeline User Guide, "AWS Step Functions invoke action reference".
"""

from mlops.localcloud import context
from mlops.localcloud.codepipeline.actions import artifacts
from mlops.localcloud.codepipeline.actions.provider import Action, ActionFailed, Provider

_MAXIMUM_MESSAGE = 5000
# AWS documents that the artifact holds the state machine's output, but not the file's name: no other action may take it.
_OUTPUT_FILE = "output.json"


def run(action: Action) -> None:
    """Start the state machine and wait for it. It keeps running when the action is abandoned, as on AWS."""
    states = action.client("stepfunctions")
    configuration, action_id = action.configuration, action.record.id
    machine = configuration["StateMachineArn"]
    prefix = configuration.get("ExecutionNamePrefix")
    name = f"{prefix}-{action_id}" if prefix else action_id
    execution = states.start_execution(stateMachineArn=machine, name=name, input=_input(action))["executionArn"]
    action.show(
        external_id=execution,
        external_url=f"https://console.aws.amazon.com/states/home?region={context.region()}"
        f"#/executions/details/{execution}",
        variables={"StateMachineArn": machine, "ExecutionArn": execution},
    )
    while (described := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        action.pause()
    if described["status"] != "SUCCEEDED":
        words = [f"The state machine execution {execution} ended as {described['status']}"]
        words += [described[member] for member in ("error", "cause") if described.get(member)]
        raise ActionFailed("JobFailed", ": ".join(words)[:_MAXIMUM_MESSAGE])
    for artifact in action.outputs:
        files = {_OUTPUT_FILE: described.get("output", "{}")}
        artifacts.write(action.client("s3"), action.output_location(artifact), files, action.encryption())


def _input(action: Action) -> str:
    configuration = action.configuration
    if configuration.get("InputType", "Literal") == "Literal":
        return configuration.get("Input", "{}")
    [artifact] = action.inputs
    return action.read(f"{artifact}::{configuration['Input']}")


def _fault(declaration: dict) -> str:
    configuration = declaration["configuration"]
    kind = configuration.get("InputType", "Literal")
    if kind not in ("Literal", "FilePath"):
        return f"InputType: found {kind}; allowed are Literal and FilePath"
    if kind == "FilePath" and not (declaration.get("inputArtifacts") and configuration.get("Input")):
        return "InputType FilePath needs an input artifact and, in Input, the path of a file in it"
    return ""


provider = Provider(
    run,
    configuration=("StateMachineArn", "ExecutionNamePrefix", "InputType", "Input"),
    required=("StateMachineArn",),
    inputs=(0, 1),
    outputs=(0, 1),
    fault=_fault,
)
