"""AWS Step Functions invoke action."""

from mlops.localcloud.codepipeline.run import Abandoned, ActionFailed, Run


def run(run: Run) -> None:
    """Start the state machine and wait for it. A stopped pipeline execution leaves it running, as on AWS."""
    if run.action.get("outputArtifacts"):
        message = (
            "The local cloud makes no output artifact of a state machine: AWS documents no file name for it"
        )
        raise ActionFailed("ConfigurationError", message)
    client = run.client("stepfunctions")
    machine = run.configuration["StateMachineArn"]
    prefix = run.configuration.get("ExecutionNamePrefix")
    name = f"{prefix}-{run.record.id}" if prefix else run.record.id
    started = client.start_execution(stateMachineArn=machine, name=name, input=_input(run))
    arn = run.record.external_id = started["executionArn"]
    run.record.values = {"StateMachineArn": machine, "ExecutionArn": arn}
    try:
        while (told := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
            run.wait()
    except Abandoned:
        run.record.summary = f"The state machine execution {arn} goes on"
        raise
    if told["status"] != "SUCCEEDED":
        cause = f"{told.get('error', '')}: {told.get('cause', '')}" if told.get("error") else told["status"]
        raise ActionFailed(
            "JobFailed", f"The state machine execution {told['status'].lower()}. {cause}"[:2000]
        )


def _input(run: Run) -> str:
    if run.configuration.get("InputType", "Literal") == "Literal":
        return run.configuration.get("Input", "{}")
    [artifact] = run.action["inputArtifacts"]
    return run.file(f"{artifact['name']}::{run.configuration['Input']}")
