"""Serving containers: one process per instance, grouped by variant, checked by ping."""

import itertools
import random
import shutil
import socket
import tarfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

from mlops.localcloud import context, images
from mlops.localcloud.logs import LogStream
from mlops.localcloud.processes import Process
from mlops.localcloud.sagemaker import container, models
from mlops.localcloud.sagemaker.container import Instance
from mlops.localcloud.sagemaker.s3 import Location

_STARTUP_SECONDS = 60
_STARTS_BEFORE_GIVING_UP = 3
_PING_SECONDS = 0.05
_GRACE_SECONDS = 30


class Unhealthy(Exception):
    """A container did not become healthy; the text is SageMaker's FailureReason."""


class ServingInstance:
    """One container that serves a model on a loopback port. One that dies is started again."""

    def __init__(self, endpoint: str, variant: dict, instance: Instance, log: LogStream):
        self.port = _free_port()
        self.starts = 0
        self._variant = variant
        self._model = models.get(variant["ModelName"])
        self._endpoint = endpoint
        self._instance = instance
        self._log = log
        self._stopping = False
        self._process: Process | None = None

    def prepare(self) -> None:
        """Unpack the model. Raises Unhealthy when it cannot be."""
        target = self._instance.root / "model"
        target.mkdir(parents=True, exist_ok=True)
        uri = self._model["Resolved"].get("ModelDataUrl")
        if uri is None:
            return
        place = Location.parse(uri)
        archive = self._instance.root / "model.tar.gz"
        context.client("s3", self._model["ExecutionRoleArn"]).download_file(
            place.bucket, place.key, str(archive)
        )
        try:
            with tarfile.open(archive) as content:
                content.extractall(target, filter="data")
        except tarfile.TarError as error:
            raise Unhealthy(f"Failed to extract model data archive {uri}: {error}") from error

    def start(self) -> None:
        """Start the container and keep it going until `stop`."""
        context.spawn(self._keep_running)

    def _keep_running(self) -> None:
        with self._log as log:
            while not self._stopping and self.starts < _STARTS_BEFORE_GIVING_UP:
                self.starts += 1
                try:
                    self._process = self._start(log)
                except container.NotStarted as error:
                    log.write(str(error))
                    continue
                healthy_from = time.monotonic()
                if self._stopping:
                    self._process.stop(_GRACE_SECONDS)
                code = self._process.wait()
                if not self._stopping:
                    log.write(f"The container has ended with exit code {code}")
                    if time.monotonic() - healthy_from > _STARTUP_SECONDS:
                        self.starts = 0
        self.starts = max(self.starts, _STARTS_BEFORE_GIVING_UP)

    def _start(self, log: LogStream) -> Process:
        resolved = self._model["Resolved"]
        isolated = self._model.get("EnableNetworkIsolation", False)
        settings = {
            **resolved.get("Environment", {}),
            **container.role_environment(self._model["ExecutionRoleArn"], isolated),
            "SAGEMAKER_BIND_TO_PORT": str(self.port),
            "SAGEMAKER_BIND_TO_HOST": "127.0.0.1",
        }
        return self._instance.start(
            images.resolve(resolved["Image"]), log.write, ["serve"], environment=settings
        )

    @property
    def gave_up(self) -> bool:
        """Whether it ended too often to be started again."""
        return self.starts >= _STARTS_BEFORE_GIVING_UP and (
            self._process is None or self._process.returncode is not None
        )

    def healthy(self) -> bool:
        """Whether GET /ping answers 200 within AWS's two seconds."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ping", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def stop(self) -> None:
        """End the container; it may finish the requests that it has."""
        self._stopping = True
        if self._process is not None:
            self._process.stop(_GRACE_SECONDS)


class Fleet:
    """All instances of an endpoint under one endpoint configuration."""

    def __init__(self, endpoint: str, configuration: dict):
        self.configuration = configuration
        self.variants = {variant["VariantName"]: variant for variant in configuration["ProductionVariants"]}
        self.weights = {name: variant["InitialVariantWeight"] for name, variant in self.variants.items()}
        self.in_flight = 0
        self._endpoint = endpoint
        self._instances: dict[str, list[ServingInstance]] = {}
        self._turn: dict[str, Iterator[int]] = {name: itertools.count() for name in self.variants}

    def start(self) -> None:
        """Start every container and wait until all are healthy. Raises Unhealthy with SageMaker's words."""
        for name, variant in self.variants.items():
            self._instances[name] = [self._instance(variant) for _ in range(variant["InitialInstanceCount"])]
        for instance in self._all():
            instance.prepare()
            instance.start()
        for name, instances in self._instances.items():
            limit = self.variants[name].get("ContainerStartupHealthCheckTimeoutInSeconds", _STARTUP_SECONDS)
            deadline = time.monotonic() + limit
            for instance in instances:
                while not instance.healthy():
                    if instance.gave_up or time.monotonic() > deadline:
                        raise Unhealthy(
                            f"The primary container for production variant {name} did not pass the ping health "
                            "check. Please check CloudWatch logs for this endpoint."
                        )
                    time.sleep(_PING_SECONDS)

    def choose(self, variant: str | None) -> tuple[str, list[int]]:
        """A variant, by weight unless one is asked for, and the ports of its instances, the next in turn first.

        Raises KeyError when there is no such variant.
        """
        names = list(self.weights)
        name = variant or random.choices(names, [self.weights[each] for each in names])[0]
        ports = [instance.port for instance in self._instances[name]]
        first = next(self._turn[name]) % len(ports)
        return name, ports[first:] + ports[:first]

    def counts(self) -> dict[str, int]:
        """Instances by variant."""
        return {name: len(instances) for name, instances in self._instances.items()}

    def resize(self, variant: str, count: int) -> None:
        """Change the number of a variant's instances. Raises Unhealthy when a new one does not come up."""
        instances = self._instances[variant]
        while len(instances) < count:
            added = self._instance(self.variants[variant])
            added.prepare()
            added.start()
            deadline = time.monotonic() + _STARTUP_SECONDS
            while not added.healthy():
                if added.gave_up or time.monotonic() > deadline:
                    raise Unhealthy(
                        f"An instance of production variant {variant} did not pass the ping health check."
                    )
                time.sleep(_PING_SECONDS)
            instances.append(added)
        for removed in instances[count:]:
            instances.remove(removed)
            removed.stop()

    def stop(self) -> None:
        """Let the requests in flight finish, then end every container."""
        deadline = time.monotonic() + _GRACE_SECONDS
        while self.in_flight and time.monotonic() < deadline:
            time.sleep(_PING_SECONDS)
        stopping = [threading.Thread(target=instance.stop) for instance in self._all()]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()

    def _all(self) -> list[ServingInstance]:
        return [instance for instances in self._instances.values() for instance in instances]

    def _instance(self, variant: dict) -> ServingInstance:
        identifier = f"i-{random.getrandbits(68):017x}"
        name = variant["VariantName"]
        root = context.directory("endpoints", self._endpoint, name, identifier)
        shutil.rmtree(root)
        root.mkdir()
        group = f"/aws/sagemaker/Endpoints/{self._endpoint}"
        log = LogStream(group, f"{name}/{identifier}", root.with_suffix(".log"))
        return ServingInstance(self._endpoint, variant, Instance(name, "127.0.0.1", root), log)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
