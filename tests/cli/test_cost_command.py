"""`mlops cost`: its table, its JSON, and the times of past releases."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import small_pipeline
from baking import REPOSITORY
from commits import git

from mlops.aws.session import Session
from mlops.names import Names

KINDS = {
    "hosting": ["ml.m5.large"],
    "processing": ["ml.m5.large", "ml.t3.medium"],
    "training": ["ml.m5.xlarge"],
    "transform": ["ml.m5.large"],
    "build": ["BUILD_GENERAL1_SMALL", "BUILD_GENERAL1_MEDIUM", "BUILD_GENERAL1_LARGE"],
    "cloudwatch": ["alarm", "metric"],
}


@pytest.fixture
def whole(repository: Path) -> Path:
    """The repository with what an estimate reads beside its configuration."""
    for folder in ("infra", ".github"):
        shutil.copytree(REPOSITORY / folder, repository / folder)
    return repository


@pytest.fixture
def prices(whole: Path) -> str:
    """A table in which everything costs a dollar."""
    dollar = {"usd": 1, "date": "2026-11-21", "source": "this test"}
    figures = {kind: dict.fromkeys(names, dollar) for kind, names in KINDS.items()}
    file = whole / "prices.json"
    file.write_text(json.dumps({"regions": {"eu-central-1": figures}}))
    return str(file)


def report_cost(mlops, repository: Path) -> dict[str, Any]:
    """The cost in the report of the latest execution."""
    assert mlops("report", "--output", "report").exit_code == 0
    document: dict[str, Any] = json.loads((repository / "report" / "report.json").read_text())
    cost: dict[str, Any] = document["cost"]
    return cost


def move(repository: Path, region: str) -> None:
    file = repository / "configuration" / "project.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"region": region}))


def test_the_cost_is_shown_without_aws_and_fits_a_terminal(mlops, whole: Path) -> None:
    move(whole, "us-east-1")
    result = mlops("cost")
    assert result.exit_code == 0, result.output
    shown = result.output.splitlines()
    assert shown[0].startswith("USD in us-east-1, by prices of 2026-") and "no free tier" in shown[0]
    assert re.search(r"^A day in production +5\.724$", result.output, re.MULTILINE)
    assert re.search(r"^    training job +1 × ml\.m5\.xlarge +1:00:00 +0\.230$", result.output, re.MULTILINE)
    assert re.search(r"^  jobs +25 × ml\.t3\.medium, 1:00:00 each +at most 1\.250$", result.output, re.MULTILINE)
    assert re.search(r"^  transform job +1 × ml\.m5\.large +0\.115$", result.output, re.MULTILINE)
    assert re.search(r"^  sagemaker +ml\.m5\.large for transform job usage +1  a batch$", result.output, re.MULTILINE)
    assert "No times of past releases: there are no AWS credentials" in result.output
    assert max(map(len, shown)) <= 100


def test_json_has_sources_and_the_same_sums(mlops, whole: Path) -> None:
    move(whole, "us-east-1")
    document = json.loads(mlops("cost", "--json").stdout)
    assert document["standing"]["day"] == pytest.approx(5.723836, abs=1e-6)
    assert all(price["source"] and price["date"] for price in document["prices"])
    assert document["release"]["usd"] is None
    assert document["missing"] == []


def test_a_missing_figure_is_named_and_not_guessed(mlops, whole: Path) -> None:
    move(whole, "eu-west-1")
    result = mlops("cost")
    assert result.exit_code == 2
    assert re.search(r"baseline job +1 × ml\.m5\.large +1:00:00 +\?$", result.output, re.MULTILINE)
    assert "lacks, for eu-west-1:" in result.output
    assert "processing ml.m5.large" in result.output and "mlops cost --refresh" in result.output


def test_a_region_without_prices_is_refused(mlops, whole: Path) -> None:
    result = mlops("cost")
    assert result.exit_code == 2
    assert "has no prices of eu-central-1" in result.output


def test_the_prices_of_another_region_can_be_asked_for(mlops, whole: Path) -> None:
    result = mlops("cost", "--region", "us-east-1")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("USD in us-east-1, ") and "?" not in result.output


def test_times_of_the_local_cloud_are_not_taken_for_those_of_aws(
    mlops, whole: Path, prices: str, session: Session
) -> None:
    shown = mlops("cost", "--prices", prices).output
    assert "No times of past releases: those of the local cloud are not AWS's (mlops report has them)\n" in shown
    assert json.loads(mlops("cost", "--json", "--prices", prices).stdout)["monitoring"]["minutes"] is None


@pytest.mark.acceptance
def test_past_releases_give_the_times(
    mlops, whole: Path, prices: str, session: Session, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the account were one of AWS.
    monkeypatch.setattr(Session, "is_local", False)
    small_pipeline.create(session, names, whole)
    assert mlops("start").exit_code == 0
    before = json.loads(mlops("cost", "--json", "--prices", prices).stdout)["release"]
    assert before["no_past_releases_because"] == "no release has succeeded yet"
    assert mlops("watch", "--until-approval").exit_code == 0
    assert mlops("approve").exit_code == 0
    assert mlops("watch").exit_code == 0
    found = json.loads(mlops("cost", "--json", "--prices", prices).stdout)["release"]
    assert found["past_releases"] == 1
    steps = {step["name"]: step for step in found["steps"]}
    assert 0 < steps["Test/QA"]["minutes"] < steps["Test/QA"]["most_minutes"]
    # Each begun minute costs a dollar.
    assert steps["Test/QA"]["usd"] == -(-steps["Test/QA"]["minutes"] // 1)
    # The small pipeline has no such action.
    assert steps["Build/Render"]["minutes"] is None
    assert report_cost(mlops, whole)["reason"].startswith("The price table has no prices of eu-central-1")
    kept = whole / ".mlops" / "prices.json"
    kept.parent.mkdir(exist_ok=True)
    shutil.copyfile(prices, kept)
    cost = report_cost(mlops, whole)
    assert (cost["reason"], cost["missing"], cost["dates"][1]) == ("", [], "2026-11-21")
    # Its own times are those of the only release, of which the small pipeline lacks actions.
    assert cost["release"] == found["usd"] is None
    assert cost["release_at_most"] == found["usd_at_most"] > 0
    git(whole, "init", "--quiet")
    git(whole, "add", "configuration")
    git(whole, "commit", "--quiet", "--message", "later")
    assert re.fullmatch(
        r"The release is of commit uncommitted, the configuration here of [0-9a-f]{40}\+.*",
        report_cost(mlops, whole)["reason"],
    )


@pytest.mark.acceptance
def test_the_local_cloud_has_no_price_list(mlops, whole: Path, prices: str, session: Session) -> None:
    result = mlops("cost", "--refresh", "--prices", prices)
    assert result.exit_code == 2
    assert "Pricing GetProducts" in result.output and "the local cloud has no price list" in result.output
