"""Figures of the price table from AWS's price list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date

from mlops.aws.pricelist import ListPrice, on_demand
from mlops.costs.prices import Figure, Key

_USES = {"Host": "hosting", "Train": "training", "Processing": "processing", "Tsform": "transform"}
# By service: a usage type without its region's prefix, and which figure it is.
_USAGE_TYPES: dict[str, tuple[re.Pattern[str], Callable[[re.Match[str]], Key]]] = {
    "AmazonSageMaker": (
        re.compile(
            r"(?:[A-Z0-9]+-)?"
            r"(?:(?P<use>Host|Train|Processing|Tsform):(?P<type>ml\.[a-z0-9-]+\.[a-z0-9]+)"
            r"|(?:ServerlessInf:Mem|(?P<provisioned>.*ProvisionedConcurrency:Usage))-1GB)"
        ),
        lambda found: Key(_USES[found["use"]], found["type"]) if found["use"] else _serverless(found),
    ),
    "CodeBuild": (
        re.compile(r"(?:[A-Z0-9]+-)?Build-Min:Linux:g1\.(?P<size>small|medium|large)"),
        lambda found: Key("build", f"BUILD_GENERAL1_{found['size'].upper()}"),
    ),
    "AmazonCloudWatch": (
        re.compile(r"(?:[A-Z0-9]+-)?CW:(?P<what>Alarm|Metric)MonitorUsage"),
        lambda found: Key("cloudwatch", found["what"].lower()),
    ),
}


def _serverless(found: re.Match[str]) -> Key:
    return Key("serverless", "provisioned GB-second" if found["provisioned"] else "GB-second")


def figures(region: str, today: date) -> dict[Key, Figure]:
    """The figures that AWS's price list has for a region, read now."""
    return {
        key: figure
        for service, (pattern, key_of) in _USAGE_TYPES.items()
        for key, figure in _matching(on_demand(service, region), pattern, key_of, today)
    }


def _matching(
    prices: Iterable[ListPrice], pattern: re.Pattern[str], key_of: Callable[[re.Match[str]], Key], today: date
) -> Iterable[tuple[Key, Figure]]:
    for price in prices:
        found = pattern.fullmatch(price.usage_type)
        # The list also has a free product of some usage types.
        if found and price.usd:
            yield key_of(found), Figure(price.usd, today, f"AWS Price List API, usage type {price.usage_type}")
