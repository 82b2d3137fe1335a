"""Checks of what the account has once: GitHub's identity provider, the role for API Gateway's logs, their stack."""

from __future__ import annotations

from mlops.aws import account, stacks
from mlops.release.diagnosis import bootstrapped
from mlops.release.diagnosis.findings import Results, ok, problem
from mlops.release.repository import Repository

_STACK = "mlops-foundation"
_AUDIENCE = "sts.amazonaws.com"


def provider(repository: Repository) -> Results:
    """The account has GitHub's identity provider, for the audience of the workflows."""
    found = account.provider(repository.session)
    if found is None:
        detail = "The account has no identity provider of GitHub: no workflow can sign in."
        yield bootstrapped.missing(repository, detail, _make(repository))
    elif _AUDIENCE not in found.audiences:
        yield problem(
            f"{found.arn} is not for the audience {_AUDIENCE}.",
            "aws iam add-client-id-to-open-id-connect-provider "
            f"--open-id-connect-provider-arn {found.arn} --client-id {_AUDIENCE}",
        )
    else:
        yield ok(found.arn)


def api_logs(repository: Repository) -> Results:
    """API Gateway has a role for logs in the region, where clients call the API."""
    if repository.configuration.production.clients_call != "api":
        yield ok("not needed: clients call the endpoint")
        return
    arn = account.api_log_role(repository.session)
    if not arn:
        yield problem("API Gateway has no role for logs in this region: mlops deploy is refused.", _make(repository))
    else:
        yield ok(arn)


def stack(repository: Repository) -> Results:
    """The foundation's stack, where there is one, is not in a failed state."""
    found = stacks.describe(repository.session, _STACK)
    if found is None:
        yield ok(f"no stack {_STACK} in this region; what it creates is checked by itself")
    elif found["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        yield ok(f"{_STACK} is in {found['StackStatus']}")
    else:
        yield problem(f"{_STACK} is in {found['StackStatus']}.", _make(repository))


def _make(repository: Repository) -> str:
    return f"In the template's repository: make foundation AWS_REGION={repository.session.region}"
