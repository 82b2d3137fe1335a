"""Application Auto Scaling: the instances of a variant follow its requests, within their bounds."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hosting import Hosting, refusal, says
from waiting import until

DIMENSION = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}


@pytest.fixture
def autoscaling(hosting: Hosting):
    return hosting.cloud.client("application-autoscaling")


def scaled(hosting: Hosting, autoscaling, name: str, least: int, most: int, target: float) -> dict[str, str]:
    """Register the endpoint's variant with a policy that aims at `target` requests a minute and instance."""
    resource = {**DIMENSION, "ResourceId": f"endpoint/{name}/variant/AllTraffic"}
    autoscaling.register_scalable_target(**resource, MinCapacity=least, MaxCapacity=most)
    autoscaling.put_scaling_policy(
        **resource,
        PolicyName="requests",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": target,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
            "ScaleOutCooldown": 60,
            "ScaleInCooldown": 60,
        },
    )
    return resource


def instances(hosting: Hosting, name: str) -> int:
    (variant,) = hosting.sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"]
    return variant["CurrentInstanceCount"]


@contextmanager
def steady_traffic(hosting: Hosting, name: str) -> Iterator[None]:
    """A client that sends some twenty requests a second at most: 1200 a minute, and 20 in the cloud's minute."""
    ended = threading.Event()

    def call() -> None:
        while not ended.wait(0.05):
            hosting.ask(name)

    client = threading.Thread(target=call)
    client.start()
    try:
        yield
    finally:
        ended.set()
        client.join()


@pytest.mark.acceptance
def test_variant_scales_with_its_requests_a_minute(hosting: Hosting, autoscaling) -> None:
    name, cloudwatch = "busy-scaled", hosting.cloud.client("cloudwatch")
    hosting.deploy(name, says("hello"))
    resource = scaled(hosting, autoscaling, name, 1, 3, target=60)
    [policy] = autoscaling.describe_scaling_policies(**resource)["ScalingPolicies"]
    high, low = [alarm["AlarmName"] for alarm in policy["Alarms"]]
    with steady_traffic(hosting, name):
        until(lambda: instances(hosting, name) == 3)
    [alarm] = cloudwatch.describe_alarms(AlarmNames=[high])["MetricAlarms"]
    assert (alarm["Threshold"], alarm["Statistic"], alarm["Period"], alarm["EvaluationPeriods"]) == (60, "Sum", 60, 3)
    until(lambda: instances(hosting, name) == 1)
    activities = autoscaling.describe_scaling_activities(
        ServiceNamespace="sagemaker", ResourceId=resource["ResourceId"]
    )
    shrunk, grown = activities["ScalingActivities"][0], activities["ScalingActivities"][-1]
    assert grown["Cause"] == f"monitor alarm {high} in state ALARM triggered policy requests"
    assert shrunk["Cause"] == f"monitor alarm {low} in state ALARM triggered policy requests"
    autoscaling.deregister_scalable_target(**resource)
    assert cloudwatch.describe_alarms(AlarmNames=[high, low])["MetricAlarms"] == []


def test_an_alarm_on_requests_sees_the_same_rate(hosting: Hosting) -> None:
    name, cloudwatch = "alarmed-by-requests", hosting.cloud.client("cloudwatch")
    hosting.deploy(name, says("hello"))
    dimensions = [{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "AllTraffic"}]
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/SageMaker",
        MetricName="Invocations",
        Dimensions=dimensions,
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=60,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )

    def state() -> str:
        return cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]

    with steady_traffic(hosting, name):
        until(lambda: state() == "ALARM")
    assert until(lambda: state() == "OK")


def test_a_variant_below_its_minimum_is_scaled_out(hosting: Hosting, autoscaling) -> None:
    hosting.deploy("small", says("hello"))
    scaled(hosting, autoscaling, "small", 2, 4, target=1000)
    assert until(lambda: instances(hosting, "small") == 2)


def test_deregistered_targets_have_no_policies(hosting: Hosting, autoscaling) -> None:
    hosting.deploy("targets-and-policies", says("hello"))
    scaled(hosting, autoscaling, "targets-and-policies", 1, 4, target=1000)
    resource = {**DIMENSION, "ResourceId": "endpoint/targets-and-policies/variant/AllTraffic"}
    (target,) = autoscaling.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[resource["ResourceId"]]
    )["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 4)
    autoscaling.deregister_scalable_target(**resource)
    found = autoscaling.describe_scaling_policies(ServiceNamespace="sagemaker", ResourceId=resource["ResourceId"])
    assert found["ScalingPolicies"] == []


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        ("endpoint/never-made/variant/AllTraffic", "Could not find endpoint"),
        ("endpoint/one-variant/variant/Other", "Endpoint one-variant has no variant Other; it has AllTraffic"),
    ],
)
def test_a_variant_that_does_not_exist_cannot_be_registered(
    hosting: Hosting, autoscaling, resource: str, message: str
) -> None:
    if "one-variant" in resource:
        hosting.deploy("one-variant", says("hello"))
    request = {**DIMENSION, "ResourceId": resource, "MinCapacity": 1, "MaxCapacity": 2}
    code, found = refusal(autoscaling.register_scalable_target, **request)
    assert (code, message in found) == ("ValidationException", True), found


def test_other_resources_than_variants_are_refused_by_name(autoscaling) -> None:
    request = {"ServiceNamespace": "ecs", "ResourceId": "service/a/b", "ScalableDimension": "ecs:service:DesiredCount"}
    code, message = refusal(autoscaling.register_scalable_target, **request, MinCapacity=1, MaxCapacity=2)
    assert (code, "ServiceNamespace=ecs" in message) == ("NotImplemented", True)
