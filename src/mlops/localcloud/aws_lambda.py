"""Lambda as AWS runs it, where ministack's differs: weighted aliases, typed errors, metrics, shifts by CodeDeploy."""

from functools import partial

from mlops.localcloud.cloudwatch import metrics
from mlops.localcloud.codedeploy import resources
from mlops.localcloud.ministack import lambda_functions

_NAMESPACE = "AWS/Lambda"


def install() -> None:
    """Put what is added to ministack's Lambda in place. Called once, by the server."""
    lambda_functions.shift_by_weight()
    lambda_functions.name_errors()
    lambda_functions.log_as_aws()
    lambda_functions.hide_failures()
    lambda_functions.let_invocations_end()
    lambda_functions.sign_code_urls()
    lambda_functions.measure(partial(metrics.measure, _NAMESPACE))
    lambda_functions.around_alias_updates(resources.shift)
