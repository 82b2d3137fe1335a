"""Checks what a repository needs, one check after the other."""

from __future__ import annotations

from mlops.release.diagnosis import checks
from mlops.release.diagnosis.findings import Finding
from mlops.release.events import Events, Examined
from mlops.release.repository import Repository


def diagnose(repository: Repository) -> Events[list[Finding]]:
    """Every finding of every check. Nothing is changed, in the account or on GitHub."""
    repository.project  # noqa: B018 - without region and names there is nothing to check
    found: list[Finding] = []
    for check in checks.CHECKS:
        no_access = any(each.check == "credentials" and each.state == "problem" for each in found)
        findings = checks.examine(repository, check, has_credentials=not no_access)
        found += findings
        for finding in findings:
            yield Examined(finding)
    return found
