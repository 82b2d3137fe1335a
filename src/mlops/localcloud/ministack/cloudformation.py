"""ministack's CloudFormation: checks of a resource's properties before it is created or changed."""

import re
from collections.abc import Callable
from typing import Any

from mlops.localcloud.ministack.resource_types import added_resource_types

_SAM = "AWS::Serverless-2016-10-31"

Check = Callable[[str, str, dict], None]


def check_properties(check: Check) -> None:
    """Run `check(type, logical id, properties)` before a resource is created or changed.

    An exception of the check fails the resource with its text as the reason. Types that the local cloud adds are not
    checked: their service checks the request.
    """
    from ministack.services.cloudformation import provisioners, stacks

    create, update = stacks._provision_resource, stacks._update_resource

    def checked(kind: str, logical_id: str, properties: dict) -> None:
        if kind not in added_resource_types:
            check(kind, logical_id, properties)

    def created(kind: str, logical_id: str, properties: dict, *rest: Any) -> tuple:
        checked(kind, logical_id, properties)
        return create(kind, logical_id, properties, *rest)

    def updated(kind: str, physical_id: str, old: dict, new: dict, stack: str, *rest: Any) -> tuple:
        if old != new:
            checked(kind, rest[0] if rest else physical_id, new)
        return update(kind, physical_id, old, new, stack, *rest)

    for module in (stacks, provisioners):  # provisioners creates the resources of nested stacks
        module._provision_resource, module._update_resource = created, updated


def correct_change_set_descriptions() -> None:
    """Remove ChangeSetType from DescribeChangeSet's response: AWS's has no such member."""
    from ministack.services.cloudformation import handlers

    describe = handlers._ACTION_HANDLERS["DescribeChangeSet"]

    def described(parameters: dict) -> tuple:
        status, headers, body = describe(parameters)
        return status, headers, re.sub(rb"<ChangeSetType>\w*</ChangeSetType>", b"", body)

    handlers._ACTION_HANDLERS["DescribeChangeSet"] = described


def refuse_serverless_templates() -> None:
    """Refuse templates of AWS SAM with working advice: the commands in ministack's message do not expand them."""
    from ministack.services.cloudformation import changesets, engine, handlers

    apply = engine._apply_transforms

    def applied(template: dict, *rest: Any) -> dict:
        if _SAM in engine.declared_transforms(template):
            raise ValueError(
                f"The local cloud does not implement the transform {_SAM}: "
                "write its resources as AWS::Lambda::Function and the like, or expand the template with the "
                "program sam-translate.py of aws-sam-translator first"
            )
        return apply(template, *rest)

    for module in (changesets, handlers):
        module._apply_transforms = applied


def state_machine_definition(properties: dict) -> str:
    """The definition of a state machine in the properties of its resource, with its substitutions."""
    from ministack.services.cloudformation import provisioners

    return provisioners._sfn_definition(properties)
