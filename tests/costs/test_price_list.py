"""AWS's price list, answered as by AWS over HTTP: `mlops cost --refresh` keeps its figures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import json_service
import pytest
from estimates import Costed

from mlops import release
from mlops.costs import pricelist
from mlops.costs.prices import Figure, Key
from mlops.errors import InputError
from mlops.release import Repository

TODAY = datetime(2026, 11, 21, tzinfo=UTC).date()


def product(usage_type: str, usd: str, begin: str = "0") -> str:
    dimension = {"beginRange": begin, "endRange": "Inf", "pricePerUnit": {"USD": usd}, "unit": "Hrs"}
    terms = {"OnDemand": {"SKU.TERM": {"priceDimensions": {"SKU.TERM.DIMENSION": dimension}}}}
    return json.dumps({"product": {"attributes": {"usagetype": usage_type}}, "terms": terms})


LIST = {
    "AmazonSageMaker": [
        [product("APS2-Host:ml.t2.medium", "0.0700000000"), product("APS2-Train:ml.m5.large", "0.1440000000")],
        [
            product("APS2-Processing:ml.t3.large", "0.1270000000"),
            product("APS2-Processing:ml.t3.medium", "0.0640000000"),
            product("APS2-Tsform:ml.m5.large", "0.1440000000"),
            product("APS2-ServerlessInf:Mem-1GB", "0.00002"),
            product("APS2-ProvisionedConcurrency:Usage-1GB", "0.000005"),
            # Not on demand, not by the hour, or something else
            product("APS2-SpotTrain:ml.m5.large", "0.01"),
            product("APS2-Host:ml.t2.medium-Kernel", "9"),
            product("APS2-Host:ml.m5.large", "0"),
            product("APS2-ServerlessInf:Mem-3GB", "0.00006"),
            product("APS2-ProvisionedConcurrency:Usage-2GB", "0.00001"),
            product("APS2-ProvisionedConcurrency:Mem-1GB", "0.0000117"),
        ],
    ],
    "CodeBuild": [[product("APS2-Build-Min:Linux:g1.small", "0.005"), product("APS2-Build-Min:ARM:g1.small", "0.003")]],
    "AmazonCloudWatch": [
        [product("APS2-CW:AlarmMonitorUsage", "0.10"), product("APS2-CW:AlarmMonitorUsage", "0.01", begin="1000")],
        [product("APS2-CW:MetricMonitorUsage", "0.30"), product("APS2-CW:HighResAlarmMonitorUsage", "0.30")],
    ],
}


def products(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """GetProducts, page by page; only Sydney has products."""
    assert operation == "GetProducts"
    [region] = [each["Value"] for each in request["Filters"] if each["Field"] == "regionCode"]
    pages = LIST[request["ServiceCode"]] if region == "ap-southeast-2" else [[]]
    page = int(request.get("NextToken", 0))
    more = {"NextToken": str(page + 1)} if page + 1 < len(pages) else {}
    return {"FormatVersion": "aws_v1", "PriceList": pages[page], **more}


@pytest.fixture
def price_list(no_aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CODEPIPELINE", "http://127.0.0.1:9")
    with json_service.configured(monkeypatch, products, "PRICING"):
        yield


@pytest.mark.usefixtures("price_list")
def test_prices_on_demand_become_figures_and_nothing_else() -> None:
    def figure(usd: float, usage_type: str) -> Figure:
        return Figure(usd, TODAY, f"AWS Price List API, usage type APS2-{usage_type}")

    assert pricelist.figures("ap-southeast-2", TODAY) == {
        Key("hosting", "ml.t2.medium"): figure(0.07, "Host:ml.t2.medium"),
        Key("training", "ml.m5.large"): figure(0.144, "Train:ml.m5.large"),
        Key("processing", "ml.t3.large"): figure(0.127, "Processing:ml.t3.large"),
        Key("processing", "ml.t3.medium"): figure(0.064, "Processing:ml.t3.medium"),
        Key("transform", "ml.m5.large"): figure(0.144, "Tsform:ml.m5.large"),
        Key("serverless", "GB-second"): figure(0.00002, "ServerlessInf:Mem-1GB"),
        Key("serverless", "provisioned GB-second"): figure(0.000005, "ProvisionedConcurrency:Usage-1GB"),
        Key("build", "BUILD_GENERAL1_SMALL"): figure(0.005, "Build-Min:Linux:g1.small"),
        Key("cloudwatch", "alarm"): figure(0.10, "CW:AlarmMonitorUsage"),
        Key("cloudwatch", "metric"): figure(0.30, "CW:MetricMonitorUsage"),
    }


@pytest.mark.usefixtures("price_list")
def test_a_refreshed_region_is_known_from_then_on(tmp_path: Path, generated: Path) -> None:
    repository = Repository(Costed(tmp_path / "repository", "ap-southeast-2", generated).root)
    with pytest.raises(InputError, match=r"no prices of ap-southeast-2.*mlops cost --refresh"):
        release.estimate_cost(repository)
    release.estimate_cost(repository, refresh=True)
    estimate = release.estimate_cost(repository)
    # 0.07 × 24 + 8 × 0.10 × 12 / 365 + 4 × 0.30 × 12 / 365 + 36 / 365 + 12 / 365
    assert estimate.day == pytest.approx(1.877260, abs=1e-6)
    assert list(map(str, estimate.missing)) == ["build BUILD_GENERAL1_LARGE", "build BUILD_GENERAL1_MEDIUM"]


@pytest.mark.usefixtures("price_list")
def test_a_region_that_aws_does_not_list_is_refused(tmp_path: Path, generated: Path) -> None:
    repository = Repository(Costed(tmp_path / "repository", "eu-north-1", generated).root)
    with pytest.raises(InputError, match="has no prices of eu-north-1"):
        release.estimate_cost(repository, refresh=True)
    assert not (repository.root / ".mlops" / "prices.json").exists()
