"""Compares the actions that a repository's roles may perform with those that they used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from baking import GENERATED
from github.account import PROJECT, Account

_TEMPLATES = {"test": "endpoint", "production": "endpoint"}


@dataclass(frozen=True)
class Grant:
    """One action that a policy of a stack allows to these roles; `resource` is the policy's or role's logical id."""

    template: str
    resource: str
    action: str
    roles: frozenset[str]

    def __str__(self) -> str:
        return f"infra/{self.template}.yml {self.resource}: {self.action}"


def granted(account: Account) -> list[Grant]:
    """Every action that IAM's policies allow to the roles of the project's stacks."""
    return [
        Grant(template, resource, action, roles)
        for template, resource, roles, document in _documents(account)
        for statement in document["Statement"]
        if statement["Effect"] == "Allow"
        for action in _listed(statement["Action"])
    ]


def unused(grants: Iterable[Grant], entries: Iterable[dict]) -> list[Grant]:
    """The grants that none of their roles used."""
    used = {(entry["role"], entry["action"]) for entry in entries if entry["allowed"]}
    return [
        grant
        for grant in grants
        if not any(role in grant.roles and fnmatchcase(action, grant.action) for role, action in used)
    ]


def is_explained(grant: Grant) -> bool:
    """Whether a comment in the statement explains an unused grant: when the action is needed, or that the local cloud
    does not check it."""
    text = (GENERATED / "infra" / f"{grant.template}.yml").read_text(encoding="utf-8")
    block = re.search(rf"^  {grant.resource}:\n(?:(?:   .*|\s*|  #.*)\n)+", text, re.MULTILINE)
    statements = re.split(r"\n(?=\s+- Sid:)", block[0]) if block else []
    return any(
        re.search(rf"{re.escape(grant.action)}$", statement, re.MULTILINE)
        and re.search(r"#.*\b(local\n? *#? ?cloud|only (when|where|after)|Only (when|where|after))", statement)
        for statement in statements
    )


def _documents(account: Account) -> Iterator[tuple[str, str, frozenset[str], dict]]:
    """Template, logical id, roles and document of each policy."""
    iam, cloudformation = account.client("iam"), account.client("cloudformation")
    for stack in cloudformation.describe_stacks()["Stacks"]:
        if not stack["StackName"].startswith(f"{PROJECT}-"):
            continue
        name = stack["StackName"].removeprefix(f"{PROJECT}-")
        if name == "boundaries":
            # A boundary grants nothing.
            continue
        template = _TEMPLATES.get(name, name)
        for resource in cloudformation.describe_stack_resources(StackName=stack["StackName"])["StackResources"]:
            logical, physical = resource["LogicalResourceId"], resource.get("PhysicalResourceId", "")
            if resource["ResourceType"] == "AWS::IAM::Role":
                for policy in iam.list_role_policies(RoleName=physical)["PolicyNames"]:
                    document = iam.get_role_policy(RoleName=physical, PolicyName=policy)["PolicyDocument"]
                    yield template, logical, frozenset({physical}), document
            elif resource["ResourceType"] == "AWS::IAM::ManagedPolicy":
                version = iam.get_policy(PolicyArn=physical)["Policy"]["DefaultVersionId"]
                document = iam.get_policy_version(PolicyArn=physical, VersionId=version)["PolicyVersion"]["Document"]
                attached = iam.list_entities_for_policy(PolicyArn=physical)["PolicyRoles"]
                yield template, logical, frozenset(each["RoleName"] for each in attached), document


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]
