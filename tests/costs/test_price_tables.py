"""The price table: what it must say, and what is refused."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from baking import GENERATED

from mlops.costs import prices
from mlops.costs.prices import Figure, Key
from mlops.errors import InputError

GOOD = {"usd": 0.1, "date": "2026-11-21", "source": "a contract"}


def table(tmp_path: Path, content: object) -> Path:
    file = tmp_path / "own.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "us-east-2"])
def test_every_shipped_figure_has_a_date_and_a_source(region: str) -> None:
    figures = prices.load(region).figures
    assert figures
    assert all(figure.usd > 0 and figure.source and figure.date <= date(2026, 11, 21) for figure in figures.values())


def test_a_region_without_prices_is_refused_by_name() -> None:
    with pytest.raises(
        InputError, match=r"no prices of ap-southeast-2.*us-east-1.*mlops cost --refresh.*--prices FILE"
    ):
        prices.load("ap-southeast-2")


def test_an_own_figure_replaces_the_shipped_one_and_leaves_the_rest(tmp_path: Path) -> None:
    own = table(tmp_path, {"regions": {"us-east-1": {"hosting": {"ml.m5.large": GOOD}}}})
    loaded = prices.load("us-east-1", [own])
    assert loaded.find("hosting", "ml.m5.large") == Figure(0.1, date(2026, 11, 21), "a contract")
    assert loaded.find("hosting", "ml.m5.xlarge") == prices.load("us-east-1").find("hosting", "ml.m5.xlarge")


def test_a_written_table_is_read_again(tmp_path: Path) -> None:
    figures = {Key("hosting", "ml.m5.large"): Figure(0.2, date(2026, 1, 2), "x")}
    own = table(tmp_path, prices.written("eu-north-1", figures))
    assert prices.load("eu-north-1", [own]).find("hosting", "ml.m5.large") == Figure(0.2, date(2026, 1, 2), "x")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("not JSON", "is no price table"),
        ([], "is no price table"),
        ({"regions": {"x": {"hostin": {}}}}, "found hostin; allowed: hosting"),
        ({"regions": {"x": {"hosting": {"t": {**GOOD, "usd": "1"}}}}}, r"regions\.x\.hosting\.t\.usd: found '1'"),
        ({"regions": {"x": {"hosting": {"t": {**GOOD, "usd": -1}}}}}, "at least 0"),
        ({"regions": {"x": {"hosting": {"t": {**GOOD, "date": "May"}}}}}, "date: found 'May'"),
        ({"regions": {"x": {"hosting": {"t": {"usd": 1}}}}}, "KeyError"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        prices.load("us-east-1", [table(tmp_path, content)])


def test_the_shipped_configurations_comments_agree_with_the_table() -> None:
    """Each is about us-east-1: "ml.t2.medium costs $1.34 a day" is 24 hours of its hosting price."""
    comments = " ".join(
        re.sub(r"(?m)^\s*#\s?", "", (GENERATED / "configuration" / file).read_text()).replace("\n", " ")
        for file in ("production.yml", "test.yml", "evaluation.yml")
    )
    loaded = prices.load("us-east-1")

    def a_day(type_: str, count: int = 1) -> str:
        figure = loaded.find("hosting", type_)
        assert figure
        return f"${count * 24 * figure.usd:.2f}"

    def an_hour(type_: str) -> str:
        figure = loaded.find("processing", type_)
        assert figure
        return f"${figure.usd:.2f}" if round(figure.usd, 2) == figure.usd else f"${figure.usd:.3f}"

    serverless = loaded.find("serverless", "GB-second")
    assert serverless
    sentences = [
        f"A second of 2048 MB costs ${2 * serverless.usd:.5f} in us-east-1",
        f"an instance of ml.t2.medium costs {a_day('ml.t2.medium')} a day, one of ml.m5.large {a_day('ml.m5.large')};",
        f"two of ml.m5.large cost {a_day('ml.m5.large', 2)} a day, ten of them {a_day('ml.m5.large', 10)}.",
        f"ml.t2.medium costs {a_day('ml.t2.medium')} for each day",
        f"ml.t3.large costs {an_hour('ml.t3.large')} an hour, ml.m5.large {an_hour('ml.m5.large')};",
    ]
    assert [sentence for sentence in sentences if sentence not in comments] == []
    # The comments contain no other figure.
    figures = re.findall(r"\$\d+\.\d+", comments)
    assert sorted(figures) == sorted(figure for sentence in sentences for figure in re.findall(r"\$\d+\.\d+", sentence))
