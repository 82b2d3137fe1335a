"""One processing job: its inputs, its programs, its outputs."""

import time
from contextlib import ExitStack
from datetime import UTC, datetime

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from mlops.localcloud import context
from mlops.localcloud.errors import AWSError
from mlops.localcloud.images import Image
from mlops.localcloud.logs import LogStream
from mlops.localcloud.processes import Process
from mlops.localcloud.sagemaker.common import container, roles, s3
from mlops.localcloud.sagemaker.common.container import Instance, NotStarted
from mlops.localcloud.sagemaker.common.s3 import Location
from mlops.localcloud.sagemaker.jobs.job import COMPLETED, STOPPED, Job, JobFailed
from mlops.localcloud.sagemaker.jobs.mirror import Mirror
from mlops.localcloud.sagemaker.jobs.programs import Outcome, Programs

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
_MESSAGE_LENGTH = 1024


class ProcessingJob(Job):
    """A processing job. Its files lie below processing-jobs/{name}, one directory per instance, with the log next to it."""

    kind = "ProcessingJob"
    resource = "processing-job"
    spoken = "processing job"
    event = "SageMaker Processing Job State Change"

    def __init__(self, request: dict, image: Image, tags: list[dict] | None):
        """Raises AWSError where the request cannot be carried out on this machine."""
        self._request = request
        self._image = image
        self._programs = Programs()
        self._inputs = [item["S3Input"] for item in request.get("ProcessingInputs", [])]
        outputs = request.get("ProcessingOutputConfig", {})
        self._outputs = [item["S3Output"] for item in outputs.get("Outputs", [])]
        self._kms_key = outputs.get("KmsKeyId")
        self._directory = context.directory("processing-jobs") / request["ProcessingJobName"]
        cluster = request["ProcessingResources"]["ClusterConfig"]
        self._instances = container.instances(self._directory, cluster["InstanceCount"])
        super().__init__(request["ProcessingJobName"], request, tags)

    def stop(self) -> None:
        super().stop()
        self._programs.stop("stopped")

    def run(self) -> None:
        if self.stop_requested.is_set():
            return self.finish(STOPPED)
        client = context.client("s3", self._request["RoleArn"], roles.PRINCIPAL)
        started = time.monotonic()
        self.update(ProcessingStartTime=datetime.now(UTC))
        for instance_number, instance in enumerate(self._instances):
            self._prepare(client, instance_number, instance)
        mirrors = [mirror for instance in self._instances for mirror in self._mirrors(client, instance)]
        continuous = [mirror for mirror, mode in mirrors if mode == "Continuous"]
        outcome = self._process(started, continuous)
        if outcome.exit_code:
            raise JobFailed("AlgorithmError: See job logs for more information")
        if outcome.cause and not self.stop_requested.is_set():
            self.mark_stopping()
        for mirror, _ in mirrors:
            _push(mirror)
        self.finish(STOPPED if outcome.cause else COMPLETED)

    def finish(self, status: str, reason: str | None = None) -> None:
        messages = [instance.read_text("output/message") for instance in self._instances]
        message = "".join(messages)[:_MESSAGE_LENGTH]
        if message:
            self.update(ExitMessage=message)
        self.update(ProcessingEndTime=datetime.now(UTC))
        super().finish(status, reason)

    def _prepare(self, client: BaseClient, number: int, instance: Instance) -> None:
        for source in self._inputs:
            prefix, keys = _objects(client, source)
            selected = s3.shard(keys, source["S3DataDistributionType"], number, len(self._instances))
            try:
                s3.download(client, prefix, selected, instance.path(source["LocalPath"]))
            except ClientError as error:
                raise JobFailed(
                    f"ClientError: Failed to download data. GetObject failed below {prefix}: {s3.error_text(error)}"
                ) from error
        for target in self._outputs:
            instance.path(target["LocalPath"]).mkdir(parents=True, exist_ok=True)
        (instance.root / "output").mkdir(exist_ok=True)
        hosts = [other.name for other in self._instances]
        instance.write_json("config/resourceconfig.json", {"current_host": instance.name, "hosts": hosts})
        instance.write_json("config/processingjobconfig.json", {"ProcessingJobArn": self.arn, **self._request})

    def _mirrors(self, client: BaseClient, instance: Instance) -> list[tuple[Mirror, str]]:
        return [
            (
                Mirror(
                    client,
                    instance.path(target["LocalPath"]),
                    Location.parse(target["S3Uri"]),
                    self._kms_key,
                ),
                target["S3UploadMode"],
            )
            for target in self._outputs
        ]

    def _process(self, started: float, continuous: list[Mirror]) -> Outcome:
        deadline = started + self._request["StoppingCondition"]["MaxRuntimeInSeconds"]

        def keep_up() -> None:
            for mirror in continuous:
                _push(mirror)

        with ExitStack() as stack:
            programs = stack.enter_context(self._programs)
            for instance in self._instances:
                stream = f"{self.name}/{instance.name}-{int(time.time())}"
                log = stack.enter_context(LogStream(LOG_GROUP, stream, self._directory / f"{instance.name}.log"))
                try:
                    programs.add(instance, self._start(instance, log))
                except NotStarted as failure:
                    log.write(str(failure))
                    raise JobFailed("AlgorithmError: See job logs for more information") from failure
            return programs.wait(deadline, "expired", keep_up)

    def _start(self, instance: Instance, log: LogStream) -> Process:
        application = self._request["AppSpecification"]
        isolated = self._request.get("NetworkConfig", {}).get("EnableNetworkIsolation", False)
        return instance.start(
            self._image,
            log.write,
            application.get("ContainerArguments", []),
            application.get("ContainerEntrypoint"),
            {
                **container.role_environment(self._request["RoleArn"], isolated),
                **self._request.get("Environment", {}),
            },
        )


def _objects(client: BaseClient, source: dict) -> tuple[Location, list[str]]:
    """The prefix of an input and the keys of its objects. Raises JobFailed when there are none."""
    location = Location.parse(source["S3Uri"])
    if source["S3DataType"] == "ManifestFile":
        try:
            return s3.of_manifest(client, location)
        except ClientError as error:
            raise JobFailed(
                f"ClientError: Failed to download data. GetObject failed for {location}: {s3.error_text(error)}"
            ) from error
        except (ValueError, AWSError) as error:
            raise JobFailed(f"ClientError: Manifest file {location} can't be read: {error}") from error
    try:
        found = s3.keys(client, location)
    except ClientError as error:
        raise JobFailed(
            f"ClientError: Failed to download data. ListObjectsV2 failed for {location}: {s3.error_text(error)}"
        ) from error
    if not found:
        raise JobFailed(f"ClientError: Failed to download data. No S3 objects found under {location}")
    return location, found


def _push(mirror: Mirror) -> None:
    try:
        mirror.push()
    except ClientError as error:
        raise JobFailed(f"ClientError: Failed to upload data to {mirror.prefix}: {s3.error_text(error)}") from error
