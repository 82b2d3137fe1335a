"""parliament on every policy: actions match their resources and conditions, and no role can extend its permissions."""

import json
from typing import Any

import pytest
from parliament import analyze_policy_string
from resolving import resolved
from templates import ALL, policies

# False findings: parliament's data of AWS is older than these actions, or a condition limits the permission.
KNOWS_ALIASES = "KMS has the condition key kms:ResourceAliases for every action on a key; parliament does not know it."
KNOWS_NO_NEWER = "The Service Authorization Reference has the action; parliament does not know it yet."
EXCEPTIONS = {
    ("UNKNOWN_ACTION", "s3:GetBucketAbac"): KNOWS_NO_NEWER,
    ("UNKNOWN_ACTION", "lambda:GetFunctionScalingConfig"): KNOWS_NO_NEWER,
    ("UNKNOWN_CONDITION_FOR_ACTION", "kms:ResourceAliases"): KNOWS_ALIASES,
    ("RESOURCE_MISMATCH", "states:DescribeExecution"): "It asks for express executions beside the standard ones.",
    ("RESOURCE_MISMATCH", "states:ListExecutions"): "Those of a machine; parliament asks for those of a map run too.",
    ("RESOURCE_MISMATCH", "kms:CreateAlias"): "The key and its alias are two statements, the key's with a condition.",
    ("RESOURCE_STAR", "cloudwatch:DescribeAlarms"): "CodeDeploy reads several alarms in one call.",
    ("RESOURCE_STAR", "kms:TagResource"): "A key is tagged as it is made, without an id; the tag is the condition.",
    ("UNKNOWN_CONDITION_FOR_ACTION", "application-autoscaling:service-namespace"): "It counts where it exists.",
    ("MISMATCHED_TYPE_BUT_USABLE", "StringEquals"): "IAM's own examples compare iam:PermissionsBoundary so.",
    ("RESOURCE_POLICY_PRIVILEGE_ESCALATION", "s3:Put"): "Who makes the bucket writes its policy and its lifecycle.",
}


@pytest.mark.parametrize("side", [1, 2], ids=["if", "else"])
@pytest.mark.parametrize("name", sorted({*ALL} - {"boundaries"}))
def test_parliament_finds_nothing(name: str, side: int) -> None:
    findings = []
    for resource, document in policies(name):
        analysed = analyze_policy_string(json.dumps(resolved(document, side)))
        findings += [(resource, each.issue, str(each.detail)) for each in analysed.findings if not excepted(each)]
    assert findings == []


def test_parliament_finds_only_that_a_boundary_is_wide() -> None:
    """A wildcard also covers actions that know none of the resources, and some know none at all."""
    issues = {
        (resource, each.issue)
        for resource, document in policies("boundaries")
        for each in analyze_policy_string(json.dumps(resolved(document, 1))).findings
        if not excepted(each) and "*" not in str(each.location)
    }
    assert {issue for _, issue in issues} <= {"RESOURCE_STAR", "RESOURCE_MISMATCH", "CREDENTIALS_EXPOSURE"}


def excepted(finding: Any) -> bool:
    text = f"{finding.detail} {finding.location}"
    return any(finding.issue == issue and word in text for issue, word in EXCEPTIONS)
