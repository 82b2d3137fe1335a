"""Conditions of templates where ministack's CloudFormation does not evaluate them: imports, change sets, pseudo parameters."""

from typing import Any

from mlops.localcloud.ministack.scope import account, region


def know_pseudo_parameters_in_conditions() -> None:
    """Have conditions of templates compare what AWS::Partition and its like stand for."""
    from ministack.services.cloudformation import changesets, engine, handlers, stacks

    evaluate = engine._evaluate_conditions

    def evaluated(template: dict, parameters: dict) -> dict:
        known = {"Partition": "aws", "Region": region(), "AccountId": account(), "URLSuffix": "amazonaws.com"}
        return evaluate(template, {**{f"AWS::{name}": {"Value": value} for name, value in known.items()}, **parameters})

    for module in (changesets, engine, handlers, stacks):
        module._evaluate_conditions = evaluated


def heed_conditions_of_imports() -> None:
    """Have an export be in use only where the conditions of the importing stack leave the import."""
    from ministack.services.cloudformation import handlers

    names = handlers._imported_export_names

    def imported(stack: dict, name: str) -> set[str]:
        template = _without_conditions(stack.get("_template", {}), stack.get("_conditions", {}))
        return names({**stack, "_template": template}, name)

    handlers._imported_export_names = imported


def heed_conditions_in_change_sets() -> None:
    """Have a change set compare what the conditions leave of two templates, their outputs too.

    ministack compares the resources alone, as if none had a condition, and takes all their attributes for equal.
    """
    from ministack.services.cloudformation import changesets

    resolve, compare = changesets._resolve_props_for_diff, changesets._diff_resources

    def resolved(template: dict, parameters: dict, *stack: str) -> dict:
        conditions = changesets._evaluate_conditions(template, parameters)
        left = _by_name(_left(template, conditions))
        outputs = {name: {"Properties": output} for name, output in left["Outputs"].items()}
        return {
            **resolve(left, parameters, *stack),
            "Outputs": resolve({**left, "Resources": outputs}, parameters, *stack),
            "Conditions": conditions,
        }

    def compared(old: dict, new: dict, made: dict | None, template: dict, *others: Any) -> list:
        changes = compare(old, new, made, _left(template, new["Conditions"]), *others)
        return changes or (changes if old["Outputs"] == new["Outputs"] else _Unlisted())

    changesets._resolve_props_for_diff = resolved
    changesets._diff_resources = compared


class _Unlisted(list):
    """The changes of a change set that changes outputs alone: none is listed, yet it can be executed."""

    def __bool__(self) -> bool:
        return True


def _left(template: dict, conditions: dict[str, bool]) -> dict:
    """A template without the resources and outputs that conditions leave out, with one side of each Fn::If."""
    sections = {
        section: {
            name: _without_conditions(each, conditions)
            for name, each in template.get(section, {}).items()
            if conditions.get(each.get("Condition"), True)
        }
        for section in ("Resources", "Outputs")
    }
    return {**template, **sections}


def _by_name(node: Any) -> Any:
    """A template in which each attribute of a resource is its name, which also tells it from others."""
    if isinstance(node, list):
        return [_by_name(each) for each in node]
    if not isinstance(node, dict):
        return node
    if list(node) == ["Fn::GetAtt"]:
        name = node["Fn::GetAtt"]
        return name if isinstance(name, str) else {"Fn::Join": [".", name]}
    return {key: _by_name(value) for key, value in node.items()}


def _without_conditions(node: Any, conditions: dict[str, bool]) -> Any:
    """A template with one side of each Fn::If, and nothing of what its condition leaves out."""
    if isinstance(node, list):
        return [_without_conditions(each, conditions) for each in node]
    if not isinstance(node, dict):
        return node
    if list(node) == ["Fn::If"]:
        condition, first, second = node["Fn::If"]
        return _without_conditions(first if conditions.get(condition) else second, conditions)
    if isinstance(node.get("Condition"), str) and not conditions.get(node["Condition"], True):
        return {}
    return {key: _without_conditions(value, conditions) for key, value in node.items()}
