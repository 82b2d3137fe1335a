"""Data capture: requests and answers of an endpoint as JSON Lines in S3.

Records and keys are those of "Capture data from real-time endpoint" in the SageMaker developer guide.
"""

import base64
import json
import random
import threading
import uuid
from datetime import UTC, datetime

from mlops.localcloud import context
from mlops.localcloud.sagemaker.s3 import Location

# AWS delivers within minutes. Here a person looks at once.
_FLUSH_SECONDS = 1.0


class Capture:
    """The capture of one endpoint under one configuration. `record` is cheap; a thread delivers."""

    def __init__(self, endpoint: str, settings: dict, role_arn: str):
        self._endpoint = endpoint
        self._percentage = settings["InitialSamplingPercentage"]
        self._target = Location.parse(settings["DestinationS3Uri"])
        self._modes = {option["CaptureMode"] for option in settings["CaptureOptions"]}
        types = settings.get("CaptureContentTypeHeader", {})
        self._csv = set(types.get("CsvContentTypes", []))
        self._json = set(types.get("JsonContentTypes", []))
        key = settings.get("KmsKeyId")
        self._encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
        self._role_arn = role_arn
        self._waiting: list[tuple[str, dict]] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = context.spawn(self._deliver)
        context.on_shutdown(self.close)

    def record(
        self, variant: str, sent: tuple[str, bytes], answered: tuple[str, bytes], attributes: str
    ) -> None:
        """Keep one request and its answer, each as content type and body, if the sample says so."""
        if random.random() * 100 >= self._percentage:
            return
        data = {}
        if "Input" in self._modes or "InputAndOutput" in self._modes:
            data["endpointInput"] = self._side("INPUT", *sent)
        if "Output" in self._modes or "InputAndOutput" in self._modes:
            data["endpointOutput"] = self._side("OUTPUT", *answered)
        event = {"eventId": str(uuid.uuid4()), "inferenceTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
        if attributes:
            event["customAttributes"] = [attributes]
        with self._lock:
            self._waiting.append(
                (variant, {"captureData": data, "eventMetadata": event, "eventVersion": "0"})
            )

    def close(self) -> None:
        """Deliver what is left and end."""
        self._closed.set()
        self._thread.join()

    def _side(self, mode: str, content_type: str, body: bytes) -> dict:
        kind = content_type.partition(";")[0].strip()
        encoding = "CSV" if kind in self._csv else "JSON" if kind in self._json else "BASE64"
        data = (
            base64.b64encode(body).decode()
            if encoding == "BASE64"
            else body.decode("utf-8", errors="replace")
        )
        return {"observedContentType": kind, "mode": mode, "data": data, "encoding": encoding}

    def _deliver(self) -> None:
        while not self._closed.wait(_FLUSH_SECONDS):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for variant in {variant for variant, _ in waiting}:
            now = datetime.now(UTC)
            key = f"{self._endpoint}/{variant}/{now:%Y/%m/%d/%H}/{now:%M-%S}-{now.microsecond // 1000:03}-{uuid.uuid4()}.jsonl"
            lines = [json.dumps(record) for each, record in waiting if each == variant]
            context.client("s3", self._role_arn).put_object(
                Bucket=self._target.bucket,
                Key=(self._target / key).key,
                Body=("\n".join(lines) + "\n").encode(),
                **self._encryption,
            )
