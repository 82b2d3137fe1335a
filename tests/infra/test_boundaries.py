"""Permissions boundaries: wide enough for the roles of the stacks, and limited to the project's resources."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import pytest
from baking import REPOSITORY
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document
from repository import Repository
from resolving import resolved_for
from templates import ALL, NAMES, policies, resources

from mlops.configuration import load
from mlops.release import templates

TEMPLATES = ["api", "builds", "endpoints", "jobs", "monitoring", "notifications", "pipeline"]
# The boundaries: one for each template, but the state machine in endpoints.yml has its own.
BOUNDED = sorted([*TEMPLATES, "decision"])
# By the parameter that a role takes its boundary from, where it is not its template's.
BOUNDARY_OF = {"ContainerBoundary": "jobs", "DecisionBoundary": "decision"}
# Pairs of projects in which the name of one is a prefix of the other's, in both directions.
LONGER = ["taxi-api", "taxi-test", "taxi-production", "taxi-endpoints", "taxi-notifications", "taxi-trainers"]
PAIRS = [*[("taxi", each) for each in LONGER], *[(each, "taxi") for each in LONGER], ("a", "a-b"), ("a-b", "a")]
ACCOUNT = "arn:aws:{service}:eu-west-1:123456789012:{resource}"
# Names of resources of other projects in the same account.
CONVENTIONS = [
    ("cloudformation", "stack/orders-production/11111111"),
    ("cloudformation", "stack/taxi-orders-production/11111111"),
    ("cloudformation", "stack/taxi-api-dev/11111111"),
    ("cloudformation", "stack/CDKToolkit/11111111"),
    ("codebuild", "project/infra-build"),
    ("codebuild", "project/taxi-web-build"),
    ("codedeploy", "application:taxi-web"),
    ("codedeploy", "deploymentgroup:taxi-web/taxi"),
    ("codepipeline", "taxi-web"),
    ("cloudwatch", "alarm:taxi-web-errors"),
    ("cloudwatch", "alarm:TargetTracking-endpoint/orders"),
    ("ecr", "repository/taxi-web"),
    ("ecr", "repository/cdk-hnb659fds-container-assets-123456789012-eu-west-1"),
    ("events", "rule/taxi-nightly"),
    ("lambda", "function:billing-api"),
    ("lambda", "function:taxi-api-handler"),
    ("lambda", "function:taxi-booking"),
    ("logs", "log-group:/aws/lambda/taxi-booking:log-stream:x"),
    ("logs", "log-group:/aws/codebuild/taxi-web:log-stream:x"),
    ("logs", "log-group:/aws/sagemaker/TrainingJobs:log-stream:orders-1a2b3c4d/algo-1"),
    ("sagemaker", "endpoint/taxi-orders"),
    ("sagemaker", "model/taxi-orders"),
    ("sagemaker", "training-job/taxi-orders-2026-11-21"),
    ("sns", "taxi-alerts"),
    ("states", "stateMachine:taxi-orders-train"),
    ("states", "execution:taxi-orders-train:1"),
]
GLOBAL = [
    "arn:aws:s3:::cdk-hnb659fds-assets-123456789012-eu-west-1",
    "arn:aws:s3:::cdk-hnb659fds-assets-123456789012-eu-west-1/key",
    "arn:aws:s3:::aws-cloudtrail-logs-123456789012-11111111/key",
    "arn:aws:s3:::taxi-web-123456789012-eu-west-1/key",
    "arn:aws:iam::123456789012:role/Admin",
    "arn:aws:iam::123456789012:role/cdk-hnb659fds-cfn-exec-role-123456789012-eu-west-1",
    "arn:aws:iam::123456789012:role/mlops/taxi-web/taxi-web-role",
    "arn:aws:iam::123456789012:policy/mlops-boundaries/taxi/taxi-jobs-boundary",
]
STRANGERS = [ACCOUNT.format(service=service, resource=resource) for service, resource in CONVENTIONS] + GLOBAL
# This role creates the roles of the stacks; no role of a stack may pass it.
OWN_DEPLOYMENT_ROLE = "arn:aws:iam::123456789012:role/taxi-deployment"
# Resources with generated names, for which conditions limit the permission: the alias or the tag of a key, the tag of
# an API and of its log.
BY_CONDITION = [
    "arn:aws:apigateway:eu-west-1::*",
    "arn:aws:kms:eu-west-1:123456789012:key/*",
    "arn:aws:logs:eu-west-1:123456789012:log-group:API-Gateway-Execution-Logs_*",
]
# Resources that projects of an account share, each with the reason why the permission includes it.
SHARED = {
    "arn:aws:application-autoscaling:eu-west-1:123456789012:scalable-target/*": "only of the namespace sagemaker",
    "arn:aws:ec2:eu-west-1:123456789012:network-interface/*": "SageMaker and Lambda create them with new ids",
    "arn:aws:ec2:eu-west-1:123456789012:security-group/*": "the configuration names it",
    "arn:aws:ec2:eu-west-1:123456789012:subnet/*": "the configuration names it",
    "arn:aws:events:eu-west-1:123456789012:rule/StepFunctionsGetEventsFor*": "Step Functions shares its rules",
    "arn:aws:execute-api:eu-west-1:123456789012:*/v1/POST/predict": "only predictions; an API's policy may deny them",
    "arn:aws:iam::123456789012:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/*": "AWS's own",
    "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/sagemaker/ProcessingJobs*": "only to make and find streams",
    "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/sagemaker/TrainingJobs*": "only to make and find streams",
    "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/sagemaker/TransformJobs*": "only to make and find streams",
}
# Actions that a boundary allows on every resource: they support no resource, or change nothing of other projects.
ON_EVERYTHING = {
    "application-autoscaling:Describe*",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:PutMetricData",
    "codedeploy:PutLifecycleEventHookExecutionStatus",
    "codedeploy:StopDeployment",
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterface*",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterface*",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:DescribeImages",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
    "logs:*LogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "sagemaker:ListModelPackages",
}


@dataclass(frozen=True)
class Call:
    """An action on a resource, in a context that fulfils the conditions of the statement that grants it."""

    action: str
    resource: str
    keys: tuple[tuple[str, Any], ...] = ()


@cache
def boundary(name: str, project: str = "taxi") -> dict[str, Any]:
    document = resources("boundaries", "AWS::IAM::ManagedPolicy")[name.capitalize()]["PolicyDocument"]
    return resolved_for(project, document, 1)


def bounded_by(template: str, role: dict[str, Any]) -> str:
    """The boundary of a role of a template."""
    return BOUNDARY_OF.get(role["PermissionsBoundary"]["Fn::If"][1]["Ref"], template)


@cache
def documents(name: str) -> list[dict[str, Any]]:
    """The policies of all roles of a boundary, or those of the template `bootstrap`."""
    if name not in BOUNDED:
        return [document for _, document in policies(name)]
    found = []
    for template in TEMPLATES:
        roles = resources(template, "AWS::IAM::Role")
        for key, document in policies(template):
            if (bounded_by(template, roles[key]) if key in roles else template) == name:
                found.append(document)
    return found


@cache
def granted(name: str, project: str = "taxi") -> frozenset[Call]:
    """The calls that the roles of a boundary may make, each pattern with an example in place of its wildcards."""
    return frozenset(
        Call(action, example(resource), tuple(context(statement.get("Condition", {}), project).items()))
        for document in documents(name)
        for side in (1, 2)
        for statement in resolved_for(project, document, side)["Statement"]
        for action, resource in itertools.product(listed(statement["Action"]), listed(statement["Resource"]))
    )


def context(conditions: dict[str, dict[str, Any]], project: str) -> dict[str, Any]:
    """A request that fulfils the conditions, for the project's own key and tags."""
    examples = {name: example(listed(value)[0]) for each in conditions.values() for name, value in each.items()}
    own = {"kms:ResourceAliases": (f"alias/{project}",), "kms:GrantIsForAWSResource": "true"}
    role = f"arn:aws:iam::123456789012:role/mlops/{project}/{project}-role"
    return {**own, "cloudformation:RoleArn": role, "aws:ResourceTag/project": project, **examples}


def example(pattern: str) -> str:
    return pattern.replace("????????", "1a2b3c4d").replace("???", "001").replace("*", "x") if pattern != "*" else "*"


def allows(document: dict[str, Any], call: Call) -> bool:
    """Whether a policy allows a call, as ministack's engine evaluates it."""
    request = EvalContext(
        principal_arn="arn:aws:sts::123456789012:assumed-role/x/y",
        principal_type="AssumedRole",
        principal_account="123456789012",
        action=call.action,
        resource_arn=call.resource,
        region="eu-west-1",
        service_context={key.lower(): list(value) if isinstance(value, tuple) else value for key, value in call.keys},
    )
    return evaluate(request, [parsed(json.dumps(document))]).decision == "Allow"


@cache
def parsed(document: str) -> list[Any]:
    return parse_policy_document(document)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def patterns(document: dict[str, Any]) -> set[str]:
    """The resources of all statements that allow something."""
    allowing = [each for each in document["Statement"] if each["Effect"] == "Allow"]
    return {resource for each in allowing for resource in listed(each["Resource"])}


def test_each_template_with_roles_has_a_boundary() -> None:
    assert [name for name in NAMES if resources(name, "AWS::IAM::Role")] == TEMPLATES
    assert sorted(resources("boundaries", "AWS::IAM::ManagedPolicy")) == [name.capitalize() for name in BOUNDED]


def test_each_role_of_a_stack_gets_its_boundary(tmp_path) -> None:
    configuration = load(Repository(tmp_path).root)
    arns = {name: f"arn:aws:iam::123456789012:policy/{name}" for name in BOUNDED}
    stacks = {each.name: each.parameters for each in templates.stacks(REPOSITORY, configuration, boundaries=arns)}
    for name in TEMPLATES:
        parameters = stacks[configuration.names.stack(name)]
        for key, role in resources(name, "AWS::IAM::Role").items():
            parameter = role["PermissionsBoundary"]["Fn::If"][1]["Ref"]
            assert parameters[parameter] == arns[bounded_by(name, role)], key


def test_the_state_machine_of_decisions_has_a_boundary_of_its_own() -> None:
    roles = resources("endpoints", "AWS::IAM::Role")
    bounded = {key: bounded_by("endpoints", role) for key, role in roles.items()}
    assert {key for key, name in bounded.items() if name == "decision"} == {"DecisionMachineRole", "DecisionRuleRole"}
    assert bounded["EndpointRole"] == "jobs"


def test_no_stack_of_the_pipeline_may_change_a_boundary() -> None:
    for name in ("bootstrap", *BOUNDED):
        assert not [call for call in granted(name) if "policy/mlops-boundaries" in call.resource]


@pytest.mark.parametrize("name", BOUNDED)
def test_a_boundary_allows_all_grants_of_the_roles_of_its_stack(name: str) -> None:
    document = boundary(name)
    assert [call for call in granted(name) if not allows(document, call)] == []


@pytest.mark.parametrize("name", BOUNDED)
def test_every_permission_of_a_boundary_is_needed_by_a_role(name: str) -> None:
    calls = granted(name)
    unused = []
    for statement in boundary(name)["Statement"]:
        if statement["Effect"] == "Allow":
            own = [call for call in calls if allows({"Version": "2012-10-17", "Statement": [statement]}, call)]
            unused += [
                action
                for action in listed(statement["Action"])
                if not any(fnmatchcase(call.action, action) for call in own)
            ]
            unused += [
                resource
                for resource in listed(statement["Resource"])
                if not any(fnmatchcase(call.resource, resource) for call in own)
            ]
    assert unused == []


def test_only_known_actions_are_allowed_on_every_resource() -> None:
    statements = [each for name in BOUNDED for each in boundary(name)["Statement"] if each["Effect"] == "Allow"]
    wide = {action for each in statements if each["Resource"] == "*" for action in listed(each["Action"])}
    assert wide == ON_EVERYTHING


@pytest.mark.parametrize(("project", "other"), PAIRS)
def test_a_role_with_any_policy_reaches_nothing_of_another_project(project: str, other: str) -> None:
    """A role with all boundaries and every permission can make none of the calls of the other project's roles."""
    document = widest(project)
    foreign = {call for name in ("bootstrap", *BOUNDED) for call in granted(name, other)}
    assert [call for call in foreign if not is_shared(call) and allows(document, call)] == []


def test_a_role_with_any_policy_reaches_nothing_with_other_naming_conventions() -> None:
    document = widest("taxi")
    actions = {call.action for name in ("bootstrap", *BOUNDED) for call in granted(name)}
    keys = tuple(context({}, "taxi").items())
    calls = [
        Call(action, stranger, keys)
        for action, stranger in itertools.product(actions, [*STRANGERS, OWN_DEPLOYMENT_ROLE])
    ]
    assert [call for call in calls if not is_shared(call) and allows(document, call)] == []


def widest(project: str) -> dict[str, Any]:
    """A policy with all statements of a project's boundaries but those on every resource."""
    statements = [each for name in BOUNDED for each in boundary(name, project)["Statement"]]
    return {"Version": "2012-10-17", "Statement": [each for each in statements if each["Resource"] != "*"]}


def is_shared(call: Call) -> bool:
    if call.action in ("logs:GetLogEvents", "logs:PutLogEvents"):
        return False
    return call.resource == "*" or any(fnmatchcase(call.resource, each) for each in SHARED)


@pytest.mark.parametrize(("project", "other"), PAIRS)
@pytest.mark.parametrize("name", ALL)
def test_no_pattern_of_a_policy_matches_resources_of_another_project(name: str, project: str, other: str) -> None:
    """Compares the text of the patterns, without a policy engine."""
    bounded = {*SHARED, *BY_CONDITION}
    foreign = {call.resource for each in ("bootstrap", *BOUNDED) for call in granted(each, other)}
    foreign |= {each for each in STRANGERS if project == "taxi"}
    foreign = {each for each in foreign if each != "*" and not any(fnmatchcase(each, pattern) for pattern in bounded)}
    own = {
        pattern
        for _, document in policies(name)
        for side in (1, 2)
        for pattern in patterns(resolved_for(project, document, side))
    } - {"*"}
    assert [(pattern, each) for pattern in own for each in foreign if fnmatchcase(each, pattern)] == []


@pytest.mark.parametrize("key", [None, "arn:aws:iam::123456789012:role/Admin"], ids=["no role", "another role"])
def test_a_stack_is_changed_only_under_a_role_of_the_project(key: str | None) -> None:
    """Without a role CloudFormation would use the one that the stack was created with."""
    stack = ACCOUNT.format(service="cloudformation", resource="stack/taxi-production/x")
    own = (("cloudformation:RoleArn", "arn:aws:iam::123456789012:role/mlops/taxi/taxi-role"),)
    assert allows(boundary("pipeline"), Call("cloudformation:UpdateStack", stack, own))
    keys = (("cloudformation:RoleArn", key),) if key else ()
    assert not allows(boundary("pipeline"), Call("cloudformation:UpdateStack", stack, keys))


@pytest.mark.parametrize("name", BOUNDED)
def test_only_services_get_grants_of_the_projects_key(name: str) -> None:
    key = ACCOUNT.format(service="kms", resource="key/1")
    own, another = [("kms:ResourceAliases", ("alias/taxi",))], [("kms:ResourceAliases", ("alias/taxi-api",))]
    service = [("kms:GrantIsForAWSResource", "true")]
    for action in ("kms:Decrypt", "kms:GenerateDataKey", "kms:Encrypt", "kms:CreateGrant"):
        assert not allows(boundary(name), Call(action, key, tuple(another + service)))
    assert not allows(boundary(name), Call("kms:CreateGrant", key, tuple(own)))


@pytest.mark.parametrize("name", BOUNDED)
def test_no_role_can_decide_an_approval(name: str) -> None:
    """Not even if another statement allows it."""
    document = boundary(name)
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    wider = {**document, "Statement": [*document["Statement"], everything]}
    approval = ACCOUNT.format(service="codepipeline", resource="taxi/Approve/Release")
    assert not allows(wider, Call("codepipeline:PutApprovalResult", approval))
