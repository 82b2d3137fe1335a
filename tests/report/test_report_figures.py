"""Cost, sizes, times and drift of the data in the report, each with main's value and the difference."""

from __future__ import annotations

import copy
import json
import random
import re
from typing import Any

import pytest
from cassette import replaying
from test_report_page import page

from mlops import report
from mlops.aws.session import Session
from mlops.errors import InputError
from mlops.report import as_html, as_markdown, drift, figures, sizes
from mlops.report.collect import Document

COST = {
    "reason": "",
    "region": "us-east-1",
    "dates": ["2026-07-30", "2026-11-21"],
    "day": 1.4986,
    "release": 0.0593,
    "release_at_most": 13.976,
    "missing": [],
}


def line(markdown: str, name: str) -> str:
    """The row of a table that begins with a name."""
    [found] = re.findall(rf"^\| {re.escape(name)} \|(.*)\|$", markdown, re.MULTILINE)
    return found.strip()


@pytest.fixture
def compared(released: Document) -> Document:
    """A release with main's report beside it; main is cheaper, smaller and slower."""
    main = copy.deepcopy(released)
    main["cost"] = COST | {"day": 1.0, "release_at_most": 13.976}
    main["sizes"] = {"image": 600_000_000, "model": 80_000}
    for stage in main["stages"]:
        for action in stage["actions"]:
            if action["path"] == "Production/Smoke":
                action["ended"] = action["ended"].replace("2026-", "2027-")
    return {**released, "cost": COST, "sizes": {"image": 612_345_678, "model": 85_000}, "baseline": main}


def test_cost_and_sizes_are_shown_beside_those_of_main(compared: Document) -> None:
    markdown = as_markdown.render(compared)
    assert line(markdown, "cost of a day in production") == "$1.499 | $1.000 | +$0.499"
    assert line(markdown, "cost of this release by its times") == "$0.059 | $0.059 | 0"
    assert line(markdown, "cost of a release at most") == "$13.976 | $13.976 | 0"
    assert line(markdown, "image") == "612.3 MB | 600.0 MB | +12.3 MB"
    assert line(markdown, "model archive") == "85.0 kB | 80.0 kB | +5.0 kB"
    assert "USD in us-east-1, by prices of 2026-07-30 to 2026-11-21" in markdown
    assert "image 612.3 MB 600.0 MB +12.3 MB" in page(compared).text


def test_the_time_of_each_stage_leaves_out_the_wait_for_a_person(compared: Document) -> None:
    shown = {figure.name: figure for figure in figures.figures(compared)}
    assert [name for name in shown if name.startswith("stage ")] == [
        f"stage {name}" for name in ("Source", "Build", "Train", "Test", "Production")
    ]
    assert shown["stage Train"].difference == "0"
    # In main's report, the smoke test ended a year later: 8,760 hours.
    assert shown["stage Production"].main == "8760 h 00 min"
    assert shown["stage Production"].difference == "−8760 h 00 min"


def test_a_report_without_main_shows_its_own_figures(compared: Document) -> None:
    compared["baseline"] = None
    markdown = as_markdown.render(compared)
    assert line(markdown, "model archive") == "85.0 kB"
    assert "Difference" not in markdown and "Difference" not in page(compared).text


def test_a_report_of_main_from_before_these_figures_is_compared_as_far_as_it_goes(compared: Document) -> None:
    for part in ("cost", "sizes", "data", "drift"):
        compared["baseline"].pop(part, None)
    assert line(as_markdown.render(compared), "model archive") == "85.0 kB | – | –"


def test_an_unknown_size_has_no_row(compared: Document) -> None:
    compared["sizes"]["image"] = compared["baseline"]["sizes"]["image"] = None
    assert "image" not in {figure.name for figure in figures.figures(compared)}


def test_missing_prices_and_an_unknown_cost_are_named(compared: Document) -> None:
    compared["cost"] = COST | {"day": None, "missing": ["hosting ml.x.large"]}
    assert "No price is known of hosting ml.x.large: mlops cost --refresh" in as_markdown.render(compared)
    assert line(as_markdown.render(compared), "cost of a day in production") == "– | $1.000 | –"
    compared["cost"] = {"reason": "There are no prices of mars-1."}
    assert "The cost is unknown. There are no prices of mars-1." in as_markdown.render(compared)
    assert "The cost is unknown. There are no prices of mars-1." in page(compared).text


@pytest.mark.parametrize("broken", [{"cost": 3}, {"stages": [{"name": "a"}]}, {"sizes": "small"}, {"drift": [1]}])
def test_a_baseline_with_broken_figures_is_refused(compared: Document, broken: dict[str, Any]) -> None:
    compared["baseline"] |= broken
    for render in (as_html.render, as_markdown.render):
        with pytest.raises(InputError, match=r"--baseline is not a report\.json of `mlops report`"):
            render(compared)


def test_an_index_of_images_has_the_size_of_the_largest() -> None:
    digests = {platform: f"sha256:{number:064x}" for number, platform in enumerate(("index", "amd64", "empty"))}
    manifests = {
        "index": {"manifests": [{"digest": digests["amd64"]}, {"digest": digests["empty"]}]},
        "amd64": {"config": {"size": 100}, "layers": [{"size": 2_000}, {"size": 30_000}]},
        "empty": {"config": {"size": 0}, "layers": []},
    }

    def pulled(*names: str) -> dict[str, Any]:
        ids = [{"imageDigest": digests[name]} for name in names]
        found = {"images": [{"imageManifest": json.dumps(manifests[name])} for name in names], "failures": []}
        request = {"repositoryName": "taxi-fares", "imageIds": ids}
        return {
            "request": {
                "method": "POST",
                "path": "/",
                "target": "AmazonEC2ContainerRegistry_V20150921.BatchGetImage",
                "body": json.dumps(request),
            },
            "response": {
                "status": 200,
                "headers": {"content-type": "application/x-amz-json-1.1"},
                "body": json.dumps(found),
            },
        }

    identity = {
        "request": {
            "method": "POST",
            "path": "/",
            "target": "",
            "body": "Action=GetCallerIdentity&Version=2011-06-15",
        },
        "response": {
            "status": 200,
            "headers": {"content-type": "text/xml"},
            "body": "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>000000000000</Account>"
            "</GetCallerIdentityResult></GetCallerIdentityResponse>",
        },
    }
    registry = "dkr.ecr.us-east-1.amazonaws.com/taxi-fares"
    with pytest.MonkeyPatch.context() as patch, replaying([identity, pulled("index"), pulled("amd64", "empty")]) as url:
        patch.setenv("AWS_ENDPOINT_URL", url)
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        session = Session("us-east-1")

        def size(image: str) -> int | None:
            return sizes.collect(session, {"image": image, "model_data": None})["sizes"]["image"]

        assert size(f"000000000000.{registry}@{digests['index']}") == 32_100
        # Images of another account, of another registry, and one that no longer exists
        assert size(f"111111111111.{registry}@{digests['index']}") is None
        assert size("docker.io/library/python:3.12") is None
        assert size(f"000000000000.{registry}:gone") is None


def test_the_sizes_of_a_recorded_release_are_read(released: Document) -> None:
    # The local cloud, in which it ran, builds no layers.
    assert released["sizes"] == {"image": None, "model": 85_008}


def column(values: list[float], **changed: Any) -> dict[str, Any]:
    return {"present": len(values), "values": sorted(values), "threshold": 0.1, **changed}


def data(**columns: dict[str, Any]) -> dict[str, Any]:
    return {"rows": 1_000, "columns": columns}


def normal(mean: float) -> dict[str, Any]:
    draw = random.Random(1)
    return column([draw.gauss(mean, 1) for _ in range(1_000)])


def colors(green: int) -> dict[str, Any]:
    return {"present": 1_000, "shares": {"green": green, "red": 1_000 - green}, "threshold": 0.1}


def test_columns_that_differ_by_more_than_chance_and_allowance_have_drifted() -> None:
    own = data(size=normal(0.5), color=colors(500), weight=normal(0), few=column([1.0, 2.0]), hour=normal(9))
    other = data(
        size=normal(0),
        color=colors(560),
        weight=normal(0),
        few=column([3.0, 4.0]),
        hour=normal(1) | {"threshold": None},
    )
    found = {each["name"]: each for each in drift.compare(own, other, "production", "e1")["columns"]}
    assert found["size"]["drifted"] and found["size"]["distance"] == pytest.approx(0.19, abs=0.03)
    assert (found["color"]["drifted"], found["color"]["distance"]) == (False, 0.06)
    assert found["weight"]["distance"] == 0
    # Two values are too few.
    assert (found["few"]["drifted"], found["few"]["distance"]) == (False, 1)
    # The other data have no threshold for hour, so hour is not compared.
    assert "hour" not in found


def test_new_changed_and_removed_columns_are_named() -> None:
    own = data(size=normal(0), color=normal(0), age=normal(0))
    found = drift.compare(own, data(size=normal(0), color=colors(1), old=normal(0)), "main", "e1")
    assert [each["name"] for each in found["columns"]] == ["size"]
    assert (found["added"], found["removed"]) == (["color", "age"], ["old"])


def test_the_data_is_compared_with_that_of_the_release_in_production(released: Document) -> None:
    found = released["drift"]
    assert (found["against"], found["execution"]) == ("production", "07ede8cf-5a1e-4b36-9d55-2f0c7b8e4a61")
    drifted = {each["name"] for each in found["columns"] if each["drifted"]}
    assert drifted == {"trip_distance", "total_amount", "duration_minutes", "dropoff_area", "pickup_area"}
    assert [each["name"] for each in found["columns"]][-1] == "passenger_count"
    document = {**released, "cost": None, "baseline": None}
    assert "## Data compared with production's" in as_markdown.render(document)
    assert "Data compared with production's" in page(document).text


def test_without_production_the_data_is_compared_with_that_of_main(released: Document) -> None:
    main = copy.deepcopy(released)
    released["drift"] = None
    document = {**released, "drift": drift.with_main(released, main), "baseline": main}
    assert document["drift"]["against"] == "main"
    assert {each["distance"] for each in document["drift"]["columns"]} == {0}
    markdown = as_markdown.render(document)
    name = document["drift"]["columns"][0]["name"]
    [of_main] = [each["distance"] for each in main["drift"]["columns"] if each["name"] == name]
    assert of_main == pytest.approx(0.21, abs=0.02)
    assert line(markdown, name.replace("_", "&#95;")) == f"0.000 | {of_main:.3f} | −{of_main:.3f} | 0.1 |"
    assert "Nothing was in production here" in markdown


def test_a_baseline_whose_data_is_broken_is_refused(released: Document) -> None:
    main = copy.deepcopy(released)
    main["data"]["columns"] = {name: {} for name in main["data"]["columns"]}
    released["drift"] = None
    with pytest.raises(InputError, match=r"--baseline is not a report\.json"):
        drift.with_main(released, main)


def test_of_very_many_columns_the_markdown_shows_the_largest_distances(released: Document) -> None:
    other = data(**{f"c{number}": normal(number / 100) for number in range(50)})
    compared = drift.compare(data(**{f"c{number}": normal(0) for number in range(50)}), other, "production", "e1")
    markdown = as_markdown.render({**released, "drift": compared, "cost": None, "baseline": None})
    assert "30 more columns have smaller distances." in markdown
    assert "| c49 |" in markdown and "| c1 |" not in markdown


def test_a_refused_release_without_a_baseline_of_its_data_is_not_compared(refused: Document) -> None:
    assert (refused["data"], refused["drift"]) == (None, None)
    assert "Data compared" not in as_markdown.render({**refused, "cost": None})
    assert report.drift.with_main(refused, {"data": data(), "execution": {"id": "e1"}}) is None
