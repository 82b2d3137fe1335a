"""Corrections of ministack's Lambda: weighted aliases, typed errors, metrics, shifts by CodeDeploy."""

from functools import partial

from mlops.localcloud.cloudwatch import metrics
from mlops.localcloud.codedeploy import resources
from mlops.localcloud.ministack import lambda_aliases, lambda_functions

_NAMESPACE = "AWS/Lambda"


def install() -> None:
    """Install the corrections. Called once, by the server."""
    lambda_aliases.route_by_alias_weight()
    lambda_functions.report_error_types()
    lambda_functions.add_root_log_handler()
    lambda_functions.hide_function_errors()
    lambda_functions.drain_changed_functions()
    lambda_functions.sign_code_urls()
    lambda_functions.measure(partial(metrics.measure, _NAMESPACE))
    lambda_aliases.around_alias_updates(resources.shift)
