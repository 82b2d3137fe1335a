"""Stopping executions, together with the builds and the state machine that run for it."""

from __future__ import annotations

from mlops.aws import executions
from mlops.aws.executions import IN_PROGRESS, Action, Execution
from mlops.aws.session import AWSError, Session
from mlops.errors import InputError, PipelineError
from mlops.names import Names

_GONE = {"ExecutionDoesNotExist", "ResourceNotFoundException"}


def begin(session: Session, names: Names, execution_id: str, reason: str) -> None:
    """Ask CodePipeline to stop the execution.

    InputError when it has ended, PipelineError while it changes production, because a deployment must not stop halfway.
    """
    execution = executions.read(session, names.pipeline, execution_id)
    if execution.finished:
        raise InputError(f"The execution {execution_id} has ended already: it is {execution.status}.")
    if running := execution.running_in_production:
        raise PipelineError(
            f"The execution {execution_id} is in {running.path} and changes production. Wait for its end (mlops watch "
            f"{execution_id}), then take it back with: mlops rollback"
        )
    # Without abandon CodePipeline would wait for an approval. `end_running` stops builds and jobs.
    stop(session, execution, reason, abandon=execution.waiting_approval is not None)


def stop(session: Session, execution: Execution, reason: str, *, abandon: bool) -> None:
    """Stop an execution after its running actions, or at once without waiting for them (`abandon`)."""
    try:
        session.client("codepipeline").stop_pipeline_execution(
            pipelineName=execution.pipeline, pipelineExecutionId=execution.id, abandon=abandon, reason=reason
        )
    except AWSError as error:
        # It has ended, or another request has just stopped it.
        if error.code not in {"DuplicatedStopRequestException", "PipelineExecutionNotStoppableException"}:
            raise


def end_running(session: Session, execution: Execution, reason: str) -> None:
    """Stop what the running actions have started: builds, and the state machine with its jobs."""
    for action in execution.actions:
        if action.state == IN_PROGRESS and action.external_id:
            _end(session, action, reason)


def _end(session: Session, action: Action, reason: str) -> None:
    try:
        if action.provider == "CodeBuild":
            session.client("codebuild").stop_build(id=action.external_id)
        elif action.provider == "StepFunctions":
            # Its jobs end with it: https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
            session.client("stepfunctions").stop_execution(executionArn=action.external_id, cause=reason)
    except AWSError as error:
        if error.code not in _GONE:
            raise
