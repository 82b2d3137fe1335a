"""One transform job: its containers, its objects, its output."""

from __future__ import annotations

import logging
import secrets
import shutil
import time
import zlib
from collections.abc import Sequence
from concurrent.futures import TimeoutError as NotHealthyInTime
from datetime import UTC, datetime

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from mlops.localcloud import context
from mlops.localcloud.images import Image
from mlops.localcloud.logs import LogStream
from mlops.localcloud.sagemaker.common import roles, s3
from mlops.localcloud.sagemaker.common.container import Instance
from mlops.localcloud.sagemaker.common.s3 import Location
from mlops.localcloud.sagemaker.hosting import model_data
from mlops.localcloud.sagemaker.hosting.model_container import ServingContainer, StartFailed
from mlops.localcloud.sagemaker.jobs.job import COMPLETED, STOPPED, Job, JobFailed
from mlops.localcloud.sagemaker.transform.batches import Parameters, TooLarge
from mlops.localcloud.sagemaker.transform.dataprocessing import NotJoined
from mlops.localcloud.sagemaker.transform.objects import Assembly, Halted
from mlops.localcloud.sagemaker.transform.sending import Sender, Unanswered

logger = logging.getLogger(__name__)

LOG_GROUP = "/aws/sagemaker/TransformJobs"
# AWS waits for half an hour. The outcome of a start on this machine is clear before.
_STARTUP_SECONDS = 120.0
_LOOK_SECONDS = 0.1
_GRACE_SECONDS = 30
_SEE_LOGS = "See job logs for more information"


class TransformJob(Job):
    """A transform job. Its files lie below transform-jobs/{name}, one directory and two logs per instance."""

    kind = "TransformJob"
    resource = "transform-job"
    spoken = "transform job"
    event = "SageMaker Transform Job State Change"

    def __init__(self, request: dict, model: dict, image: Image, tags: list[dict] | None):
        """Raises AWSError where the request cannot be carried out."""
        self._request, self._model, self._image = request, _for_batch(model, request), image
        self._assembly = Assembly(request)
        self._source = Location.parse(request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])
        self._target = Location.parse(request["TransformOutput"]["S3OutputPath"])
        self._directory = context.directory("transform-jobs") / request["TransformJobName"]
        self._containers: list[ServingContainer] = []
        self._failures: list[str] = []
        super().__init__(request["TransformJobName"], request, tags)

    def stop(self) -> None:
        super().stop()
        for container in self._containers:
            context.spawn(container.stop, _GRACE_SECONDS)

    def run(self) -> None:
        if self._directory.exists():
            # Left by a cloud that ran in this directory before; that cloud's job is unknown to this one.
            shutil.rmtree(self._directory)
        self.update(TransformStartTime=datetime.now(UTC))
        client = context.client("s3", self._model["ExecutionRoleArn"], roles.PRINCIPAL)
        keys = self._keys(client)
        count = self._request["TransformResources"]["InstanceCount"]
        working = [context.spawn(self._instance, client, keys[number::count]) for number in range(count)]
        for thread in working:
            thread.join()
        if self.stop_requested.is_set():
            return self.finish(STOPPED)
        if self._failures:
            raise JobFailed(self._failures[0])
        self.finish(COMPLETED)

    def finish(self, status: str, reason: str | None = None) -> None:
        self.update(TransformEndTime=datetime.now(UTC))
        super().finish(status, reason)

    def _keys(self, client: BaseClient) -> Sequence[str]:
        try:
            found = s3.keys(client, self._source)
        except ClientError as error:
            raise JobFailed(
                f"ClientError: Failed to download data. ListObjectsV2 failed for {self._source}: {s3.error_text(error)}"
            ) from error
        if not found:
            raise JobFailed(f"ClientError: Failed to download data. No S3 objects found under {self._source}")
        return found

    def _instance(self, client: BaseClient, keys: Sequence[str]) -> None:
        """The work of one instance. Its failures are kept; other instances go on."""
        try:
            self._serve(client, keys)
        except JobFailed as failure:
            self._failures.append(str(failure))
        except Exception as error:
            logger.exception("%s %s could not be carried out", self.spoken, self.name)
            self._failures.append(f"InternalServerError: {type(error).__name__}: {error}")

    def _serve(self, client: BaseClient, keys: Sequence[str]) -> None:
        identifier = f"i-{secrets.token_hex(9)[:17]}"
        stream = f"{self.name}/{identifier}-{int(time.time())}"
        instance = Instance(identifier, "127.0.0.1", self._directory / identifier)
        try:
            model_data.unpack(self._model, instance.root)
        except model_data.ModelDataUnusable as error:
            raise JobFailed(f"ClientError: {error}") from error
        log = LogStream(LOG_GROUP, stream, self._directory / f"{identifier}.log")
        container = ServingContainer(self._model, self._image, instance, log)
        container.start()
        self._containers.append(container)
        try:
            with LogStream(LOG_GROUP, f"{stream}/data-log", self._directory / f"{identifier}-data.log") as data_log:
                self._await_health(container)
                sender = Sender(container, self._request)
                parameters = sender.parameters()
                data_log.write(f"[sagemaker logs]: {parameters.spoken}")
                for key in keys:
                    self._transform(client, key, sender, parameters, data_log)
        except Halted:
            return
        finally:
            container.stop(_GRACE_SECONDS)

    def _await_health(self, container: ServingContainer) -> None:
        deadline = time.monotonic() + _STARTUP_SECONDS
        while not self.stop_requested.is_set():
            try:
                return container.healthy.result(_LOOK_SECONDS)
            except NotHealthyInTime:
                if time.monotonic() > deadline:
                    raise JobFailed(f"AlgorithmError: {_SEE_LOGS}") from None
            except StartFailed as error:
                raise JobFailed(f"AlgorithmError: {_SEE_LOGS}") from error
        raise Halted

    def _transform(
        self, client: BaseClient, key: str, sender: Sender, parameters: Parameters, data_log: LogStream
    ) -> None:
        """Transform one object and upload the result. A failure is logged and kept; the next object follows."""
        name = s3.relative_name(self._source.key, key)
        file = self._directory / f"{secrets.token_hex(8)}.out"
        by_client, lines = True, []
        try:
            body = client.get_object(Bucket=self._source.bucket, Key=key)["Body"]
            with file.open("wb") as target:
                self._assembly.transform(body, target, parameters, sender.send, self.stop_requested.is_set)
            output = self._request["TransformOutput"]
            s3.upload(client, file, self._target / f"{name}.out", output.get("KmsKeyId"))
            file.unlink()
            return
        except Unanswered as failure:
            by_client, lines = failure.by_client, failure.lines
        except (NotJoined, TooLarge) as failure:
            lines = [str(failure)]
        except (UnicodeDecodeError, EOFError, zlib.error, OSError) as failure:
            lines = [f"the object cannot be read: {failure}"]
        except ClientError as failure:
            lines = [s3.error_text(failure)]
        if self.stop_requested.is_set():
            raise Halted
        for line in lines:
            data_log.write(f"[sagemaker logs]: {self._source.bucket}/{key}: {line}")
        self._failures.append(f"{'ClientError' if by_client else 'AlgorithmError'}: {_SEE_LOGS}")


def _for_batch(model: dict, request: dict) -> dict:
    """The model with the environment of its container in a transform job.

    Source: Amazon SageMaker Developer Guide, "Use Your Own Inference Code with Batch Transform": what the request does
    not set is not in the environment either.
    """
    strategy = {"MultiRecord": "MULTI_RECORD", "SingleRecord": "SINGLE_RECORD"}
    given = {
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": request.get("MaxPayloadInMB"),
        "SAGEMAKER_BATCH_STRATEGY": strategy.get(request.get("BatchStrategy", "")),
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": request.get("MaxConcurrentTransforms"),
    }
    environment = {
        **model["Container"].get("Environment", {}),
        **request.get("Environment", {}),
        **{name: str(value) for name, value in given.items() if value},
        "SAGEMAKER_BATCH": "true",
    }
    return {**model, "Container": {**model["Container"], "Environment": environment}}
