"""Data capture: requests and responses of an endpoint as JSON Lines in S3.

Records and keys are those of "Capture data from real-time endpoint" in the SageMaker developer guide.
"""

from __future__ import annotations

import base64
import json
import logging
import random
import threading
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from mlops.localcloud import context
from mlops.localcloud.sagemaker.common import roles
from mlops.localcloud.sagemaker.common.s3 import Location

if TYPE_CHECKING:
    from mlops.localcloud.sagemaker.hosting.fleet import Fleet

logger = logging.getLogger(__name__)

# "The delivery of capture data to Amazon S3 can require a couple of minutes": here it takes seconds.
_DELIVERY_SECONDS = 120
_LEAST_DELIVERY_SECONDS = 1.0


@dataclass(frozen=True)
class Exchange:
    """One answered request. Bodies are as they went over the wire; `custom_attributes` and `inference_id` as sent."""

    variant: str
    request_type: str
    request: bytes
    answer_type: str
    answer: bytes
    custom_attributes: str | None = None
    inference_id: str | None = None
    time: datetime = field(default_factory=lambda: datetime.now(UTC))


class Capture:
    """The data capture of one fleet. `record` buffers; a thread writes and uploads."""

    def __init__(self, endpoint: str, settings: dict, role_arn: str):
        self._endpoint = endpoint
        self._percentage = settings["InitialSamplingPercentage"]
        self._target = Location.parse(settings["DestinationS3Uri"])
        modes = {option["CaptureMode"] for option in settings["CaptureOptions"]}
        self._input = bool(modes & {"Input", "InputAndOutput"})
        self._output = bool(modes & {"Output", "InputAndOutput"})
        types = settings.get("CaptureContentTypeHeader", {})
        self._encodings = dict.fromkeys(types.get("CsvContentTypes", []), "CSV")
        self._encodings |= dict.fromkeys(types.get("JsonContentTypes", []), "JSON")
        key = settings.get("KmsKeyId")
        self._encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
        self._role_arn = role_arn
        self._waiting: list[Exchange] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = context.spawn(self._keep_delivering)
        _open.add(self)

    @classmethod
    def of(cls, fleet: Fleet) -> Capture | None:
        """The capture of a fleet; None where its configuration has none."""
        settings = fleet.configuration.get("DataCaptureConfig")
        if settings is None or not settings["EnableCapture"]:
            return None
        first = next(iter(fleet.variants.values()))
        return cls(fleet.endpoint, settings, first.model["ExecutionRoleArn"])

    def record(self, exchange: Exchange) -> None:
        """Keep an exchange, if it belongs to the sample."""
        if random.random() * 100 < self._percentage:
            with self._lock:
                self._waiting.append(exchange)

    def close(self) -> None:
        """Upload the remaining records and end."""
        self._closed.set()
        self._thread.join()
        _open.discard(self)

    def _keep_delivering(self) -> None:
        interval = max(_LEAST_DELIVERY_SECONDS, _DELIVERY_SECONDS * context.settings.time_scale)
        while not self._closed.wait(interval):
            self._deliver()
        self._deliver()

    def _deliver(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        files: dict[str, list[Exchange]] = defaultdict(list)
        for exchange in waiting:
            files[f"{exchange.variant}/{exchange.time:%Y/%m/%d/%H}"].append(exchange)
        for folder, exchanges in files.items():
            first = exchanges[0].time
            name = f"{first:%M-%S}-{first.microsecond // 1000:03}-{uuid.uuid4()}.jsonl"
            body = "".join(json.dumps(self._line(exchange)) + "\n" for exchange in exchanges)
            try:
                context.client("s3", self._role_arn, roles.PRINCIPAL).put_object(
                    Bucket=self._target.bucket,
                    Key=(self._target / f"{self._endpoint}/{folder}/{name}").key,
                    Body=body.encode(),
                    **self._encryption,
                )
            except (ClientError, context.RoleNotAssumable) as error:
                logger.error("Captured data of endpoint %s is lost: %s", self._endpoint, error)

    def _line(self, exchange: Exchange) -> dict:
        data = {}
        if self._input:
            data["endpointInput"] = self._side("INPUT", exchange.request_type, exchange.request)
        if self._output:
            data["endpointOutput"] = self._side("OUTPUT", exchange.answer_type, exchange.answer)
        event: dict = {"eventId": str(uuid.uuid4())}
        if exchange.custom_attributes:
            event["customAttributes"] = [exchange.custom_attributes]
        if exchange.inference_id:
            event["inferenceId"] = exchange.inference_id
        event["inferenceTime"] = f"{exchange.time:%Y-%m-%dT%H:%M:%SZ}"
        return {"captureData": data, "eventMetadata": event, "eventVersion": "0"}

    def _side(self, mode: str, content_type: str, body: bytes) -> dict:
        encoding = self._encodings.get(content_type.partition(";")[0].strip(), "BASE64")
        data = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode("utf-8", errors="replace")
        return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}


_open: set[Capture] = set()


def _close_all() -> None:
    for capture in list(_open):
        capture.close()


context.on_shutdown(_close_all)
