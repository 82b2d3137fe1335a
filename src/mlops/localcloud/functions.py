"""Lambda as AWS runs it, where ministack's differs: weighted aliases, typed errors, metrics, shifts by CodeDeploy."""

from functools import partial

from mlops.localcloud import base_lambda, measuring
from mlops.localcloud.codedeploy import resources

_NAMESPACE = "AWS/Lambda"


def install() -> None:
    """Put what is added to ministack's Lambda in place. Called once, by the server."""
    base_lambda.shift_by_weight()
    base_lambda.name_errors()
    base_lambda.log_as_aws()
    base_lambda.hide_failures()
    base_lambda.let_invocations_end()
    base_lambda.sign_code_urls()
    base_lambda.measure(partial(measuring.measure, _NAMESPACE))
    base_lambda.around_alias_updates(resources.shift)
