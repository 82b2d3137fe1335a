"""Releases and rollbacks one after the other, under load, while the alarms of the replaced releases are active: no request fails.

ROUNDS=20 in the environment makes it a long run.
"""

import os
import uuid
from typing import Any

import pytest
from api_production import ACCOUNT, open_project, predicts
from hosting import Hosting, constant_traffic, says
from releasing import TEMPLATE, Stack, release
from ringing import ringing

pytestmark = pytest.mark.acceptance

ROUNDS = int(os.environ.get("ROUNDS", "1"))
ROLLBACK = {"Guarded": "false", "ShiftType": "ALL_AT_ONCE"}


def test_no_request_to_the_api_fails_during_shifts_and_rollbacks(hosting: Hosting) -> None:
    project = open_project(hosting, f"load-{uuid.uuid4().hex[:6]}")
    first = project.parameters(1, predicts(1.0), 1.0)
    assert project.deploy(first) == "CREATE_COMPLETE", project.production.reasons()
    with project.load() as answers:
        for number in range(2, 2 + ROUNDS):
            with project.ringing(1):
                cure = project.parameters(number, predicts(number), number)
                assert project.deploy(cure) == "UPDATE_COMPLETE", project.production.reasons()
            with project.ringing(number):
                assert project.deploy({**first, **ROLLBACK}) == "UPDATE_COMPLETE", project.production.reasons()
    statuses = [answer.status for answer in answers]
    print(f"{ROUNDS} shifts and {ROUNDS} rollbacks of the API: {len(answers)} requests, {set(statuses)}")
    assert set(statuses) == {200}, [answer for answer in answers if answer.status != 200]
    assert {answer.version for answer in answers} == {f"{number:08d}-1111" for number in range(1, 2 + ROUNDS)}
    project.production.delete()


@pytest.mark.parametrize("kind", ["CANARY", "ROLLING"])
def test_no_request_to_an_endpoint_fails_during_shifts_and_rollbacks(hosting: Hosting, kind: str) -> None:
    project = f"load-{uuid.uuid4().hex[:6]}"
    name, stack = f"{project}-production", Stack(hosting, f"{project}-production")
    Stack(hosting, f"{project}-account").deploy(ACCOUNT, {"Project": project})
    whole = {"EndpointName": name, "VariantName": "AllTraffic"}

    def parameters(number: int, **changes: Any) -> dict[str, Any]:
        production = {"Project": project, "ClientsCall": "endpoint", "ShiftType": kind, "ShiftPercent": 50}
        times = {"ShiftMinutes": 1, "ShiftSeconds": 60, "ErrorsPerMinute": 1, "InitialSamplingPercentage": 0}
        return release(
            hosting, name, number, says(str(number)), **{**production, **times, "InitialInstanceCount": 2, **changes}
        )

    def rings(number: int) -> Any:
        own = {**whole, "EndpointConfigName": f"{name}-{number}"}
        metrics = [("AWS/SageMaker", "Invocation5XXErrors", dimensions) for dimensions in (whole, own)]
        return ringing(hosting.cloud, [f"{project}-production-5xx", f"{name}-{number}-5xx"], *metrics)

    assert stack.deploy(TEMPLATE, parameters(1))["StackStatus"] == "CREATE_COMPLETE", stack.reasons()
    with constant_traffic(hosting, name) as answers:
        for number in range(2, 2 + ROUNDS):
            with rings(1):
                assert stack.deploy(TEMPLATE, parameters(number))["StackStatus"] == "UPDATE_COMPLETE", stack.reasons()
            with rings(number):
                back = stack.deploy(TEMPLATE, parameters(1, **ROLLBACK))
                assert back["StackStatus"] == "UPDATE_COMPLETE", stack.reasons()
    print(f"{ROUNDS} shifts ({kind}) and {ROUNDS} rollbacks of the endpoint: {len(answers)} requests, none failed")
    assert set(answers) == {str(number) for number in range(1, 2 + ROUNDS)}
    stack.delete()
