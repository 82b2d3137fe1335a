"""Runs one action: resolves its configuration, calls its provider, and keeps how it ended."""

import logging

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from mlops.localcloud import context
from mlops.localcloud.codepipeline import events, variables
from mlops.localcloud.codepipeline.actions import PROVIDERS
from mlops.localcloud.codepipeline.actions.provider import Abandoned, Action, ActionFailed
from mlops.localcloud.codepipeline.records import ActionExecution, Execution, Pipeline, now
from mlops.localcloud.errors import AWSError

logger = logging.getLogger(__name__)


def begin(pipeline: Pipeline, execution: Execution, record: ActionExecution) -> None:
    """Run an action in the background. Its record has the end and the result."""
    context.spawn(_run, Action(pipeline, execution, record))


def end(pipeline: Pipeline, execution: Execution, record: ActionExecution, status: str, **members: object) -> None:
    """End an action that is in progress; one that has ended already stays as it is."""
    with pipeline.changed:
        if record.status != "InProgress":
            return
        for name, value in members.items():
            setattr(record, name, value)
        if status == "Succeeded":
            execution.artifacts |= record.outputs
            if namespace := record.declaration.get("namespace"):
                execution.namespaces[namespace] = record.variables
        record.status = status
        record.updated = execution.updated = now()
        pipeline.changed.notify_all()
    events.action_changed(execution, record)


def _run(action: Action) -> None:
    execution, record = action.execution, action.record
    try:
        _prepare(action)
        events.action_changed(execution, record)
        kind = record.declaration["actionTypeId"]
        PROVIDERS[kind["category"], kind["owner"], kind["provider"], kind["version"]].run(action)
    except Abandoned:
        return
    except ActionFailed as failure:
        error = failure.details
    except (ClientError, AWSError) as failure:
        error = _refused(failure)
    except context.RoleNotAssumable as failure:
        error = {"code": "PermissionError", "message": str(failure)}
    except (BotoCoreError, Boto3Error) as failure:
        error = {"code": "ConfigurationError", "message": str(failure)}
    except Exception as failure:
        logger.exception("Action %s of %s", record.name, execution.pipeline_name)
        error = {"code": "InternalError", "message": f"{type(failure).__name__}: {failure}"}
    else:
        return end(action.pipeline, execution, record, "Succeeded")
    end(action.pipeline, execution, record, "Failed", error=error)


def _prepare(action: Action) -> None:
    execution, record = action.execution, action.record
    for name in action.inputs:
        if name not in execution.artifacts:
            # A CloudFormation action without OutputFileName declares its output artifact and does not make it.
            raise ActionFailed(
                "ConfigurationError", f"The input artifact {name} was not made by the action that has it"
            )
    record.inputs = {name: execution.artifacts[name] for name in action.inputs}
    namespaces = {
        variables.RESERVED: {"PipelineExecutionId": execution.id},
        variables.PIPELINE: execution.variables,
        **execution.namespaces,
    }
    try:
        record.configuration = variables.resolve(record.declaration.get("configuration", {}), namespaces)
    except variables.Unresolved as unresolved:
        raise ActionFailed("ConfigurationError", str(unresolved)) from unresolved


def _refused(failure: ClientError | AWSError) -> dict[str, str]:
    code = failure.response["Error"]["Code"] if isinstance(failure, ClientError) else failure.code
    denied = "AccessDenied" in code or "Unauthorized" in code
    return {"code": "PermissionError" if denied else "ConfigurationError", "message": str(failure)}
