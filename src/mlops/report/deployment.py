"""Deployments of the model: its package in the registry, the endpoints."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, get_args

from mlops.aws import endpoints, stacks, traffic
from mlops.aws.executions import Execution
from mlops.aws.session import AWSError, Session
from mlops.names import Names, Stage
from mlops.report.pipeline import iso

# This part of the document without a deployment.
NOTHING: dict[str, Any] = {"model_package": None, "endpoints": [], "traffic": None}


def collect(session: Session, names: Names, execution: Execution, release: dict[str, Any]) -> dict[str, Any]:
    """`model_package`, `endpoints` and `traffic` of the document."""
    arn = release["model_package"]
    described = (_endpoint(session, names, stage, execution.id) for stage in get_args(Stage))
    return {
        "model_package": _model_package(session, arn) if arn else None,
        "endpoints": [endpoint for endpoint in described if endpoint],
        "traffic": _traffic(session, names, execution),
    }


def _traffic(session: Session, names: Names, execution: Execution) -> dict[str, Any] | None:
    """The requests to this release during the traffic shift."""
    action = next((each for each in execution.actions if each.path == "Production/Deploy"), None)
    counted = traffic.of_shift(session, names, action) if action else None
    return asdict(counted) if counted else None


def _model_package(session: Session, arn: str) -> dict[str, Any] | None:
    try:
        package = session.client("sagemaker").describe_model_package(ModelPackageName=arn)
    except AWSError as error:
        if not error.is_missing_resource:
            raise
        return None
    return {
        "arn": arn,
        "group": package.get("ModelPackageGroupName"),
        "version": package.get("ModelPackageVersion"),
        "status": package["ModelPackageStatus"],
        "approval": package.get("ModelApprovalStatus"),
        "metadata": package.get("CustomerMetadataProperties", {}),
    }


def _endpoint(session: Session, names: Names, stage: Stage, execution_id: str) -> dict[str, Any] | None:
    """The current state of an endpoint, and whether it serves this release."""
    status = endpoints.describe(session, endpoints.name_of(session, names, stage))
    if status is None:
        return None
    outputs = stacks.outputs(session, names.endpoint_stack(stage))
    return {
        "stage": stage,
        "name": status.name,
        "status": status.status,
        "reason": status.failure_reason,
        "changed": iso(status.changed),
        "execution": outputs.get("ExecutionId"),
        "commit": outputs.get("CommitId"),
        "serves_this": outputs.get("ExecutionId") == execution_id,
        "challenger": challenger(stacks.parameters(session, names.endpoint_stack(stage))),
    }


def challenger(parameters: dict[str, str]) -> dict[str, Any] | None:
    """The model that shares an endpoint's traffic, by the parameters of the endpoint's stack; None without one."""
    if not parameters.get("ChallengerName"):
        return None
    return {
        "name": parameters["ChallengerName"],
        "execution": parameters["ChallengerExecutionId"],
        "share": float(parameters["ChallengerWeight"]),
    }
