"""What an endpoint costs without requests: its instances, or the provisioned concurrency of a serverless one."""

from __future__ import annotations

from dataclasses import dataclass

from mlops.configuration import Endpoint, Serverless
from mlops.costs.charges import Till, times

_SECONDS = 3600


@dataclass(frozen=True)
class Hosting:
    """What an endpoint runs on, and its USD an hour; None where a price is missing."""

    what: str
    usd: float | None


def of_endpoint(endpoint: Endpoint, count: int, till: Till) -> Hosting:
    """The hosting of an endpoint with `count` instances, or of a serverless one."""
    if endpoint.ServerlessConfig:
        return _serverless(endpoint.ServerlessConfig, till)
    return Hosting(f"{count} × {endpoint.InstanceType}", times(till.price("hosting", endpoint.InstanceType), count))


def _serverless(settings: Serverless, till: Till) -> Hosting:
    """Without provisioned concurrency only requests are charged, by the second."""
    gigabytes = settings.MemorySizeInMB / 1024
    used = times(till.price("serverless", "GB-second"), gigabytes)
    if not settings.ProvisionedConcurrency:
        shown = "?" if used is None else f"{used:.6f}".rstrip("0")
        return Hosting(f"serverless, {shown} a second used", 0.0)
    provisioned = settings.ProvisionedConcurrency
    usd = times(till.price("serverless", "provisioned GB-second"), gigabytes * provisioned * _SECONDS)
    return Hosting(f"serverless, {provisioned} provisioned", usd)
