"""Answers what is in production, since when, made from what, approved by whom, and what it replaced.

By the registry and the bucket, which keep it; CodePipeline, which forgets an execution after 12 months, is asked only
about releases that were not decided on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice, pairwise
from typing import Any

from mlops import names
from mlops.aws import deployments, executions, failures, model_packages, releases
from mlops.aws.deployments import Deployment
from mlops.aws.executions import Execution
from mlops.aws.model_packages import ModelPackage
from mlops.errors import InputError, printable
from mlops.release import naming, versions
from mlops.release.repository import Repository
from mlops.release.versions import Approval, Difference, Entry, History, Period, Version

_STATES = {"InProgress": "running", "Stopping": "stopping"}


def history(repository: Repository, *, limit: int = 20, everything: bool = False) -> History:
    """The newest `limit` times that a release was in production, newest first.

    `everything` adds the releases that were never in production. A release is in it twice after a rollback to it.
    InputError where nothing is deployed: `mlops destroy` deletes the log of production too.
    """
    log = deployments.newest_first(repository.session, repository.bucket)
    if not log:
        executions.require_pipeline(repository.session, repository.names.pipeline)
    serving = releases.deployed(repository.session, repository.names).get("ExecutionId", "")
    shown = {each.execution_id for each in log[: limit + 1]}
    packages = _packages(repository, shown, limit if everything else 0)
    known = {each.execution_id: each for each in packages}
    found = {each.execution_id: each for each in _described(repository, packages, log, serving, known)}
    entries = [
        Entry(found.get(deployment.execution_id, Version(deployment.execution_id)), _period(log, number, known))
        for number, deployment in enumerate(log[:limit])
    ]
    if everything:
        others = [each for each in found.values() if not each.periods]
        others += _unregistered(repository, known, limit)
        entries += [Entry(each, None) for each in others]
        entries.sort(key=lambda entry: entry.moment or datetime.min.replace(tzinfo=UTC), reverse=True)
    return History(tuple(entries[:limit]), serving, not serving or (bool(log) and log[0].execution_id == serving))


def version(repository: Repository, given: str) -> Version:
    """One release, by the number of its model package, or by the id of its execution or its first characters.

    InputError when there is none.
    """
    log = deployments.newest_first(repository.session, repository.bucket)
    serving = releases.deployed(repository.session, repository.names).get("ExecutionId", "")
    package = _named(repository, given)
    if package is None:
        session, pipeline = repository.session, repository.names.pipeline
        execution = executions.read(session, pipeline, executions.named(session, pipeline, given))
        return _explained(repository, _of_execution(repository, execution), execution)
    before = {later.execution_id for own, later in pairwise(log) if own.execution_id == package.execution_id}
    known = {each.execution_id: each for each in _packages(repository, before, 0)}
    described = _described(repository, [package], log, serving, known)
    if not described:
        raise naming.unreleased(package.version)
    found = described[0]
    return _explained(repository, found, _execution(repository, found.execution_id)) if found.has_failed else found


def compare(repository: Repository, first: str, second: str) -> tuple[Version, Version, list[Difference]]:
    """Two releases, and in what they differ."""
    one, other = version(repository, first), version(repository, second)
    return one, other, versions.differences(one, other)


def _named(repository: Repository, given: str) -> ModelPackage | None:
    session, own = repository.session, repository.names
    if number := naming.version_number(given):
        return naming.package(repository, number)
    if not re.fullmatch(r"[0-9a-f][0-9a-f-]{3,35}", given):
        raise InputError(
            f"{given!r} is no version: allowed is the number of a model package, or at least four characters of its "
            "execution's id. See both with: mlops history --all"
        )
    matches = [each for each in model_packages.newest_first(session, own, None) if each.execution_id.startswith(given)]
    if len(matches) > 1:
        known = "".join(f"\n  {each.version}  {each.execution_id}" for each in matches)
        raise InputError(f"Several executions begin with {given}:{known}")
    return matches[0] if matches else None


def _packages(repository: Repository, needed: set[str], newest: int) -> list[ModelPackage]:
    """The packages of these executions, and the newest ones."""
    if not (needed or newest):
        return []
    found = []
    missing = set(needed)
    for number, package in enumerate(model_packages.newest_first(repository.session, repository.names, None)):
        if number >= newest and not missing:
            break
        if number < newest or package.execution_id in missing:
            found.append(package)
        missing.discard(package.execution_id)
    return found


def _described(
    repository: Repository,
    packages: Sequence[ModelPackage],
    log: Sequence[Deployment],
    serving: str,
    known: dict[str, ModelPackage],
) -> list[Version]:
    """The versions of packages, with what the bucket has of them. Packages that no release created are left out."""
    released = [each for each in packages if each.execution_id]
    kinds = (names.lineage_key, names.decision_key, names.qa_key)
    keys = [kind(each.execution_id) for each in released for kind in kinds]
    documents = deployments.documents(repository.session, repository.bucket, keys)
    return [
        _version(repository, package, log, serving, known, *documents[3 * position : 3 * position + 3])
        for position, package in enumerate(released)
    ]


def _version(
    repository: Repository,
    package: ModelPackage,
    log: Sequence[Deployment],
    serving: str,
    known: dict[str, ModelPackage],
    lineage: dict[str, Any] | None,
    decision: dict[str, Any] | None,
    qa: dict[str, Any] | None,
) -> Version:
    lineage, metadata, own = lineage or {}, package.metadata, package.execution_id
    request = lineage.get("request", {})
    measured, headline = versions.metrics(lineage)
    approval = _approval(decision)
    periods = tuple(_period(log, n, known) for n, each in enumerate(log) if each.execution_id == own)
    undecided = approval is None or not (approval.approved or approval.approver)
    execution = _execution(repository, own) if undecided and not periods and own != serving else None
    state = _state(package, approval, execution, in_production=own == serving, was=bool(periods))
    return Version(
        execution_id=own,
        version=package.version,
        state=state,
        registered=package.created,
        commit_id=package.commit_id,
        repository=lineage.get("repository", ""),
        data_version=package.data_version,
        image=package.container.image,
        model=package.container.model_data_url,
        trigger=_given(request.get("Trigger", metadata.get("trigger", ""))),
        requested_by=_given(request.get("StartedBy", metadata.get("requested-by", ""))),
        reason=_given(request.get("Reason", "")),
        link=_given(request.get("Link", "")),
        tuned=bool(lineage.get("tuned")),
        hyperparameters=lineage.get("hyperparameters", {}),
        metrics=measured,
        headline=headline,
        baseline=tuple(lineage.get("baseline", ())),
        qa=qa.get("passed") if qa else None,
        qa_checks=len(qa.get("checks", [])) if qa else 0,
        approval=approval,
        rejection=package.approval if state == "rolled back" else "",
        stop_reason=executions.stop_reason(repository.session, execution) if execution else "",
        periods=periods,
        results=f"s3://{repository.bucket}/{names.execution_prefix(own)}",
    )


def _approval(decision: dict[str, Any] | None) -> Approval | None:
    if decision is None:
        return None
    approver = decision.get("approver", "").rpartition("/")[2].rpartition(":")[2]
    return Approval(decision["approved"], approver, decision.get("comment", ""), decision.get("time", ""))


def _period(log: Sequence[Deployment], number: int, known: dict[str, ModelPackage]) -> Period:
    deployment = log[number]
    before = log[number + 1].execution_id if number + 1 < len(log) else None
    replaced = str(known[before].version) if before in known else before and names.short(before)
    until = log[number - 1].moment if number else None
    return Period(deployment.moment, until, deployment.kind, replaced, deployment.by, deployment.reason)


def _execution(repository: Repository, execution_id: str) -> Execution | None:
    """The execution; None when CodePipeline has forgotten it."""
    try:
        return executions.read(repository.session, repository.names.pipeline, execution_id)
    except InputError:
        return None


def _state(
    package: ModelPackage, approval: Approval | None, execution: Execution | None, *, in_production: bool, was: bool
) -> str:
    if in_production:
        return "in production"
    if package.status == model_packages.REJECTED:
        if was:
            return "rolled back"
        if execution and execution.stopped:
            return _state_of(execution)
        return "failed in Production/Deploy" if approval and approval.approved else "rejected"
    if was:
        return "replaced"
    if package.status == model_packages.APPROVED:
        return "approved"
    return _state_of(execution) if execution else "not decided"


def _state_of(execution: Execution) -> str:
    if execution.waiting_approval:
        return "waiting for approval"
    failed = execution.failed_action
    if failed and not execution.stopped:
        return f"failed in {failed.path}"
    return _STATES.get(execution.status, execution.status.lower())


def _explained(repository: Repository, found: Version, execution: Execution | None) -> Version:
    """The version with the cause of its failure, as long as CodePipeline keeps its execution."""
    if execution is None or not found.has_failed:
        return found
    failure = failures.explain(repository.session, repository.names, execution)
    return replace(found, failure=printable(failure.sentence)) if failure else found


def _unregistered(repository: Repository, known: dict[str, ModelPackage], limit: int) -> list[Version]:
    """The executions whose model was not registered, as long as CodePipeline keeps them."""
    session, pipeline = repository.session, repository.names.pipeline
    summaries = (each for each in executions.recent(session, pipeline, 100) if each.id not in known)
    found = (
        _of_execution(repository, executions.read(session, pipeline, each.id))
        for each in summaries
        if each.trigger != "CreatePipeline"
    )
    return list(islice(found, limit))


def _of_execution(repository: Repository, execution: Execution) -> Version:
    variables = execution.variables
    return Version(
        execution_id=execution.id,
        state=_state_of(execution),
        registered=execution.started,
        commit_id=_given(variables.get("CommitId", "")),
        data_version=execution.revisions.get("Data", ""),
        trigger=_given(variables.get("Trigger", "")),
        requested_by=_given(variables.get("StartedBy", "")),
        reason=_given(variables.get("Reason", "")),
        link=_given(variables.get("Link", "")),
        tuned=variables.get("Tune") == "true",
        stop_reason=executions.stop_reason(repository.session, execution),
        results=f"s3://{repository.bucket}/{names.execution_prefix(execution.id)}",
    )


def _given(value: str) -> str:
    """A variable's value, empty where it has the pipeline's default."""
    return "" if value in ("none", "none given", "unknown") else value
