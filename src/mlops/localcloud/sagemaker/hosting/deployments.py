"""Deployments: replacement of an endpoint's fleet, in the background.

The new fleet starts next to the old one, the traffic is shifted to it by the DeploymentConfig, the old fleet finishes
its requests and ends. When the new fleet fails to start, or an alarm is active meanwhile, the old one gets all traffic
again, and the endpoint is InService with the FailureReason.
https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
"""

import logging
from collections.abc import Callable, Mapping

from mlops.localcloud.sagemaker.hosting.capture import Capture
from mlops.localcloud.sagemaker.hosting.endpoint import IN_SERVICE, Endpoint
from mlops.localcloud.sagemaker.hosting.fleet import DeploymentFailed
from mlops.localcloud.sagemaker.hosting.traffic_shifting import shift

logger = logging.getLogger(__name__)


def create(endpoint: Endpoint) -> None:
    """Start the first fleet. The endpoint is Failed when the fleet does not start."""
    _attempt(endpoint, "Failed", lambda: _deploy(endpoint))


def update(endpoint: Endpoint) -> None:
    """Replace the fleet by the pending one."""
    _attempt(endpoint, IN_SERVICE, lambda: _deploy(endpoint))


def reshape(endpoint: Endpoint, weights: Mapping[str, float], counts: Mapping[str, int]) -> None:
    """Give the variants other numbers of containers, and then other weights."""
    fleet = endpoint.fleet
    assert fleet is not None

    def change() -> None:
        fleet.resize(counts)
        for name, weight in weights.items():
            fleet.variants[name].weight = weight

    _attempt(endpoint, IN_SERVICE, change)


def delete(endpoint: Endpoint, forget: Callable[[], None]) -> None:
    """Delete the endpoint; requests in flight finish first. `forget` is called at the end."""
    if endpoint.fleet is not None:
        endpoint.fleet.retire()
    if endpoint.capture is not None:
        endpoint.capture.close()
    forget()


def _deploy(endpoint: Endpoint) -> None:
    green, blue = endpoint.pending, endpoint.fleet
    assert green is not None
    if blue is None:
        green.start()
        endpoint.capture = Capture.of(green)
    else:
        shift(endpoint, blue, green)
    blue_capture = endpoint.capture if blue is not None else None
    if blue is not None:
        endpoint.capture = Capture.of(green)
    endpoint.switch_to(green)
    if blue is not None:
        blue.retire()
    if blue_capture is not None:
        blue_capture.close()


def _attempt(endpoint: Endpoint, otherwise: str, change: Callable[[], None]) -> None:
    """Make a change. The endpoint ends in service, or in the status `otherwise` with the reason."""
    try:
        change()
    except DeploymentFailed as error:
        _give_up(endpoint, otherwise, str(error))
    except Exception:
        logger.exception("A deployment of endpoint %s failed", endpoint.name)
        _give_up(endpoint, otherwise, "Request to service failed. The reason is in the log of the local cloud.")
    else:
        endpoint.pending = None
        endpoint.become(IN_SERVICE)


def _give_up(endpoint: Endpoint, status: str, reason: str) -> None:
    if status == IN_SERVICE:
        endpoint.become("RollingBack", reason)
    endpoint.share = 0.0
    if endpoint.pending is not None and endpoint.pending is not endpoint.fleet:
        # It may have had a share of the traffic: what it answers just now it answers to the end.
        endpoint.pending.retire()
    if status == IN_SERVICE:
        endpoint.pending = None
    endpoint.become(status, reason)
