"""Trust policies of the roles of workflows: each way in which one trusts others is named."""

import copy
from typing import Any

import pytest

from mlops.github.repositories import Ids
from mlops.release.diagnosis.trust import GitHubRepository, faults

OWN = GitHubRepository("octo-org", "fares", Ids("11", "22"), frozenset({"release.yml"}))
CLAIM = "token.actions.githubusercontent.com:"
GOOD: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {
                    f"{CLAIM}aud": "sts.amazonaws.com",
                    f"{CLAIM}sub": [
                        "repo:octo-org/fares:ref:refs/heads/main",
                        "repo:octo-org@11/fares@22:ref:refs/heads/main",
                    ],
                    f"{CLAIM}repository_id": "22",
                    f"{CLAIM}job_workflow_ref": "octo-org/fares/.github/workflows/release.yml@refs/heads/main",
                }
            },
        }
    ],
}


def with_claims(**claims: Any) -> dict[str, Any]:
    """The policy with other values of claims; None leaves a claim out."""
    document = copy.deepcopy(GOOD)
    condition = document["Statement"][0]["Condition"]["StringEquals"]
    for claim, value in claims.items():
        condition[f"{CLAIM}{claim}"] = value
        if value is None:
            del condition[f"{CLAIM}{claim}"]
    return document


def trusting(principal: Any) -> dict[str, Any]:
    """The policy with a second statement."""
    return {"Statement": [*GOOD["Statement"], {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]}


BROKEN = {
    "another repository": (with_claims(sub=["repo:octo-org@11/other@33:ref:refs/heads/main"]), "other@33"),
    "a repository that has taken over the name": (
        with_claims(sub=["repo:octo-org@11/fares@99:ref:refs/heads/main"]),
        "fares@99:ref:refs/heads/main, which is not this repository",
    ),
    "the former subject alone": (
        with_claims(sub="repo:octo-org/fares:ref:refs/heads/main"),
        "GitHub's tokens are refused",
    ),
    "every repository": (with_claims(sub=None), "every repository on GitHub"),
    "another id": (with_claims(repository_id="99"), "its repository_id is ['99'], GitHub's is 22"),
    "no id": (with_claims(repository_id=None), "its repository_id is [], GitHub's is 22"),
    "another audience": (with_claims(aud="https://example.org"), "and not only sts.amazonaws.com"),
    "a workflow that is gone": (
        with_claims(job_workflow_ref="octo-org/fares/.github/workflows/ship.yml@refs/heads/main"),
        "which this repository does not have",
    ),
    "an account": (trusting({"AWS": "arn:aws:iam::999999999999:root"}), "and not only GitHub's identity provider"),
    "everybody": (trusting("*"), "and not only GitHub's identity provider"),
    "no principal": (
        {"Statement": [{"Effect": "Deny", "Principal": "*"}]},
        "no statement allows a principal to assume it",
    ),
}


@pytest.mark.parametrize(("document", "words"), BROKEN.values(), ids=BROKEN)
def test_a_policy_that_trusts_others_is_a_fault(document: dict[str, Any], words: str):
    assert words in "; ".join(faults(document, OWN, reads_claims=True))


def test_a_policy_that_trusts_this_repository_alone_has_no_fault():
    assert faults(GOOD, OWN, reads_claims=True) == []


def test_elsewhere_the_subject_is_enough():
    assert faults(with_claims(repository_id=None, job_workflow_ref=None), OWN, reads_claims=False) == []
