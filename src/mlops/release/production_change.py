"""Refuses the approval of a release that was evaluated against another model than production serves now."""

from __future__ import annotations

import shlex
from datetime import UTC

from mlops import names
from mlops.aws import deployments, executions, model_packages, releases
from mlops.aws.deployments import Deployment
from mlops.aws.executions import Execution
from mlops.errors import PipelineError, printable
from mlops.names import short
from mlops.release.repository import Repository


class ProductionChangedError(PipelineError):
    """Production serves another model than the one that the release was evaluated against."""


def require_none(repository: Repository, execution: Execution) -> None:
    """ProductionChangedError where production has changed since the execution was evaluated.

    The same while another release is being deployed. The execution's lineage.json, which only the training state machine
    may write, names the model that production served then.
    """
    key = names.lineage_key(execution.id)
    (lineage,) = deployments.documents(repository.session, repository.bucket, [key])
    if lineage is None or "compared_with" not in lineage:
        return
    before, now = lineage["compared_with"], releases.served_model(repository.session, repository.names)
    if before == now:
        _require_no_deployment(repository, execution)
        return
    raise ProductionChangedError(
        _refusal(execution, _name(repository, before), _name(repository, now), _deployed(repository, now))
    )


def _require_no_deployment(repository: Repository, execution: Execution) -> None:
    """ProductionChangedError while another release is being deployed: its model may replace the one of the comparison."""
    for other in executions.on_their_way(repository.session, execution.pipeline):
        running = other.running_in_production
        if running and other.id != execution.id:
            given, ahead = short(execution.id), short(other.id)
            raise ProductionChangedError(
                f"Nothing is approved: the execution {other.id} is running {running.path}, and {execution.id} was not "
                f"compared with its model.\nWait until it ends, then approve again: mlops watch {ahead} && mlops approve "
                f"{given}\nApprove it all the same: mlops approve {given} --despite-change"
            )


def _refusal(execution: Execution, before: str, now: str, deployment: str) -> str:
    given = short(execution.id)
    against = f"evaluated against {before}" if before else "evaluated while nothing was in production"
    serves = f"production serves {now} now{deployment}" if now else "nothing is in production now"
    again = f"against {now}" if now else "again"
    return (
        f"Nothing is approved: the execution {execution.id} was {against}, and {serves}. Its report and its gate do not "
        f"compare the two.\nEvaluate it {again}: mlops reject {given} --comment {shlex.quote(against)}, then "
        f"{_start(execution)}\nApprove it all the same: mlops approve {given} --despite-change"
    )


def _start(execution: Execution) -> str:
    """The command that releases a checkout of the commit with the execution's data and settings."""
    variables = execution.variables
    data, settings = execution.revisions.get("Data"), variables.get("HyperParameters", "{}")
    options = [f"--data-version {shlex.quote(data)}"] if data else []
    options += ["--tune"] if variables.get("Tune") == "true" else []
    options += [f"--hyperparameters {shlex.quote(settings)}"] if settings not in ("{}", "none") else []
    return " ".join(["mlops start", *options])


def _name(repository: Repository, uri: str | None) -> str:
    """The version of the model at a URI, else its execution; empty without a model."""
    if not uri:
        return ""
    execution = names.execution_of_model(uri)
    if package := model_packages.of_execution(repository.session, repository.names, execution, None):
        return f"version {package.version}"
    return f"execution {short(execution)}" if execution else uri


def _deployed(repository: Repository, uri: str | None) -> str:
    """Since when production serves this model, and why, by the log of production; empty where that does not know it."""
    execution = names.execution_of_model(uri or "")
    newest = next(iter(deployments.newest_first(repository.session, repository.bucket)), None)
    return _since(newest) if newest and newest.execution_id == execution else ""


def _since(deployment: Deployment) -> str:
    since = f", since {deployment.moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if deployment.kind != "rollback":
        return since
    by = f" by {deployment.by}" if deployment.by else ""
    return printable(f"{since}: rolled back{by}{f' ({deployment.reason})' if deployment.reason else ''}")
