"""What other settings would cost or save."""

from __future__ import annotations

from mlops.configuration import Configuration
from mlops.costs import standing
from mlops.costs.charges import Choice, Step
from mlops.costs.prices import Prices
from mlops.instances import is_burstable

# Types that run the image that the pipeline builds: x86, without accelerators.
_TYPES = ("ml.t2.medium", "ml.t3.medium", "ml.t3.large", "ml.c5.large", "ml.m5.large", "ml.c5.xlarge", "ml.m5.xlarge")
# https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html
_SPOT_SAVING = 0.9


def others(configuration: Configuration, prices: Prices, steps: list[Step]) -> list[Choice]:
    """Settings beside those that are configured, as far as the prices of their types are known."""
    return [
        *_instances(configuration, prices),
        *_types(configuration, prices),
        *_scaling(configuration, prices),
        *_training(configuration, prices, steps),
        *_evaluation(configuration, prices),
    ]


def _instances(configuration: Configuration, prices: Prices) -> list[Choice]:
    production = configuration.production
    figure, count = prices.find("hosting", production.InstanceType), standing.instances(production)
    if figure is None:
        return []
    key = "MinCapacity" if production.autoscaling else "InitialInstanceCount"
    if count == 1:
        return [Choice("production.yml", f"{key}: 2, in two availability zones", 24 * figure.usd, "day")]
    return [Choice("production.yml", f"{key}: 1, in one availability zone", -24 * figure.usd * (count - 1), "day")]


def _types(configuration: Configuration, prices: Prices) -> list[Choice]:
    production = configuration.production
    figure, count = prices.find("hosting", production.InstanceType), standing.instances(production)
    if figure is None:
        return []
    return [
        Choice("production.yml", f"InstanceType: {type_}", 24 * count * (other.usd - figure.usd), "day")
        for type_ in _TYPES
        if type_ != production.InstanceType
        and (other := prices.find("hosting", type_))
        and not (production.autoscaling and is_burstable(type_))
    ]


def _scaling(configuration: Configuration, prices: Prices) -> list[Choice]:
    production = configuration.production
    figure = prices.find("hosting", production.InstanceType)
    if figure is None or production.autoscaling is None:
        return []
    most = production.autoscaling.MaxCapacity
    more = most - production.autoscaling.MinCapacity
    return (
        [Choice("production.yml", f"autoscaling at MaxCapacity: {most}", 24 * more * figure.usd, "day")] if more else []
    )


def _training(configuration: Configuration, prices: Prices, steps: list[Step]) -> list[Choice]:
    training = configuration.training_job
    resources = training["ResourceConfig"]
    found = []
    most = next(step.most_usd for step in steps if step.name.strip() == "training job")
    if most and not training.get("EnableManagedSpotTraining"):
        saving = -_SPOT_SAVING * most
        found.append(Choice("trainingjob.json", "EnableManagedSpotTraining: true, at best", saving, "release, at most"))
    figure = prices.find("training", resources.get("InstanceType", ""))
    if figure:
        found += [
            Choice(
                "trainingjob.json",
                f"InstanceType: {type_}",
                resources["InstanceCount"] * (other.usd - figure.usd),
                "hour of training",
            )
            for type_ in _TYPES
            if type_ != resources["InstanceType"] and (other := prices.find("training", type_))
        ]
    return found


def _evaluation(configuration: Configuration, prices: Prices) -> list[Choice]:
    current = configuration.evaluation.instance_type
    figure = prices.find("processing", current)
    if figure is None:
        return []
    return [
        Choice("evaluation.yml", f"instance_type: {type_}", other.usd - figure.usd, "hour of a job")
        for type_ in _TYPES
        if type_ != current and (other := prices.find("processing", type_))
    ]
