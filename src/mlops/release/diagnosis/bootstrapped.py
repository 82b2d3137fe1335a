"""What `mlops bootstrap` creates, and a local cloud works without."""

from __future__ import annotations

from mlops.aws import stacks
from mlops.release.diagnosis.findings import Result, problem, unknown
from mlops.release.repository import Repository

STACKS = ("boundaries", "bootstrap")
"""The stacks that `mlops bootstrap` creates."""


def missing(repository: Repository, detail: str, remedy: str) -> Result:
    """The result for what is missing: a problem, but `unknown` in a local cloud that was not bootstrapped."""
    if not is_optional(repository):
        return problem(detail, remedy)
    return unknown(f"{detail} The local cloud, which no workflow uses, needs none; on AWS this is a problem.")


def is_optional(repository: Repository) -> bool:
    """Whether this is a local cloud without any stack of `mlops bootstrap`."""
    session, names = repository.session, repository.names
    return session.is_local and not any(stacks.describe(session, names.stack(each)) for each in STACKS)
