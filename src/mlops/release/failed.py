"""The lines about an execution's failure that all commands share."""

from __future__ import annotations

from mlops.aws.executions import Execution
from mlops.aws.failures import Failure
from mlops.errors import printable


def cause(execution: Execution, failure: Failure) -> list[str]:
    """What failed and why, and what production serves where that is not as before."""
    lines = [printable(failure.sentence)]
    if execution.failed_in_production:
        lines.append("The release is in production all the same. Take it back with: mlops rollback")
    return lines


def log_command(execution: Execution, failure: Failure) -> str:
    """The command that prints the log of a failure which has one."""
    # All releases share the log of a function.
    which = "" if failure.log_name.startswith("function") else f" --execution {execution.id}"
    return f"mlops logs {failure.log_name}{which}"
