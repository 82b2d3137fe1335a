"""How the traffic of an endpoint is shifted: canary, linear, rolling; watched by alarms, rolled back by them."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from harness import is_share
from hosting import FAILS, Hosting, constant_traffic, refusal, says
from waiting import until

pytestmark = pytest.mark.acceptance

# Scaled by the cloud: a minute passes in a second.
MINUTE = 60


def blue_green(kind: str, wait_seconds: int = MINUTE, **members: Any) -> dict:
    size = {"CanarySize": "CANARY", "LinearStepSize": "LINEAR"}
    routing = {"Type": kind, "WaitIntervalInSeconds": wait_seconds}
    routing |= {name: {"Type": "CAPACITY_PERCENT", "Value": 50} for name, of in size.items() if of == kind}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, **members}}


def rolling(wait_seconds: int = MINUTE) -> dict:
    batch = {"Type": "INSTANCE_COUNT", "Value": 1}
    return {"RollingUpdatePolicy": {"MaximumBatchSize": batch, "WaitIntervalInSeconds": wait_seconds}}


def two_instances(hosting: Hosting, name: str, program: str) -> None:
    hosting.model(name, program)
    hosting.configuration(name, hosting.variant(name, InitialInstanceCount=2))


def alarm(hosting: Hosting, endpoint: str, missing: str = "notBreaching") -> str:
    """An alarm on errors of the endpoint's containers."""
    name = f"{endpoint}-errors"
    hosting.cloud.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "AllTraffic"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData=missing,
    )
    return name


def update(hosting: Hosting, name: str, configuration: str, deployment: dict, **members: Any) -> dict:
    hosting.sagemaker.update_endpoint(
        EndpointName=name, EndpointConfigName=configuration, DeploymentConfig=deployment, **members
    )
    return hosting.settled(name)


@pytest.mark.parametrize("kind", ["CANARY", "LINEAR", "ROLLING"])
def test_both_models_share_the_traffic_for_a_while_and_no_request_fails(hosting: Hosting, kind: str) -> None:
    name = f"shared-{kind.lower()}"
    two_instances(hosting, name, says("old"))
    hosting.up(name)
    two_instances(hosting, f"{name}-new", says("new"))
    # Long enough for many requests on a busy machine.
    deployment = rolling(2 * MINUTE) if kind == "ROLLING" else blue_green(kind, 2 * MINUTE)
    with constant_traffic(hosting, name) as answers:
        endpoint = update(hosting, name, f"{name}-new", deployment)
        after = len(answers)
        until(lambda: len(answers) > after + 20)
    assert endpoint["EndpointConfigName"] == f"{name}-new"
    assert endpoint["LastDeploymentConfig"] == deployment
    first, last = answers.index("new"), len(answers) - answers[::-1].index("old")
    mixed = answers[first:last]
    assert first < last and is_share(mixed.count("new"), len(mixed), 0.5), "half of the capacity, half of the traffic"
    assert set(answers[after + 3 :]) == {"new"}
    assert [variant["CurrentInstanceCount"] for variant in endpoint["ProductionVariants"]] == [2]


@pytest.mark.parametrize("kind", ["ALL_AT_ONCE", "CANARY", "ROLLING"])
def test_an_alarm_takes_all_traffic_back(hosting: Hosting, kind: str) -> None:
    name = f"alarmed-{kind.lower().replace('_', '-')}"
    two_instances(hosting, name, says("old"))
    hosting.up(name)
    two_instances(hosting, f"{name}-new", FAILS)
    policy = rolling() if kind == "ROLLING" else blue_green(kind, TerminationWaitInSeconds=5 * MINUTE)
    guarded = {**policy, "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm(hosting, name)}]}}
    hosting.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=f"{name}-new", DeploymentConfig=guarded)

    def ended() -> bool:
        hosting.answers(name)
        return hosting.sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService"

    until(ended)
    endpoint = hosting.sagemaker.describe_endpoint(EndpointName=name)
    assert endpoint["EndpointConfigName"] == name
    assert f"{name}-errors" in endpoint["FailureReason"]
    assert {hosting.ask(name) for _ in range(20)} == {"old"}
    assert endpoint["ProductionVariants"][0]["CurrentInstanceCount"] == 2


def test_metrics_of_a_configuration_begin_with_an_update(hosting: Hosting) -> None:
    name = "measured-since-an-update"
    hosting.deploy(name, says("old"))
    hosting.configured(f"{name}-new", says("new"))
    hosting.ask(name)
    hosting.update(name, f"{name}-new")
    hosting.ask(name)

    def counted(configuration: str) -> float:
        dimensions = {"EndpointName": name, "VariantName": "AllTraffic", "EndpointConfigName": configuration}
        return hosting.cloud.metric("AWS/SageMaker", "Invocations", dimensions)

    until(lambda: counted(f"{name}-new") == 1)
    assert counted(name) == 0


def test_an_alarm_that_rings_already_ends_an_update(hosting: Hosting) -> None:
    hosting.deploy("ringing", says("old"))
    hosting.configured("ringing-new", says("new"))
    name = alarm(hosting, "ringing", missing="breaching")
    until(
        lambda: hosting.cloud.client("cloudwatch").describe_alarms(AlarmNames=[name], StateValue="ALARM")[
            "MetricAlarms"
        ],
    )
    guarded = {**blue_green("CANARY"), "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name}]}}
    endpoint = update(hosting, "ringing", "ringing-new", guarded)
    assert endpoint["EndpointConfigName"] == "ringing"
    assert name in endpoint["FailureReason"]


def test_an_alarm_that_does_not_exist_is_refused(hosting: Hosting) -> None:
    deployment = {**blue_green("ALL_AT_ONCE"), "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "nobodys"}]}}
    _, message = refusal(
        hosting.sagemaker.update_endpoint, EndpointName="x", EndpointConfigName="x", DeploymentConfig=deployment
    )
    assert "nobodys" in message


@pytest.mark.parametrize(
    ("deployment", "expected"),
    [
        ({**blue_green("CANARY"), **rolling()}, "two policies"),
        (
            {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "LINEAR", "WaitIntervalInSeconds": 1}}},
            "LinearStepSize",
        ),
        (
            {
                "RollingUpdatePolicy": {
                    "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 60},
                    "WaitIntervalInSeconds": 1,
                }
            },
            "allowed are 5 to 50",
        ),
    ],
)
def test_a_deployment_that_sagemaker_would_not_take_is_refused(
    hosting: Hosting, deployment: dict, expected: str
) -> None:
    with pytest.raises(ClientError, match=expected):
        hosting.sagemaker.update_endpoint(EndpointName="nobodys", EndpointConfigName="x", DeploymentConfig=deployment)


def test_update_retains_variant_properties_on_request(hosting: Hosting) -> None:
    hosting.deploy("retained", says("old"))
    hosting.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="retained", DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}]
    )
    hosting.settled("retained")
    hosting.configured("retained-new", says("new"))
    hosting.sagemaker.update_endpoint(
        EndpointName="retained",
        EndpointConfigName="retained-new",
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}],
    )
    (variant,) = hosting.settled("retained")["ProductionVariants"]
    assert variant["CurrentInstanceCount"] == 3
    assert hosting.ask("retained") == "new"


def test_endpoint_publishes_its_state_changes(hosting: Hosting) -> None:
    events, sqs = hosting.cloud.client("events"), hosting.cloud.client("sqs")
    queue = sqs.create_queue(QueueName="endpoint-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.sagemaker"], "detail": {"EndpointName": ["observed"]}}
    events.put_rule(Name="endpoints", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="endpoints", Targets=[{"Id": "queue", "Arn": arn}])
    hosting.deploy("observed", says("hello"))

    def received() -> dict | None:
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            body = json.loads(message["Body"])
            if body["detail"]["EndpointStatus"] == "IN_SERVICE":
                return body
        return None

    assert until(received)["detail-type"] == "SageMaker Endpoint State Change"
