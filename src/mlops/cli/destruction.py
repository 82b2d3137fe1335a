"""The plan of a deletion as lines of text."""

from __future__ import annotations

from collections import defaultdict

from mlops.aws.inventory import Objects
from mlops.pages import numbers
from mlops.release.destruction_plan import Contents, DestructionPlan, PlannedStack


def lines(plan: DestructionPlan) -> list[str]:
    """What is deleted, then what stays."""
    deleted = [
        *(f"  execution {each}: is in progress and is stopped" for each in plan.executions),
        *(f"  {each}: is running and is stopped" for each in plan.jobs),
        *(line for stack in plan.stacks for line in _stack(stack)),
        *(f"  {_contents(each)}" for each in plan.contents),
        *(f"  log group {group}" for group in plan.log_groups),
    ]
    nothing = [f"  nothing: the account has nothing of {plan.project}"]
    return [
        "This is deleted:",
        *(nothing if plan.is_empty else deleted),
        "This stays:",
        *(f"  {each.name}: {each.reason}" for each in plan.kept),
    ]


def _stack(stack: PlannedStack) -> list[str]:
    by_type: dict[str, list[str]] = defaultdict(list)
    for resource in stack.resources:
        by_type[resource.type].append(resource.id)
    return [
        f"  stack {stack.name} ({stack.status})",
        *(f"    {len(ids)} {type_}: {', '.join(sorted(ids))}" for type_, ids in sorted(by_type.items())),
    ]


def _contents(contents: Contents) -> str:
    if isinstance(contents.amount, Objects):
        amount, extent = contents.amount.versions, f", {numbers.size(contents.amount.bytes)}"
    else:
        amount, extent = contents.amount, ""
    return f"{amount:,} {contents.kind} in {contents.name}{extent}"
