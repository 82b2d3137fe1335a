"""AWS's price list: the prices on demand of one service in one region."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mlops.aws import paging
from mlops.aws.session import Session

# Only a few regions have an endpoint of the price list: https://docs.aws.amazon.com/general/latest/gr/billing.html
_ENDPOINT_REGION = "us-east-1"


@dataclass(frozen=True)
class ListPrice:
    """The price of a usage type, such as EU-Host:ml.m5.large, in USD for a unit of its first tier."""

    usage_type: str
    usd: float


def on_demand(service: str, region: str) -> Iterator[ListPrice]:
    """Yield the prices of a service, by AWS's service code such as AmazonSageMaker, in a region."""
    products = paging.items(
        Session(_ENDPOINT_REGION).client("pricing"),
        "get_products",
        "PriceList",
        ServiceCode=service,
        Filters=[{"Type": "TERM_MATCH", "Field": "regionCode", "Value": region}],
    )
    for product in map(json.loads, products):
        usage_type = product["product"]["attributes"].get("usagetype", "")
        for price in _first_tiers(product):
            yield ListPrice(usage_type, price)


def _first_tiers(product: dict[str, Any]) -> Iterator[float]:
    """Yield the USD prices of a product's first tiers. Each tier is a price dimension; they have no order."""
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term["priceDimensions"].values():
            if dimension.get("beginRange", "0") == "0" and "USD" in dimension["pricePerUnit"]:
                yield float(dimension["pricePerUnit"]["USD"])
