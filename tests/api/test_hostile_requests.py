"""No request of a client makes the function fail: errors of the function would roll a good release back."""

from collections.abc import Callable
from types import ModuleType

import pytest
from gateway import CONTEXT
from hypothesis import HealthCheck, Phase, given, settings
from requests_of_clients import EVENTS


@pytest.mark.acceptance
def test_no_request_of_a_client_gets_a_5xx_response(load: Callable[..., ModuleType]) -> None:
    app = load("app", POWERTOOLS_LOG_LEVEL="CRITICAL")

    # No shrinking: with thousands of digits it would take minutes.
    @settings(
        max_examples=400,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
        report_multiple_bugs=False,
    )
    @given(EVENTS)
    def is_answered(event: dict) -> None:
        assert 200 <= app.handler(event, CONTEXT)["statusCode"] < 500

    is_answered()
