"""Endpoints: created, updated in place, deleted."""

import threading
from collections.abc import Iterable
from typing import Any

from mlops.localcloud import context
from mlops.localcloud.errors import AWSError
from mlops.localcloud.sagemaker.common import listing, tags
from mlops.localcloud.sagemaker.common.service import service
from mlops.localcloud.sagemaker.hosting import deployments, endpoint_configurations, serverless, traffic_shifting
from mlops.localcloud.sagemaker.hosting.endpoint import Endpoint
from mlops.localcloud.sagemaker.hosting.fleet import Fleet
from mlops.localcloud.support import ANY, refuse_others

_SUPPORTED: dict[str, dict[str, Any]] = {
    "CreateEndpoint": {
        "EndpointName": ANY,
        "EndpointConfigName": ANY,
        "DeploymentConfig": traffic_shifting.SUPPORTED,
        "Tags": ANY,
    },
    "UpdateEndpoint": {
        "EndpointName": ANY,
        "EndpointConfigName": ANY,
        "DeploymentConfig": traffic_shifting.SUPPORTED,
        "RetainAllVariantProperties": ANY,
        "ExcludeRetainedVariantProperties": {"VariantPropertyType": ANY},
        "RetainDeploymentConfig": ANY,
    },
    "UpdateEndpointWeightsAndCapacities": {
        "EndpointName": ANY,
        "DesiredWeightsAndCapacities": {
            "VariantName": ANY,
            "DesiredWeight": ANY,
            "DesiredInstanceCount": ANY,
        },
    },
}

_endpoints = context.scoped(dict[str, Endpoint])
_lock = threading.Lock()


@service.operation
def create_endpoint(request: dict) -> dict:
    """Make an endpoint in the background. It is InService when every container answers its ping."""
    refuse_others("CreateEndpoint", request, _SUPPORTED["CreateEndpoint"])
    traffic_shifting.require_possible(request.get("DeploymentConfig"))
    name = request["EndpointName"]
    arn = _arn(name)
    configuration = endpoint_configurations.get(request["EndpointConfigName"])
    serverless.require_no_shift(configuration, request.get("DeploymentConfig"))
    fleet = Fleet(name, configuration)
    with _lock:
        if name in _endpoints():
            raise AWSError("ValidationException", f'Cannot create already existing endpoint "{arn}".')
        endpoint = _endpoints()[name] = Endpoint(name, arn, fleet, request.get("DeploymentConfig"))
    tags.register(arn, request.get("Tags"))
    context.spawn(deployments.create, endpoint)
    return {"EndpointArn": arn}


@service.operation
def update_endpoint(request: dict) -> dict:
    """Replace the fleet by one of another configuration, in the background and without a gap."""
    refuse_others("UpdateEndpoint", request, _SUPPORTED["UpdateEndpoint"])
    traffic_shifting.require_possible(request.get("DeploymentConfig"))
    endpoint = get(request["EndpointName"])
    configuration = endpoint_configurations.get(request["EndpointConfigName"])
    serverless.require_no_shift(configuration, request.get("DeploymentConfig"))
    if endpoint.fleet is not None:
        serverless.require_same_kind(endpoint.fleet.configuration, configuration)
    fleet = Fleet(endpoint.name, configuration, is_update=True)
    if request.get("RetainAllVariantProperties") and endpoint.fleet is not None:
        excluded = [each["VariantPropertyType"] for each in request.get("ExcludeRetainedVariantProperties", [])]
        fleet.keep(endpoint.fleet, excluded)
    endpoint.begin("Updating")
    endpoint.pending = fleet
    if not request.get("RetainDeploymentConfig"):
        endpoint.deployment = request.get("DeploymentConfig")
    context.spawn(deployments.update, endpoint)
    return {"EndpointArn": endpoint.arn}


@service.operation
def update_endpoint_weights_and_capacities(request: dict) -> dict:
    """Change how variants share the traffic, and their numbers of instances, in the background."""
    operation = "UpdateEndpointWeightsAndCapacities"
    refuse_others(operation, request, _SUPPORTED[operation])
    endpoint = get(request["EndpointName"])
    desired = {each["VariantName"]: each for each in request["DesiredWeightsAndCapacities"]}
    weights = {name: each["DesiredWeight"] for name, each in desired.items() if "DesiredWeight" in each}
    counts = {name: each["DesiredInstanceCount"] for name, each in desired.items() if "DesiredInstanceCount" in each}
    if endpoint.fleet is not None:
        _require_possible(endpoint.fleet, desired, weights, counts)
    endpoint.begin("Updating")
    context.spawn(deployments.reshape, endpoint, weights, counts)
    return {"EndpointArn": endpoint.arn}


@service.operation
def describe_endpoint(request: dict) -> dict:
    return get(request["EndpointName"]).description()


@service.operation
def list_endpoints(request: dict) -> dict:
    summaries = [endpoint.summary() for endpoint in list(_endpoints().values())]
    matches = listing.select(request, summaries, "EndpointName", "EndpointStatus")
    return listing.page(request, matches, "Endpoints")


@service.operation
def delete_endpoint(request: dict) -> None:
    """Delete an endpoint in the background. It answers no request from now on; those in flight finish."""
    endpoint = get(request["EndpointName"])
    endpoint.begin("Deleting")
    tags.forget(endpoint.arn)
    context.spawn(deployments.delete, endpoint, lambda: _endpoints().pop(endpoint.name))


def get(name: str) -> Endpoint:
    """The endpoint of this name. Raises AWSError when it does not exist."""
    if name not in _endpoints():
        raise AWSError("ValidationException", f'Could not find endpoint "{_arn(name)}".')
    return _endpoints()[name]


def serving(name: str) -> Endpoint | None:
    """The endpoint of this name if it answers requests."""
    endpoint = _endpoints().get(name)
    return endpoint if endpoint and endpoint.fleet and endpoint.status != "Deleting" else None


def _require_possible(fleet: Fleet, desired: Iterable[str], weights: dict, counts: dict) -> None:
    unknown = [name for name in desired if name not in fleet.variants]
    if unknown:
        raise AWSError(
            "ValidationException",
            f"Endpoint {fleet.endpoint} has no variant {', '.join(unknown)}; it has {', '.join(fleet.variants)}",
        )
    if counts and fleet.on_demand is not None:
        raise AWSError("ValidationException", f"Endpoint {fleet.endpoint} is serverless: it has no instances")
    if 0 in counts.values():
        raise AWSError("ValidationException", "DesiredInstanceCount must be at least 1")
    endpoint_configurations.require_traffic(
        [weights.get(name, variant.weight) for name, variant in fleet.variants.items()]
    )


def _arn(name: str) -> str:
    return context.arn("sagemaker", f"endpoint/{name}")
