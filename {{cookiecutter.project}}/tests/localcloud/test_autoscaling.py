"""Application Auto Scaling: the instances of a variant follow its requests, within their bounds."""

import pytest
from harness import until
from hosting import Hosting, constant_traffic, refusal, says

DIMENSION = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}


@pytest.fixture
def autoscaling(hosting: Hosting):
    return hosting.cloud.client("application-autoscaling")


def scaled(hosting: Hosting, autoscaling, name: str, least: int, most: int, target: float) -> None:
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


def instances(hosting: Hosting, name: str) -> int:
    (variant,) = hosting.sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"]
    return variant["CurrentInstanceCount"]


def test_a_variant_grows_under_load_up_to_its_bound(hosting: Hosting, autoscaling) -> None:
    hosting.deploy("busy-scaled", says("hello"))
    scaled(hosting, autoscaling, "busy-scaled", 1, 3, target=1)
    with constant_traffic(hosting, "busy-scaled"):
        until(lambda: instances(hosting, "busy-scaled") == 3, 30)
    activities = autoscaling.describe_scaling_activities(ServiceNamespace="sagemaker")["ScalingActivities"]
    assert any("Setting desired instance count to 3" in each["Description"] for each in activities)


def test_a_variant_below_its_least_number_is_lifted(hosting: Hosting, autoscaling) -> None:
    hosting.deploy("small", says("hello"))
    scaled(hosting, autoscaling, "small", 2, 4, target=1000)
    until(lambda: instances(hosting, "small") == 2, 20)


def test_targets_and_policies_are_described_and_forgotten(hosting: Hosting, autoscaling) -> None:
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


def test_what_is_not_a_variant_of_an_endpoint_is_refused_by_name(autoscaling) -> None:
    request = {"ServiceNamespace": "ecs", "ResourceId": "service/a/b", "ScalableDimension": "ecs:service:DesiredCount"}
    code, message = refusal(autoscaling.register_scalable_target, **request, MinCapacity=1, MaxCapacity=2)
    assert (code, "ServiceNamespace=ecs" in message) == ("NotImplemented", True)
