"""Serverless endpoints: without requests they cost their provisioned concurrency alone."""

from __future__ import annotations

import json
from pathlib import Path

from estimates import Costed, about, standing, steps
from repository import to_serverless


def serverless(costed, region: str, **settings: int) -> Costed:
    """A repository whose endpoints of test and production are serverless, without autoscaling."""
    repository = costed(region)
    for file in ("test.yml", "production.yml"):
        repository.change(file, lambda endpoint: to_serverless(endpoint, **settings))
    return repository


def test_a_serverless_endpoint_costs_nothing_without_requests(costed) -> None:
    estimate = serverless(costed, "us-east-1").estimate()
    [endpoint] = [charge for charge in estimate.standing if charge.name == "endpoint of production"]
    # 2 GB × 0.00002
    assert (endpoint.what, endpoint.usd) == ("serverless, 0.00004 a second used", 0.0)
    assert standing(estimate)["alarms"] == about(0.026301), "the same alarms without those of autoscaling"
    assert steps(estimate)["test endpoint"] == steps(estimate)["shift"] == 0.0
    assert estimate.missing == []
    assert not [choice for choice in estimate.choices if choice.file == "production.yml"]


def test_provisioned_concurrency_is_paid_without_requests_too(costed) -> None:
    estimate = serverless(costed, "us-east-1", ProvisionedConcurrency=3).estimate()
    # 2 GB × 3 × 0.000005 × 86,400; while the traffic shifts, twice for two hours at most
    assert standing(estimate)["endpoint of production"] == about(2.592)
    assert steps(estimate)["shift"] == about(0.216)
    assert estimate.missing == []


def test_the_prices_of_serverless_are_named_until_a_table_has_them(costed, tmp_path: Path) -> None:
    repository = serverless(costed, "eu-west-1", ProvisionedConcurrency=3)
    estimate = repository.estimate()
    named = {"serverless GB-second", "serverless provisioned GB-second"}
    assert named <= set(map(str, estimate.missing))
    assert standing(estimate)["endpoint of production"] is None and estimate.day is None
    table = tmp_path / "prices.json"
    figure = {"usd": 0.00001, "date": "2026-11-21", "source": "the team"}
    figures = {"GB-second": figure, "provisioned GB-second": figure}
    table.write_text(json.dumps({"regions": {"eu-west-1": {"serverless": figures}}}))
    estimate = repository.estimate(table)
    # 2 GB × 3 × 0.00001 × 86,400
    assert standing(estimate)["endpoint of production"] == about(5.184)
    assert not named & set(map(str, estimate.missing))


def test_the_price_of_a_used_second_is_unknown_where_no_table_has_it(costed) -> None:
    estimate = serverless(costed, "eu-west-1").estimate()
    [endpoint] = [charge for charge in estimate.standing if charge.name == "endpoint of production"]
    assert endpoint.what == "serverless, ? a second used"
