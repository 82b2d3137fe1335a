"""Explains why a rollback does not deploy a version, and what brings the version back."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime

from mlops.aws import model_packages
from mlops.aws.model_packages import ModelPackage
from mlops.errors import InputError
from mlops.names import short
from mlops.release import lineage
from mlops.release.repository import Repository
from mlops.release.versions import Version


def of_version(repository: Repository, package: ModelPackage, approved: Sequence[int]) -> InputError:
    """The refusal of a package that is not approved: who rejected it, when and why, and the commands to run next."""
    found = lineage.version(repository, str(package.version))
    allowed = f" Allowed are the approved ones: {', '.join(map(str, approved))}." if approved else ""
    return InputError(f"Version {package.version} {_reason(package, found)}.{allowed}\n{_next(package, found)}")


def _reason(package: ModelPackage, found: Version) -> str:
    if package.status != model_packages.REJECTED:
        return f"is not approved: {found.state}"
    if found.periods:
        return f"was rejected{_when(found.periods[0].until)} ({package.approval or 'no reason is kept'})"
    decision = found.approval
    if decision is None:
        return f"was rejected ({package.approval or 'no reason is kept'})"
    if decision.approved:
        return f"was approved by {decision.approver}, and rejected when its deployment to production failed"
    if found.stop_reason:
        return f"was not approved: {found.stop_reason}"
    who = f" by {decision.approver}" if decision.approver else ", as its approval timed out or its release was stopped"
    comment = f" ({decision.comment})" if decision.comment else ""
    return f"was rejected{_when(datetime.fromisoformat(decision.time))}{who}{comment}"


def _next(package: ModelPackage, found: Version) -> str:
    if found.state == "waiting for approval":
        return f"Approve it: mlops approve {short(found.execution_id)}"
    if found.periods:
        return (
            "To deploy it as it was, approve it again and roll back to it, which rejects the version that is left:\n"
            f"  aws sagemaker update-model-package --model-package-arn {package.arn} "
            '--model-approval-status Approved --approval-description "approved again"\n'
            f"  mlops rollback --to {package.version}"
        )
    # Uncommitted changes are marked behind the commit.
    checkout = f"\n  git checkout {found.commit_id}" if re.fullmatch("[0-9a-f]{40}", found.commit_id) else ""
    # All of them: trainingjob.json of that commit may have other values than this checkout, and tuning chose some.
    settings = [f"--set {shlex.quote(f'{name}={value}')}" for name, value in found.hyperparameters.items() if value]
    start = " ".join(["mlops start --data-version", shlex.quote(found.data_version), *settings])
    return (
        "It has never served in production. Release its commit again with the same data and hyperparameters, as a new "
        f"version that needs an approval of its own:{checkout}\n  {start}"
    )


def _when(moment: datetime | None) -> str:
    return f" on {moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else ""
