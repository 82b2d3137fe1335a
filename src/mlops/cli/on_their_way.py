"""Lists executions that have not ended, each with the commands that apply to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlops.aws.executions import IN_PROGRESS, Execution
from mlops.cli import facts
from mlops.names import short


def lines(executions: Iterable[Execution], *, stop_only: bool = False) -> Iterator[str]:
    """For each execution its id and phase, its request, and its commands, of which `stop_only` omits the decision."""
    for each in executions:
        since = f" since {facts.when(each.phase_began)}" if each.phase_began else ""
        yield f"  {each.id} {each.phase}{since}"
        yield f"    {_request(each)}"
        yield f"    {_commands(each, stop_only=stop_only)}"


def _request(execution: Execution) -> str:
    variables = execution.variables
    trigger = f"{variables.get('Trigger', 'unknown')} by {variables.get('StartedBy', 'unknown')}"
    reason = variables.get("Reason", "")
    stated = f": {reason}" if reason not in ("", "none given") else ""
    return f"commit {facts.commit(variables.get('CommitId', 'unknown'))}, {trigger}{stated}"


def _commands(execution: Execution, *, stop_only: bool) -> str:
    given = short(execution.id)
    if execution.status != IN_PROGRESS or execution.running_in_production:
        return f"mlops watch {given}"
    if execution.waiting_approval and not stop_only:
        return f"mlops approve {given}, mlops reject {given}, or mlops stop {given}"
    return f"mlops stop {given}"
