"""Endpoints: made, updated in place, and deleted, with the fleet of containers behind them."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

from botocore.exceptions import ClientError

from mlops.localcloud import context
from mlops.localcloud.sagemaker import endpoint_configurations, listing, models, service, tags
from mlops.localcloud.sagemaker.capture import Capture
from mlops.localcloud.sagemaker.serving import Fleet, Unhealthy
from mlops.localcloud.sagemaker.support import ANY, refuse_others
from mlops.localcloud.service import AWSError


@dataclass
class Endpoint:
    """One endpoint. `fleet` answers its requests; it is None until the first one is healthy."""

    name: str
    arn: str
    configuration_name: str
    status: str = "Creating"
    failure_reason: str = ""
    fleet: Fleet | None = None
    capture: Capture | None = None
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def become(self, status: str, reason: str = "") -> None:
        """Take another status."""
        self.failure_reason = reason
        self.status = status
        self.modified = datetime.now(UTC)


_endpoints = context.scoped(dict[str, Endpoint])


@service.operation
def create_endpoint(request: dict) -> dict:
    """Start a fleet in the background; the endpoint is InService when every container answers its ping."""
    refuse_others("CreateEndpoint", request, {"EndpointName": ANY, "EndpointConfigName": ANY, "Tags": ANY})
    name = request["EndpointName"]
    arn = context.arn("sagemaker", f"endpoint/{name}")
    if name in _endpoints():
        raise AWSError("ValidationException", f'Cannot create already existing endpoint "{arn}".')
    configuration = endpoint_configurations.get(request["EndpointConfigName"])
    endpoint = _endpoints()[name] = Endpoint(name, arn, configuration["EndpointConfigName"])
    tags.register(arn, request.get("Tags"))
    context.spawn(_create, endpoint, configuration)
    return {"EndpointArn": arn}


@service.operation
def update_endpoint(request: dict) -> dict:
    """Replace the fleet by one of another configuration, all at once and without a gap.

    When the new fleet does not become healthy the old one goes on, and the endpoint returns to InService.
    """
    refuse_others("UpdateEndpoint", request, {"EndpointName": ANY, "EndpointConfigName": ANY})
    endpoint = _settled(request["EndpointName"])
    configuration = endpoint_configurations.get(request["EndpointConfigName"])
    endpoint.become("Updating")
    context.spawn(_update, endpoint, configuration)
    return {"EndpointArn": endpoint.arn}


@service.operation
def update_endpoint_weights_and_capacities(request: dict) -> dict:
    """Change weights at once, and numbers of instances in the background."""
    endpoint = _settled(request["EndpointName"])
    assert endpoint.fleet is not None
    for wanted in request["DesiredWeightsAndCapacities"]:
        if wanted["VariantName"] not in endpoint.fleet.variants:
            raise AWSError("ValidationException", f'Could not find variant "{wanted["VariantName"]}".')
    endpoint.become("Updating")
    context.spawn(_reshape, endpoint, request["DesiredWeightsAndCapacities"])
    return {"EndpointArn": endpoint.arn}


@service.operation
def describe_endpoint(request: dict) -> dict:
    endpoint = get(request["EndpointName"])
    described = {
        **_summary(endpoint),
        "EndpointConfigName": endpoint.configuration_name,
        "FailureReason": endpoint.failure_reason or None,
    }
    if endpoint.fleet is not None:
        described["ProductionVariants"] = _variants(endpoint.fleet)
        data_capture = endpoint.fleet.configuration.get("DataCaptureConfig")
        if data_capture:
            described["DataCaptureConfig"] = {
                "EnableCapture": data_capture.get("EnableCapture", False),
                "CaptureStatus": "Started" if data_capture.get("EnableCapture") else "Stopped",
                "CurrentSamplingPercentage": data_capture["InitialSamplingPercentage"],
                "DestinationS3Uri": data_capture["DestinationS3Uri"],
                "KmsKeyId": data_capture.get("KmsKeyId", ""),
            }
    return described


@service.operation
def list_endpoints(request: dict) -> dict:
    summaries = [_summary(endpoint) for endpoint in _endpoints().values()]
    return listing.page(
        request, listing.select(request, summaries, "EndpointName", "EndpointStatus"), "Endpoints"
    )


@service.operation
def delete_endpoint(request: dict) -> None:
    """Delete an endpoint; requests in flight finish first."""
    endpoint = get(request["EndpointName"])
    if endpoint.status in ("Creating", "Updating", "Deleting"):
        raise AWSError("ValidationException", f'Cannot update in-progress endpoint "{endpoint.arn}".')
    endpoint.become("Deleting")
    tags.forget(endpoint.arn)
    context.spawn(_delete, endpoint)


def get(name: str) -> Endpoint:
    """The endpoint of this name. Raises AWSError when there is none."""
    if name not in _endpoints():
        arn = context.arn("sagemaker", f"endpoint/{name}")
        raise AWSError("ValidationException", f'Could not find endpoint "{arn}".')
    return _endpoints()[name]


def serving(name: str) -> Endpoint | None:
    """The endpoint of this name if it answers requests."""
    endpoint = _endpoints().get(name)
    return endpoint if endpoint and endpoint.fleet and endpoint.status != "Deleting" else None


def _create(endpoint: Endpoint, configuration: dict) -> None:
    fleet = Fleet(endpoint.name, configuration)
    try:
        fleet.start()
    except (Unhealthy, ClientError, AWSError) as error:
        fleet.stop()
        return endpoint.become("Failed", str(error))
    _take_over(endpoint, fleet)


def _update(endpoint: Endpoint, configuration: dict) -> None:
    fleet = Fleet(endpoint.name, configuration)
    try:
        fleet.start()
    except (Unhealthy, ClientError, AWSError) as error:
        endpoint.become("RollingBack", str(error))
        fleet.stop()
        return endpoint.become("InService", str(error))
    old = endpoint.fleet
    _take_over(endpoint, fleet)
    if old is not None:
        old.stop()


def _take_over(endpoint: Endpoint, fleet: Fleet) -> None:
    old = endpoint.capture
    endpoint.capture = _capture(endpoint.name, fleet.configuration)
    endpoint.fleet = fleet
    endpoint.configuration_name = fleet.configuration["EndpointConfigName"]
    endpoint.become("InService")
    if old is not None:
        old.close()


def _capture(name: str, configuration: dict) -> Capture | None:
    settings = configuration.get("DataCaptureConfig")
    if not settings or not settings.get("EnableCapture"):
        return None
    model = models.get(configuration["ProductionVariants"][0]["ModelName"])
    return Capture(name, settings, model["ExecutionRoleArn"])


def _reshape(endpoint: Endpoint, wanted: list[dict]) -> None:
    fleet = endpoint.fleet
    assert fleet is not None
    try:
        for change in wanted:
            name = change["VariantName"]
            fleet.weights[name] = change.get("DesiredWeight", fleet.weights[name])
            if "DesiredInstanceCount" in change:
                fleet.resize(name, change["DesiredInstanceCount"])
    except Unhealthy as error:
        return endpoint.become("InService", str(error))
    endpoint.become("InService")


def _delete(endpoint: Endpoint) -> None:
    if endpoint.fleet is not None:
        endpoint.fleet.stop()
    if endpoint.capture is not None:
        endpoint.capture.close()
    del _endpoints()[endpoint.name]


def _settled(name: str) -> Endpoint:
    endpoint = get(name)
    if endpoint.status != "InService":
        raise AWSError("ValidationException", f'Cannot update in-progress endpoint "{endpoint.arn}".')
    return endpoint


def _summary(endpoint: Endpoint) -> dict:
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "EndpointStatus": endpoint.status,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
    }


def _variants(fleet: Fleet) -> list[dict]:
    counts = fleet.counts()
    return [
        {
            "VariantName": name,
            "DeployedImages": [{"SpecifiedImage": models.get(variant["ModelName"])["Resolved"]["Image"]}],
            "CurrentWeight": fleet.weights[name],
            "DesiredWeight": fleet.weights[name],
            "CurrentInstanceCount": counts.get(name, 0),
            "DesiredInstanceCount": counts.get(name, 0),
        }
        for name, variant in fleet.variants.items()
        if variant["ModelName"] in models.names()
    ]
