"""The checks in the order in which they are made, and how one is made."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass

from mlops.aws.session import AWSError
from mlops.errors import MlopsError
from mlops.release.diagnosis import deployments, environment, foundation, quotas, storage, workflows
from mlops.release.diagnosis.findings import Finding, Results
from mlops.release.repository import Repository


@dataclass(frozen=True)
class Check:
    """A check by its name in the output. `place` is what it asks."""

    name: str
    run: Callable[[Repository], Results]
    place: str


CHECKS = (
    Check("configuration", environment.configuration, "machine"),
    Check("credentials", environment.credentials, "machine"),
    Check("region", environment.region, "machine"),
    Check("foundation", foundation.stack, "aws"),
    Check("identity provider", foundation.provider, "aws"),
    Check("logs of the API", foundation.api_logs, "aws"),
    Check("quotas", quotas.check, "aws"),
    Check("stacks", deployments.states, "aws"),
    Check("templates", deployments.current, "aws"),
    Check("boundaries", deployments.bounded, "aws"),
    Check("bucket", storage.bucket, "aws"),
    Check("versions of the bucket", storage.versions, "aws"),
    Check("encryption of the bucket", storage.encryption, "aws"),
    Check("public access to the bucket", storage.public_access, "aws"),
    Check("key", storage.key, "aws"),
    Check("mail", storage.mail, "aws"),
    Check("image", deployments.image, "aws"),
    Check("roles of workflows", workflows.roles, "aws"),
    Check("variables on GitHub", workflows.variables, "github"),
    Check("environments on GitHub", workflows.environments, "github"),
)


def examine(repository: Repository, check: Check, *, has_credentials: bool) -> list[Finding]:
    """What a check finds. It only reads; what it may not read is `unknown`, with the action's name."""
    if check.place == "aws" and not has_credentials:
        return [Finding(check.name, "unknown", "Not checked: see the problem of credentials.")]
    if check.place == "github" and shutil.which("gh") is None:
        detail = "gh, GitHub's command line, is not installed."
        return [Finding(check.name, "unknown", detail, "Install gh and run: gh auth login")]
    findings: list[Finding] = []
    try:
        for result in check.run(repository):
            findings.append(Finding(check.name, result.state, result.detail, result.remedy))
    except AWSError as error:
        findings.append(Finding(check.name, "unknown", str(error)))
    except MlopsError as error:
        first, *_ = str(error).splitlines()
        findings.append(Finding(check.name, "unknown", first))
    return findings
