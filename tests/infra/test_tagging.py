"""CloudFormation gives a stack's tags to its resources, and fails if its role may not tag one of them."""

from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from templates import DEPLOYED_BY, template

# S3 has two APIs for bucket tags. The roles use Put- and GetBucketTagging; the actions of the other API are not needed.
# The call DeleteBucketTagging is authorized by s3:PutBucketTagging.
NOT_NEEDED = {"s3:TagResource", "s3:UntagResource", "s3:ListTagsForResource", "s3:DeleteBucketTagging"}


@pytest.mark.parametrize("name", DEPLOYED_BY)
def test_role_of_a_stack_may_tag_all_its_resources(name: str) -> None:
    granted = actions(*DEPLOYED_BY[name])
    missing = {}
    for kind in {resource["Type"] for resource in template(name)["Resources"].values()}:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
        needed = set(schema.get("tagging", {}).get("permissions", [])) - NOT_NEEDED
        if needed - granted:
            missing[kind] = needed - granted
    assert missing == {}


def actions(name: str, role: str) -> set[str]:
    """Every action that a role is granted, under any condition."""
    resources = template(name)["Resources"]
    properties = resources[role]["Properties"]
    documents = [each["PolicyDocument"] for each in properties["Policies"]]
    managed = [resources[each["Ref"]] for each in properties.get("ManagedPolicyArns", [])]
    documents += [each["Properties"]["PolicyDocument"] for each in managed]
    return {action for document in documents for statement in document["Statement"] for action in allowed(statement)}


def allowed(statement: dict[str, Any]) -> list[str]:
    if "Fn::If" in statement:
        return [action for side in statement["Fn::If"][1:] for action in allowed(side)]
    actions = statement.get("Action", [])
    return [actions] if isinstance(actions, str) else actions
