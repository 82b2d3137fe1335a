"""One training job: its data, its programs, its model."""

import tarfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from mlops.localcloud import context
from mlops.localcloud.images import Image
from mlops.localcloud.logs import LogStream
from mlops.localcloud.processes import Process
from mlops.localcloud.sagemaker.common import container, roles, s3
from mlops.localcloud.sagemaker.common.container import Instance, NotStarted
from mlops.localcloud.sagemaker.common.s3 import Location
from mlops.localcloud.sagemaker.jobs.job import COMPLETED, FAILED, STOPPED, Job, JobFailed
from mlops.localcloud.sagemaker.jobs.metrics import Metrics
from mlops.localcloud.sagemaker.jobs.mirror import Mirror
from mlops.localcloud.sagemaker.jobs.programs import Outcome, Programs

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
_MESSAGES = {
    "Starting": "Starting the training job",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Stopping": "Stopping the training job",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
    "MaxWaitTimeExceeded": "Training job wait time exceeded MaxWaitTimeInSeconds provided",
}


class TrainingJob(Job):
    """A training job. Its files lie below training-jobs/{name}, one directory per instance, with the log next to it."""

    kind = "TrainingJob"
    resource = "training-job"
    spoken = "training job"
    event = "SageMaker Training Job State Change"

    def __init__(
        self,
        request: dict,
        image: Image,
        tags: list[dict] | None,
        on_metric: Callable[[str, float], None] | None = None,
    ):
        """Raises AWSError where the request cannot be carried out on this machine."""
        self._request = request
        self._image = image
        self._programs = Programs()
        self._created = time.monotonic()
        self._directory = context.directory("training-jobs") / request["TrainingJobName"]
        self._instances = container.instances(self._directory, request["ResourceConfig"]["InstanceCount"])
        self._checkpoints = request.get("CheckpointConfig")
        if self._checkpoints:
            # Refuses a path outside of /opt/ml now rather than in the middle of the job.
            self._instances[0].path(self._checkpoints["LocalPath"])
        definitions = request["AlgorithmSpecification"].get("MetricDefinitions", [])
        self._metrics = Metrics(request["TrainingJobName"], definitions, on_metric)
        super().__init__(request["TrainingJobName"], request, tags)
        self.update(ModelArtifacts={"S3ModelArtifacts": self._model_uri()})
        self._enter("Starting")

    def describe(self) -> dict:
        values = self._metrics.final()
        return super().describe() | ({"FinalMetricDataList": values} if values else {})

    def stop(self) -> None:
        super().stop()
        self._programs.stop("Stopped")

    def mark_stopping(self) -> None:
        super().mark_stopping()
        self._enter("Stopping")

    def run(self) -> None:
        if self.stop_requested.is_set():
            return self._end(STOPPED, "Stopped")
        client = context.client("s3", self._request["RoleArn"], roles.PRINCIPAL)
        started = time.monotonic()
        self._enter("Downloading")
        self.update(TrainingStartTime=datetime.now(UTC))
        mirrors = self._mirrors(client)
        try:
            self._download(client, mirrors)
        except ClientError as error:
            raise JobFailed(f"ClientError: Data download failed:{s3.error_text(error)}") from error
        outcome = self._train(started, mirrors)
        if outcome.cause and not self.stop_requested.is_set():
            self.mark_stopping()
        self._enter("Uploading")
        try:
            for mirror in mirrors:
                mirror.push()
            self._upload(client, outcome)
        except ClientError as error:
            raise JobFailed(f"ClientError: Artifact upload failed:{s3.error_text(error)}") from error
        if outcome.exit_code:
            raise JobFailed(self._reason(outcome))
        self._end(STOPPED if outcome.cause else COMPLETED, outcome.cause or "Completed")

    def finish(self, status: str, reason: str | None = None) -> None:
        self._end(status, "Failed" if status == FAILED else status, reason)

    def _end(self, status: str, secondary: str, reason: str | None = None) -> None:
        self._metrics.publish()
        now = datetime.now(UTC)
        times: dict = {"TrainingEndTime": now}
        start = self.describe().get("TrainingStartTime")
        if start:
            seconds = max(1, round((now - start).total_seconds()))
            times |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
        self._enter(secondary, ended=True)
        self.update(**times)
        super().finish(status, reason)

    def _enter(self, secondary: str, ended: bool = False) -> None:
        """Move to a secondary status: the transition before it ends now."""
        now = datetime.now(UTC)
        with self._lock:
            transitions = self._description.setdefault("SecondaryStatusTransitions", [])
            if transitions:
                transitions[-1].setdefault("EndTime", now)
            entered = {"Status": secondary, "StartTime": now, "StatusMessage": _MESSAGES[secondary]}
            transitions.append(entered | ({"EndTime": now} if ended else {}))
            self.update(SecondaryStatus=secondary)

    def _mirrors(self, client: BaseClient) -> list[Mirror]:
        if not self._checkpoints:
            return []
        prefix, inside = Location.parse(self._checkpoints["S3Uri"]), self._checkpoints["LocalPath"]
        return [Mirror(client, instance.path(inside), prefix) for instance in self._instances]

    def _download(self, client: BaseClient, mirrors: list[Mirror]) -> None:
        count = len(self._instances)
        for mirror in mirrors:
            mirror.fetch()
        for channel in self._request.get("InputDataConfig", []):
            source = channel["DataSource"]["S3DataSource"]
            prefix = Location.parse(source["S3Uri"])
            keys = s3.keys(client, prefix)
            for index, instance in enumerate(self._instances):
                selected = s3.shard(keys, source["S3DataDistributionType"], index, count)
                target = instance.root / "input" / "data" / channel["ChannelName"]
                s3.download(client, prefix, selected, target)
        for instance in self._instances:
            self._configure(instance)

    def _configure(self, instance: Instance) -> None:
        for name in ("model", "output/data", "checkpoints"):
            (instance.root / name).mkdir(parents=True, exist_ok=True)
        instance.write_json("input/config/hyperparameters.json", self._request.get("HyperParameters", {}))
        instance_type = self._request["ResourceConfig"]["InstanceType"]
        resources = container.resource_config(instance, self._instances, instance_type)
        instance.write_json("input/config/resourceconfig.json", resources)
        mode = self._request["AlgorithmSpecification"]["TrainingInputMode"]
        channels = {
            channel["ChannelName"]: {
                "TrainingInputMode": channel.get("InputMode", mode),
                "S3DistributionType": channel["DataSource"]["S3DataSource"]["S3DataDistributionType"],
                "RecordWrapperType": "None",
                **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
            }
            for channel in self._request.get("InputDataConfig", [])
        }
        instance.write_json("input/config/inputdataconfig.json", channels)

    def _train(self, started: float, mirrors: list[Mirror]) -> Outcome:
        self._enter("Training")
        deadline, expired = self._deadline(started)
        with ExitStack() as stack:
            programs = stack.enter_context(self._programs)
            for instance in self._instances:
                stream = f"{self.name}/{instance.name}-{int(time.time())}"
                log = stack.enter_context(LogStream(LOG_GROUP, stream, self._directory / f"{instance.name}.log"))
                try:
                    programs.add(instance, self._start(instance, log))
                except NotStarted as failure:
                    log.write(str(failure))
                    raise JobFailed(f"AlgorithmError: {failure}, exit code: {failure.exit_code}") from failure
            return programs.wait(deadline, expired, partial(self._keep_up, mirrors))

    def _start(self, instance: Instance, log: LogStream) -> Process:
        def on_line(line: str) -> None:
            log.write(line)
            self._metrics.observe(line)

        algorithm = self._request["AlgorithmSpecification"]
        isolated = self._request["EnableNetworkIsolation"]
        entrypoint = algorithm.get("ContainerEntrypoint")
        return instance.start(
            self._image,
            on_line,
            algorithm.get("ContainerArguments", [] if entrypoint else ["train"]),
            entrypoint,
            {
                **container.role_environment(self._request["RoleArn"], isolated),
                "TRAINING_JOB_NAME": self.name,
                "TRAINING_JOB_ARN": self.arn,
                **self._request.get("Environment", {}),
            },
        )

    def _keep_up(self, mirrors: list[Mirror]) -> None:
        self._metrics.publish()
        for mirror in mirrors:
            mirror.push()

    def _deadline(self, started: float) -> tuple[float, str]:
        """The deadline of the job in time.monotonic() seconds, and the SecondaryStatus of a job stopped at it."""
        limits = self._request["StoppingCondition"]
        runtime = started + limits["MaxRuntimeInSeconds"]
        wait = self._created + limits.get("MaxWaitTimeInSeconds", float("inf"))
        return (runtime, "MaxRuntimeExceeded") if runtime <= wait else (wait, "MaxWaitTimeExceeded")

    @property
    def _output(self) -> Location:
        return Location.parse(self._request["OutputDataConfig"]["S3OutputPath"]) / self.name / "output"

    def _model_uri(self) -> str:
        """The key or prefix of the model. A job has it from the beginning, and keeps it when it fails."""
        if self._request["OutputDataConfig"].get("CompressionType") == "NONE":
            return f"{self._output / 'model'}/"
        return str(self._output / "model.tar.gz")

    def _upload(self, client: BaseClient, outcome: Outcome) -> None:
        self._pack(client, "output", "data", [instance.root / "output" / "data" for instance in self._instances])
        if not outcome.exit_code:
            self._pack(client, "model", "model", [instance.root / "model" for instance in self._instances])

    def _pack(self, client: BaseClient, archive: str, folder: str, sources: list[Path]) -> None:
        """Upload what the instances left, the first instance's where names collide.

        Nothing is uploaded where the programs left nothing, as on AWS.
        """
        config, output = self._request["OutputDataConfig"], self._output
        files = {file.relative_to(source).as_posix(): file for source in reversed(sources) for file in s3.files(source)}
        key = config.get("KmsKeyId")
        if config.get("CompressionType") == "NONE":
            for name, file in files.items():
                s3.upload(client, file, output / folder / name, key)
        elif files:
            packed = self._directory / f"{archive}.tar.gz"
            # Level 1: on one machine, time counts and bytes do not.
            with tarfile.open(packed, "w:gz", compresslevel=1) as tar:
                for name, file in files.items():
                    tar.add(file, name)
            s3.upload(client, packed, output / f"{archive}.tar.gz", key)

    def _reason(self, outcome: Outcome) -> str:
        failure = outcome.instance.read_text("output/failure") if outcome.instance else ""
        # The exit code stays within the length that AWS allows for a reason.
        ending = f", exit code: {outcome.exit_code}"
        return f"AlgorithmError: {failure}"[: 1024 - len(ending)] + ending
