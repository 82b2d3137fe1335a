"""The roles of stacks have the permissions that CloudFormation's handlers of their templates' resource types need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import cfnlint
import pytest
from cfnlint.decode import decode_str
from cfnlint.schema.manager import ProviderSchemaManager
from granting import is_allowed, role_statements
from resolving import ROLE, VALUES, like, resolved
from templates import DEPLOYED_BY, INFRA, NAMES, template

from mlops.localcloud.enforcement import handler_rules, handlers, stack_actions
from mlops.localcloud.enforcement.handler_resources import Resource
from mlops.localcloud.ministack import scope
from mlops.release import templates

BUNDLED = Path(cfnlint.__file__).parent / "data" / "schemas"
SUFFIX = "0123456789AB"
# The values that the pipeline sets for a release.
RELEASE = {
    "EndpointName": "taxi-fares--total-amount-0a1b2c3d",
    "ResourceName": "taxi-fares-production-0a1b2c3d",
    "ChallengerName": "challenger",
    "ChallengerResourceName": "taxi-fares-production-0a1b2c3d-b",
    "ExecutionRoleArn": ROLE.format(name="EndpointRole"),
    "VolumeKeyArn": like("Key"),
    "FunctionsBucket": like("Bucket").rpartition(":")[2],
    "FunctionsKey": "functions/0a1b2c3d.zip",
}
STACKS = {"endpoint": "taxi-fares-production"}
TEST_RELEASE = {"EndpointName": "taxi-fares--total-amount-test", "ResourceName": "taxi-fares-test-0a1b2c3d"}


@pytest.fixture(autouse=True)
def account_and_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """The account and the region of the templates' examples."""
    monkeypatch.setattr(scope, "account", lambda: VALUES["AWS::AccountId"])
    monkeypatch.setattr(scope, "region", lambda: VALUES["AWS::Region"])


@pytest.fixture(scope="module")
def registry() -> ProviderSchemaManager:
    """CloudFormation's registry schemas as the installed linter ships them, without its downloads."""
    return ProviderSchemaManager(providers_dir=BUNDLED / "providers", resources_dir=BUNDLED / "resources")


@pytest.mark.parametrize("change", ["create", "update", "delete"])
@pytest.mark.parametrize("name", DEPLOYED_BY)
def test_the_role_of_a_stack_has_the_permissions_of_its_resources_handlers(name: str, change: str) -> None:
    statements = role_statements(*DEPLOYED_BY[name], side=1)
    assert denied(statements, resources(name, STACKS.get(name, f"taxi-fares-{name}"), 1, RELEASE), change) == []


def test_the_production_role_can_delete_resources_of_the_api() -> None:
    statements = role_statements("endpoints", "ProductionDeploymentRole", side=2)
    assert denied(statements, resources("endpoint", "taxi-fares-production", 2, RELEASE), "delete") == []


@pytest.mark.parametrize("change", ["create", "update", "delete"])
def test_the_production_role_has_its_handlers_permissions_without_an_api(change: str) -> None:
    statements = role_statements("endpoints", "ProductionDeploymentRole", side=2)
    in_production = resources("endpoint", "taxi-fares-production", 2, RELEASE)
    assert denied(statements, without("HasApi", "ChecksApi", resources=in_production), change) == []


@pytest.mark.parametrize("change", ["create", "update", "delete"])
def test_the_role_of_the_test_stack_has_the_permissions_of_its_handlers(change: str) -> None:
    statements = role_statements("endpoints", "TestDeploymentRole", side=1)
    in_test = resources("endpoint", "taxi-fares-test", 1, RELEASE | TEST_RELEASE)
    conditions = {each["Condition"] for each in template("endpoint")["Resources"].values() if "Condition" in each}
    assert denied(statements, without(*conditions, resources=in_test), change) == []


def without(*conditions: str, resources: Iterable[tuple[str, Resource]]) -> Iterator[tuple[str, Resource]]:
    """The resources of the endpoint's template without those of these conditions."""
    declared = template("endpoint")["Resources"]
    return ((key, each) for key, each in resources if declared[key].get("Condition") not in conditions)


def denied(
    statements: list[dict[str, Any]], changed: Iterable[tuple[str, Resource]], change: str
) -> list[tuple[str, str, str]]:
    """The permissions for a change of these resources that a role lacks: type, action and ARN."""
    tags = {"aws:ResourceTag/project": VALUES["Project"]}
    if change == "create":
        tags["aws:RequestTag/project"] = VALUES["Project"]
    return [
        (resource.kind, action, arn)
        for _, resource in changed
        for action, arn, keys in stack_actions.needed(change, resource)
        if not is_allowed(statements, action, arn, tags | keys)
    ]


def resources(name: str, stack: str, side: int, parameters: dict[str, Any]) -> Iterator[tuple[str, Resource]]:
    """The resources of a template's stack by logical id, with those of all conditions."""
    parsed, _ = decode_str(templates.pack(INFRA / f"{name}.yml"))
    described = parsed["Resources"]
    boundary = f"arn:aws:iam::123456789012:policy/mlops-boundaries/taxi-fares/taxi-fares-{name}-boundary"
    boundaries = dict.fromkeys(("PermissionsBoundary", "ContainerBoundary", "DecisionBoundary"), boundary)
    known = {**dict.fromkeys(parsed["Parameters"], "value"), **boundaries, **VALUES, **parameters}
    for key, each in described.items():
        known.setdefault(key, physical_id(stack, key, each, side, known))
    for key, each in described.items():
        described = {"UpdatePolicy": each["UpdatePolicy"]} if "UpdatePolicy" in each else {}
        properties = resolved({**each.get("Properties", {}), **described}, side, known)
        yield key, Resource(each["Type"], properties, known[key], f"{stack}-{key}-{SUFFIX}")


def physical_id(stack: str, key: str, resource: dict[str, Any], side: int, known: dict[str, Any]) -> str:
    """The value of `Ref` and `Fn::GetAtt` in ARNs of permissions: a configured name, or a generated one."""
    kind = resource["Type"]
    stated = resource.get("Properties", {}).get(f"{kind.rpartition('::')[2]}Name")
    if stated is not None and kind.startswith(("AWS::Lambda", "AWS::SageMaker", "AWS::CodeDeploy", "AWS::Logs")):
        return resolved(stated, side, known)
    if kind == "AWS::Lambda::Version":
        return f"arn:aws:lambda:eu-west-1:123456789012:function:{VALUES['Project']}-api:1"
    try:
        return like(key)
    except AssertionError:
        return f"{stack}-{key}-{SUFFIX}"


def test_the_handlers_are_those_of_the_registry(registry: ProviderSchemaManager) -> None:
    kinds = {resource["Type"] for name in NAMES for resource in template(name)["Resources"].values()}
    custom = {kind for kind in kinds if kind.startswith("Custom::")}
    assert kinds - custom <= handlers.types().keys() | handlers.WITHOUT_HANDLERS
    for kind, declared in handlers.types().items():
        schema = registry.get_resource_schema("us-east-1", kind).schema
        assert declared == {
            change: sorted(set(handler["permissions"]))
            for change, handler in schema["handlers"].items()
            if change != "list"
        }, f"cloudformation_handlers.json has other permissions for {kind} than the registry's schema"
    for kind in handlers.WITHOUT_HANDLERS:
        assert "handlers" not in registry.get_resource_schema("us-east-1", kind).schema


def test_every_rule_omits_a_permission_that_its_handler_declares(
    registry: ProviderSchemaManager,
) -> None:
    for kind, action, path in handler_rules.rules():
        declared = {each for change in ("create", "update", "delete") for each in handlers.permissions(kind, change)}
        assert any(fnmatchcase(each, action) for each in declared), (kind, action)
        schema = registry.get_resource_schema("us-east-1", kind).schema
        assert path is None or path.partition(".")[0] in {*schema["properties"], "UpdatePolicy"}, (kind, path)
