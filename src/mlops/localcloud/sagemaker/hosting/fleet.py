"""The containers behind an endpoint under one endpoint configuration: variants that share the traffic."""

import itertools
import random
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import TimeoutError as NotHealthyInTime
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mlops.localcloud import context, images
from mlops.localcloud.images import Image
from mlops.localcloud.logs import LogStream
from mlops.localcloud.sagemaker.common.container import Instance
from mlops.localcloud.sagemaker.hosting import invocations, model_data, models
from mlops.localcloud.sagemaker.hosting.model_container import ServingContainer, StartFailed, stop_together
from mlops.localcloud.sagemaker.hosting.on_demand import OnDemand

# The local cloud's default. AWS's default is eight minutes; 60 seconds is the least that can be configured.
_STARTUP_SECONDS = 60
# "The server must respond successfully to /ping within 3 minutes" (Invoke a serverless endpoint).
_SERVERLESS_STARTUP_SECONDS = 180
# No invocation takes longer.
_DRAIN_SECONDS = 60
_GRACE_SECONDS = 30


class DeploymentFailed(Exception):
    """A fleet did not start. The text is SageMaker's FailureReason."""


@dataclass
class Variant:
    """A production variant: its part of the endpoint configuration, its model, its containers.

    A serverless one has `on_demand` in place of `containers`.
    """

    configuration: dict
    model: dict
    image: Image
    weight: float
    containers: list[ServingContainer] = field(default_factory=list)
    on_demand: OnDemand | None = None
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    _turn: Iterator[int] = field(default_factory=itertools.count)

    @property
    def name(self) -> str:
        return self.configuration["VariantName"]

    def in_turn(self) -> list[ServingContainer]:
        """The containers, beginning with another one each time."""
        containers = self.containers
        first = next(self._turn) % max(1, len(containers))
        return containers[first:] + containers[:first]

    def await_health(self, containers: list[ServingContainer]) -> None:
        """Wait until these containers have answered a ping. Raises DeploymentFailed when they take too long."""
        default = _SERVERLESS_STARTUP_SECONDS if self.on_demand else _STARTUP_SECONDS
        limit = self.configuration.get("ContainerStartupHealthCheckTimeoutInSeconds", default)
        deadline = time.monotonic() + limit
        try:
            for container in containers:
                container.healthy.result(max(0, deadline - time.monotonic()))
        except (StartFailed, NotHealthyInTime) as error:
            raise DeploymentFailed(
                f"The primary container for production variant {self.name} did not pass the ping health check. "
                "Please check CloudWatch logs for this endpoint."
            ) from error


class Fleet:
    """All containers of one endpoint configuration. A deployment creates a new fleet next to the old one.

    Models and images are resolved once, at creation. Raises AWSError when one no longer exists.
    """

    def __init__(self, endpoint: str, configuration: dict, *, is_update: bool = False):
        self.endpoint, self.is_update = endpoint, is_update
        self.configuration = configuration
        self.variants: dict[str, Variant] = {}
        for each in configuration["ProductionVariants"]:
            model = models.get(each["ModelName"])
            image = images.resolve(model["Container"]["Image"])
            variant = self.variants[each["VariantName"]] = Variant(each, model, image, each["InitialVariantWeight"])
            if "ServerlessConfig" in each:
                variant.on_demand = self._on_demand(variant)

    def start(self) -> None:
        """Start every container and wait until all are healthy.

        Raises DeploymentFailed; started containers then run until `retire`.
        """
        for variant in self.variants.values():
            if variant.on_demand is not None:
                variant.on_demand.start().result()
                return
            self._launch(variant, variant.configuration["InitialInstanceCount"], variant.containers)
        for variant in self.variants.values():
            variant.await_health(variant.containers)

    @property
    def on_demand(self) -> OnDemand | None:
        """The container of a serverless endpoint, which has one variant; None where there are instances."""
        return next((variant.on_demand for variant in self.variants.values()), None)

    @property
    def size(self) -> int:
        """The intended number of containers."""
        return sum(variant.configuration["InitialInstanceCount"] for variant in self.variants.values())

    def keep(self, other: "Fleet", excluded: Iterable[str]) -> None:
        """Take over the current weights and counts of another fleet, except for excluded properties.

        Source: SageMaker API Reference, UpdateEndpoint, RetainAllVariantProperties.
        """
        for name, variant in self.variants.items():
            before = other.variants.get(name)
            if before is None:
                continue
            if "DesiredInstanceCount" not in excluded and before.containers:
                count = len(before.containers)
                variant.configuration = {**variant.configuration, "InitialInstanceCount": count}
            if "DesiredWeight" not in excluded:
                variant.weight = before.weight
        if "DataCaptureConfig" not in excluded and "DataCaptureConfig" in other.configuration:
            kept = other.configuration["DataCaptureConfig"]
            self.configuration = {**self.configuration, "DataCaptureConfig": kept}

    def choose(self, target: str | None = None) -> Variant:
        """The target variant, or one by weight. Raises KeyError when there is no such variant."""
        if target is not None:
            return self.variants[target]
        variants = list(self.variants.values())
        return random.choices(variants, [variant.weight for variant in variants])[0]

    def resize(self, counts: Mapping[str, int]) -> None:
        """Change the numbers of containers of variants. Raises DeploymentFailed; nothing is changed then."""
        added: dict[str, list[ServingContainer]] = {name: [] for name in counts}
        try:
            for name, containers in added.items():
                variant = self.variants[name]
                self._launch(variant, counts[name] - len(variant.containers), containers)
            for name, containers in added.items():
                self.variants[name].await_health(containers)
        except DeploymentFailed:
            stop_together(itertools.chain.from_iterable(added.values()), _GRACE_SECONDS)
            raise
        surplus = []
        for name, containers in added.items():
            variant = self.variants[name]
            surplus += variant.containers[counts[name] :]
            variant.containers = (variant.containers + containers)[: counts[name]]
        stop_together(surplus, _GRACE_SECONDS, _DRAIN_SECONDS)

    def retire(self) -> None:
        """Let the requests in flight finish, then end every container."""
        if self.on_demand is not None:
            self.on_demand.retire()
        stop_together(self._containers(), _GRACE_SECONDS, _DRAIN_SECONDS)

    def _containers(self) -> list[ServingContainer]:
        return [container for variant in self.variants.values() for container in variant.containers]

    def _on_demand(self, variant: Variant) -> OnDemand:
        def launch() -> ServingContainer:
            container = self._launch_one(variant)
            try:
                variant.await_health([container])
            except DeploymentFailed:
                container.stop(_GRACE_SECONDS)
                raise
            return container

        return OnDemand(
            variant.configuration["ServerlessConfig"],
            launch,
            stop=lambda container: stop_together([container], _GRACE_SECONDS, _DRAIN_SECONDS),
            on_start=lambda seconds: invocations.measure_cold_start(self.endpoint, variant.name, seconds),
        )

    def _launch(self, variant: Variant, count: int, launched: list[ServingContainer]) -> None:
        """Start `count` containers and append them, each as soon as it runs. Raises DeploymentFailed."""
        for _ in range(count):
            launched.append(self._launch_one(variant))

    def _launch_one(self, variant: Variant) -> ServingContainer:
        identifier = f"i-{secrets.token_hex(9)[:17]}"
        directory = context.directory("endpoints", self.endpoint, variant.name)
        instance = Instance(identifier, "127.0.0.1", directory / identifier)
        try:
            model_data.unpack(variant.model, instance.root)
        except model_data.ModelDataUnusable as error:
            raise DeploymentFailed(str(error)) from error
        log = LogStream(
            f"/aws/sagemaker/Endpoints/{self.endpoint}",
            f"{variant.name}/{identifier}",
            directory / f"{identifier}.log",
        )
        container = ServingContainer(variant.model, variant.image, instance, log)
        container.start()
        return container
