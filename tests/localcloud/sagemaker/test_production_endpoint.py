"""Production whose clients call SageMaker: canary shift, rollback by alarms, autoscaling, challenger."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from harness import is_share
from hosting import FAILS, Hosting, constant_traffic, says
from releasing import ACCOUNT, TEMPLATE, Stack, release
from waiting import until

pytestmark = pytest.mark.acceptance

# A minute passes in a second.
GUARDED = {
    "ClientsCall": "endpoint",
    "ShiftType": "CANARY",
    "ShiftPercent": 50,
    "ShiftMinutes": 1,
    "ShiftSeconds": 60,
    "ErrorsPerMinute": 1,
    "InitialInstanceCount": 2,
}


@pytest.fixture(scope="module", autouse=True)
def exports(hosting: Hosting) -> Iterator[None]:
    """The exports of a project's other stacks."""
    made = Stack(hosting, "account-of-test")
    assert made.deploy(ACCOUNT, {"Project": "test"})["StackStatus"] == "CREATE_COMPLETE"
    yield
    made.delete()


def production(hosting: Hosting, endpoint: str, number: int, program: str, **changes: Any) -> dict[str, Any]:
    return release(hosting, endpoint, number, program, **{**GUARDED, "InitialSamplingPercentage": 0, **changes})


def test_next_release_is_shifted_without_a_failed_request(hosting: Hosting, stack: Stack) -> None:
    stack.deploy(TEMPLATE, production(hosting, "production-canary", 1, says("old")))
    with constant_traffic(hosting, "production-canary") as answers:
        deployed = stack.deploy(TEMPLATE, production(hosting, "production-canary", 2, says("new")))
    assert deployed["StackStatus"] == "UPDATE_COMPLETE"
    endpoint = hosting.sagemaker.describe_endpoint(EndpointName="production-canary")
    guards = endpoint["LastDeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
    assert [alarm["AlarmName"] for alarm in guards] == ["production-canary-2-5xx", "production-canary-2-latency"]
    first, last = answers.index("new"), len(answers) - answers[::-1].index("old")
    # On a busy machine the minute may have room for few requests, or for none.
    assert first <= last and is_share(answers[first:last].count("new"), last - first, 0.5)
    assert hosting.ask("production-canary") == "new"


@pytest.mark.parametrize("kind", ["CANARY", "ROLLING"])
def test_a_release_that_fails_requests_is_rolled_back_by_its_alarm(hosting: Hosting, stack: Stack, kind: str) -> None:
    name = f"production-{kind.lower()}"
    stack.deploy(TEMPLATE, production(hosting, name, 1, says("good"), ShiftType=kind))
    # Long enough for a request to reach it on the slowest machine; the first error ends it.
    patient = {"ShiftMinutes": 20, "ShiftSeconds": 20 * 60}
    parameters = production(hosting, name, 2, FAILS, ShiftType=kind, **patient)
    stack.start(TEMPLATE, parameters)
    answers: list[str | None] = []

    def ended() -> bool:
        answers.append(hosting.answers(name))
        return stack.has_ended()

    until(ended)
    assert stack.ended()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert any(f"{name}-2-5xx" in reason for reason in stack.reasons())
    assert {hosting.ask(name) for _ in range(20)} == {"good"}
    assert 0 < answers.count(None) < 0.7 * len(answers), "only its share of the requests has failed"


def test_a_second_variant_gets_its_share_of_the_traffic(hosting: Hosting, stack: Stack) -> None:
    challenger = {
        "ChallengerName": "Champion",
        "ChallengerResourceName": "production-shared-champion",
        "ChallengerImage": hosting.image_uri,
        "ChallengerModelDataUrl": hosting.archive("production-champion", says("champion")),
        "ChallengerWeight": 0.25,
        "ReleaseWeight": 0.75,
    }
    stack.deploy(
        TEMPLATE, production(hosting, "production-shared", 1, says("release"), InitialInstanceCount=1, **challenger)
    )
    counted = Counter(hosting.ask("production-shared") for _ in range(200))
    assert set(counted) == {"champion", "release"}
    assert is_share(counted["champion"], 200, 0.25)
    assert hosting.ask("production-shared", TargetVariant="Champion") == "champion"


def test_autoscaling_follows_the_endpoint(hosting: Hosting, stack: Stack) -> None:
    scaled = {"InitialInstanceCount": 1, "MinCapacity": 1, "MaxCapacity": 3, "InvocationsPerInstance": 100}
    stack.deploy(TEMPLATE, production(hosting, "production-scaled", 1, says("1"), **scaled))
    scaling = hosting.cloud.client("application-autoscaling")
    resource = "endpoint/production-scaled/variant/AllTraffic"
    [target] = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[resource])[
        "ScalableTargets"
    ]
    [policy] = scaling.describe_scaling_policies(ServiceNamespace="sagemaker", ResourceId=resource)["ScalingPolicies"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 3)
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 100


def test_the_test_endpoint_has_no_alarms_or_autoscaling(hosting: Hosting, stack: Stack) -> None:
    made = release(hosting, "production-bare", 1, says("1"), InitialSamplingPercentage=0)
    stack.deploy(TEMPLATE, made)
    resources = hosting.cloud.client("cloudformation").describe_stack_resources(StackName=stack.name)["StackResources"]
    assert sorted(each["ResourceType"] for each in resources) == [
        "AWS::SageMaker::Endpoint",
        "AWS::SageMaker::EndpointConfig",
        "AWS::SageMaker::Model",
    ]
