"""Conditions of templates that ministack's CloudFormation ignores: in imports, change sets and on pseudo parameters."""

from typing import Any

from mlops.localcloud.ministack.scope import account, region


def resolve_pseudo_parameters_in_conditions() -> None:
    """Let conditions of templates compare AWS::Partition, AWS::Region, AWS::AccountId and AWS::URLSuffix."""
    from ministack.services.cloudformation import changesets, engine, handlers, stacks

    evaluate = engine._evaluate_conditions

    def evaluated(template: dict, parameters: dict) -> dict:
        known = {"Partition": "aws", "Region": region(), "AccountId": account(), "URLSuffix": "amazonaws.com"}
        return evaluate(template, {**{f"AWS::{name}": {"Value": value} for name, value in known.items()}, **parameters})

    for module in (changesets, engine, handlers, stacks):
        module._evaluate_conditions = evaluated


def honour_conditions_of_imports() -> None:
    """Ignore an import that a condition of the importing stack leaves out."""
    from ministack.services.cloudformation import handlers

    names = handlers._imported_export_names

    def imported(stack: dict, name: str) -> set[str]:
        template = _resolve_conditions(stack.get("_template", {}), stack.get("_conditions", {}))
        return names({**stack, "_template": template}, name)

    handlers._imported_export_names = imported


def honour_conditions_in_change_sets() -> None:
    """Compare two templates in a change set after their conditions are applied, outputs included.

    ministack compares only resources, ignores their conditions, and treats all their attributes as equal.
    """
    from ministack.services.cloudformation import changesets

    resolve, compare = changesets._resolve_props_for_diff, changesets._diff_resources

    def resolved(template: dict, parameters: dict, *stack: str) -> dict:
        conditions = changesets._evaluate_conditions(template, parameters)
        left = _attributes_as_names(_effective_template(template, conditions))
        outputs = {name: {"Properties": output} for name, output in left["Outputs"].items()}
        return {
            **resolve(left, parameters, *stack),
            "Outputs": resolve({**left, "Resources": outputs}, parameters, *stack),
            "Conditions": conditions,
        }

    def compared(old: dict, new: dict, made: dict | None, template: dict, *others: Any) -> list:
        changes = compare(old, new, made, _effective_template(template, new["Conditions"]), *others)
        return changes or (changes if old["Outputs"] == new["Outputs"] else _UnlistedChanges())

    changesets._resolve_props_for_diff = resolved
    changesets._diff_resources = compared


class _UnlistedChanges(list):
    """The empty list of changes of a change set that only changes outputs; it is true, so that it can be executed."""

    def __bool__(self) -> bool:
        return True


def _effective_template(template: dict, conditions: dict[str, bool]) -> dict:
    """The resources and outputs of a template after its conditions are applied."""
    sections = {
        section: {
            name: _resolve_conditions(each, conditions)
            for name, each in template.get(section, {}).items()
            if conditions.get(each.get("Condition"), True)
        }
        for section in ("Resources", "Outputs")
    }
    return {**template, **sections}


def _attributes_as_names(node: Any) -> Any:
    """A template in which each Fn::GetAtt is replaced by the attribute's name, so that different attributes differ."""
    if isinstance(node, list):
        return [_attributes_as_names(each) for each in node]
    if not isinstance(node, dict):
        return node
    if list(node) == ["Fn::GetAtt"]:
        name = node["Fn::GetAtt"]
        return name if isinstance(name, str) else {"Fn::Join": [".", name]}
    return {key: _attributes_as_names(value) for key, value in node.items()}


def _resolve_conditions(node: Any, conditions: dict[str, bool]) -> Any:
    """A node of a template with each Fn::If resolved, and without parts whose condition is false."""
    if isinstance(node, list):
        return [_resolve_conditions(each, conditions) for each in node]
    if not isinstance(node, dict):
        return node
    if list(node) == ["Fn::If"]:
        condition, first, second = node["Fn::If"]
        return _resolve_conditions(first if conditions.get(condition) else second, conditions)
    if isinstance(node.get("Condition"), str) and not conditions.get(node["Condition"], True):
        return {}
    return {key: _resolve_conditions(value, conditions) for key, value in node.items()}
