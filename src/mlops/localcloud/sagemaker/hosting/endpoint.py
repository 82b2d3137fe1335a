"""One endpoint: its status, the fleet that answers its requests, and how DescribeEndpoint shows them."""

import random
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mlops.localcloud.errors import AWSError
from mlops.localcloud.sagemaker.hosting import events
from mlops.localcloud.sagemaker.hosting.capture import Capture
from mlops.localcloud.sagemaker.hosting.fleet import Fleet, Variant

IN_SERVICE = "InService"
_IN_PROGRESS = {"Creating", "Updating", "RollingBack", "Deleting"}


@dataclass
class Endpoint:
    """An endpoint. `fleet` answers its requests and is None until the first is healthy; `pending` is being started.

    `share` of the requests goes to the pending fleet, while traffic is shifted to it.
    """

    name: str
    arn: str
    pending: Fleet | None
    deployment: dict | None = None
    status: str = "Creating"
    failure_reason: str | None = None
    fleet: Fleet | None = None
    capture: Capture | None = None
    share: float = 0.0
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, status: str) -> None:
        """Begin a change; there is one at a time. Raises AWSError while another is in progress."""
        with self._lock:
            if self.status in _IN_PROGRESS:
                raise AWSError("ValidationException", f'Cannot update in-progress endpoint "{self.arn}".')
            if self.status == "Failed" and status != "Deleting":
                raise AWSError(
                    "ValidationException",
                    f'Cannot update failed endpoint "{self.arn}". DeleteEndpoint is the only operation that can be '
                    "performed on a failed endpoint.",
                )
            self.become(status)

    def become(self, status: str, reason: str | None = None) -> None:
        """Change the status, and publish it as an event."""
        self.status, self.failure_reason, self.modified = status, reason, datetime.now(UTC)
        events.endpoint_changed(self.description())

    def receiving(self) -> Fleet:
        """The fleet that gets the next request."""
        if self.share and self.pending is not None and random.random() < self.share:
            return self.pending
        assert self.fleet is not None
        return self.fleet

    def instances(self, variant: str) -> int | None:
        """How many instances a variant has; None for a serverless one."""
        found = self.fleet.variants.get(variant) if self.fleet else None
        if found is not None and found.on_demand is not None:
            return None
        return len(found.containers) if found else 0

    def variant_names(self) -> list[str]:
        """The variants that it has, or will have when it is in service."""
        shown = self.fleet or self.pending
        return list(shown.variants) if shown else []

    def switch_to(self, fleet: Fleet) -> None:
        """Give all requests to another fleet, from now on."""
        self.fleet = fleet
        self.share = 0.0

    def summary(self) -> dict:
        """The endpoint as ListEndpoints shows it."""
        return {
            "EndpointName": self.name,
            "EndpointArn": self.arn,
            "EndpointStatus": self.status,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
        }

    def description(self) -> dict:
        """The endpoint as DescribeEndpoint shows it."""
        shown = self.fleet or self.pending
        described = {
            **self.summary(),
            "FailureReason": self.failure_reason,
            "LastDeploymentConfig": self.deployment,
        }
        if shown is not None:
            described["EndpointConfigName"] = shown.configuration["EndpointConfigName"]
            described["DataCaptureConfig"] = _capture_summary(shown.configuration.get("DataCaptureConfig"))
        if self.fleet is not None:
            described["ProductionVariants"] = [_variant(each) for each in self.fleet.variants.values()]
        if self.pending is not None and self.status in _IN_PROGRESS:
            described["PendingDeploymentSummary"] = {
                "EndpointConfigName": self.pending.configuration["EndpointConfigName"],
                "ProductionVariants": [
                    _pending_variant(each) for each in self.pending.configuration["ProductionVariants"]
                ],
                "StartTime": self.modified,
            }
        return described


def _variant(variant: Variant) -> dict:
    image = variant.model["Container"]["Image"]
    return {
        "VariantName": variant.name,
        "DeployedImages": [
            {
                "SpecifiedImage": image,
                "ResolvedImage": f"{re.split('[:@]', image)[0]}@{variant.image.digest}",
                "ResolutionTime": variant.created,
            }
        ],
        "CurrentWeight": variant.weight,
        "DesiredWeight": variant.weight,
        **_capacity(variant.configuration, len(variant.containers), len(variant.containers)),
    }


def _pending_variant(configuration: dict) -> dict:
    return {
        "VariantName": configuration["VariantName"],
        "InstanceType": configuration.get("InstanceType"),
        "DesiredWeight": configuration["InitialVariantWeight"],
        "CurrentWeight": 0.0,
        **_capacity(configuration, 0, configuration.get("InitialInstanceCount", 0)),
    }


def _capacity(configuration: dict, current: int, desired: int) -> dict:
    """How much a variant has, and is to have: instances, or what is serverless."""
    if serverless := configuration.get("ServerlessConfig"):
        return {"CurrentServerlessConfig": serverless, "DesiredServerlessConfig": serverless}
    return {"CurrentInstanceCount": current, "DesiredInstanceCount": desired}


def _capture_summary(settings: dict | None) -> dict | None:
    if settings is None:
        return None
    return {
        "EnableCapture": settings["EnableCapture"],
        "CaptureStatus": "Started" if settings["EnableCapture"] else "Stopped",
        "CurrentSamplingPercentage": settings["InitialSamplingPercentage"],
        "DestinationS3Uri": settings["DestinationS3Uri"],
        "KmsKeyId": settings.get("KmsKeyId", ""),
    }
