"""Page, Markdown and JSON of executions that succeeded, failed, or are running."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from mlops import pages
from mlops.report import as_html, as_json, as_markdown
from mlops.report.charts.classification import STRONGEST
from mlops.report.collect import Document

Render = Callable[[Document], str]
STYLE = pages.style()


class Page(HTMLParser):
    """A parsed page: elements with attributes, and text. Fails on elements that are not properly nested."""

    VOID = ("meta", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, Any]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, Any]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page(document: Document) -> Page:
    return Page(as_html.render(document))


def test_the_verdict_comes_first(released: Document, refused: Document) -> None:
    assert page(released).text.index("Released The model is in production.") < 300
    found = page(refused).text
    assert "Not released Train/Train failed: rmse is 19.8618, allowed is at most 6" in found[:300]


def test_a_release_that_failed_its_smoke_test_is_in_production(released: Document) -> None:
    released["verdict"] = {"outcome": "unproven", "sentence": "Production/Smoke failed: 502.", "log": None}
    found = page(released).text
    assert "In production without passing its smoke test Production/Smoke failed: 502." in found[:300]
    assert "Release candidate" not in found
    assert "✗ In production without passing its smoke test" in as_markdown.render(released)


@pytest.mark.parametrize("render", [as_html.render, as_markdown.render])
def test_synthetic_data_is_labelled(released: Document, render: Render) -> None:
    assert "Synthetic data." in render(released)
    released["dataset"]["synthetic"] = False
    assert "Synthetic data." not in render(released)


@pytest.mark.parametrize("render", [as_html.render, as_markdown.render])
def test_predictions_outside_the_bounds_of_the_target_are_a_warning(released: Document, render: Render) -> None:
    assert "Outside the bounds." not in render(released)
    counted = {"rows": 3, "most_extreme": -3.3, "limits": "at least 0"}
    released["evaluation"]["outside_bounds"] = counted
    of = f"3 of {released['evaluation']['rows']:,} predictions are outside of what TARGET in model/features.py allows"
    assert f"{of} (at least 0); the most extreme is -3.3." in render(released)
    counted |= {"rows": 0, "most_extreme": None}
    assert "Outside the bounds." not in render(released)


def test_the_page_is_self_contained(released: Document) -> None:
    found = page(released)
    assert not found.all("script") and not found.all("link") and not found.all("img")
    assert all(link["href"].startswith("#") for link in found.all("a"))
    assert "@import" not in STYLE and "url(" not in STYLE


def test_a_log_with_a_console_is_linked(released: Document) -> None:
    released["logs"][0]["link"] = "https://eu-west-1.console.aws.amazon.com/cloudwatch/home#logsV2:x"
    assert released["logs"][0]["link"] in [link["href"] for link in page(released).all("a")]
    assert f"]({released['logs'][0]['link']})" in as_markdown.render(released)


def test_an_action_is_linked_to_its_job(released: Document) -> None:
    released["stages"][2]["actions"][0]["link"] = "https://eu-west-1.console.aws.amazon.com/states/home#/executions/x"
    assert released["stages"][2]["actions"][0]["link"] in [link["href"] for link in page(released).all("a")]


@pytest.mark.parametrize("render", [lambda document: page(document).text, as_markdown.render])
def test_failed_requests_during_the_traffic_shift_are_counted(released: Document, render: Render) -> None:
    released["traffic"] = {"version": "7", "requests": 1234, "failed": 56}
    assert "this release (version 7 of the function) received 1,234 requests, 56 of them failed" in render(released)
    released["traffic"] = None
    assert "of them failed" not in render(released)


def test_screen_readers_find_title_and_description_of_every_chart(released: Document) -> None:
    found = page(released)
    charts = [svg for svg in found.all("svg") if svg.get("role") == "img"]
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(charts) == 5
    assert all(label in ids for chart in charts for label in chart["aria-labelledby"].split())
    assert len(ids) == len(set(ids))


def test_every_table_header_has_a_scope(released: Document) -> None:
    headers = page(released).all("th")
    assert len(headers) > 40
    assert all(header.get("scope") in {"row", "col"} for header in headers)


def test_every_link_within_the_page_has_a_target(released: Document, refused: Document) -> None:
    for document in (released, refused):
        found = page(document)
        ids = {attributes.get("id") for _, attributes in found.elements}
        assert {link["href"][1:] for link in found.all("a") if link["href"].startswith("#")} <= ids


def test_text_from_outside_is_escaped(released: Document) -> None:
    released["verdict"]["sentence"] = "<script>alert(1)</script>"
    released["dataset"]["target"] = "<b>fare</b>"
    text = as_html.render(released)
    assert "<script>" not in text and "<b>fare" not in text


@pytest.mark.parametrize(
    "part", ["dataset", "evaluation", "predictions", "tuning", "qa", "smoke", "gate", "model_package"]
)
def test_a_missing_part_is_left_out(released: Document, part: str) -> None:
    released[part] = None
    assert page(released).text
    assert as_markdown.render(released)


def test_an_execution_that_has_just_started_has_a_page(released: Document) -> None:
    released |= dict.fromkeys(("dataset", "evaluation", "predictions", "tuning", "qa", "smoke", "gate"))
    released |= {"jobs": [], "logs": [], "files": [], "endpoints": [], "model_package": None, "traffic": None}
    released["release"] |= {"image": None, "training_job": None, "hyperparameters": {}, "model_data": None}
    released["verdict"] = {"outcome": "running", "sentence": "Still running.", "log": None}
    for stage in released["stages"]:
        for action in stage["actions"]:
            action |= {"state": "Pending", "started": None, "ended": None, "seconds": None, "by": ""}
    released["execution"] |= {"started": None, "ended": None, "seconds": None}
    assert "Running Still running." in page(released).text
    assert "Still running." in as_markdown.render(released)


def test_a_failed_check_is_shown_with_its_message(released: Document) -> None:
    check = next(each for each in released["qa"]["checks"] if each["name"] == "p95 latency")
    check |= {"passed": False, "message": "p95 latency was 612 ms, configuration/qa.yml allows 500 ms"}
    assert check["message"] in page(released).text
    assert f"✗ {check['message']}" in as_markdown.render(released)


@pytest.mark.parametrize("render", [lambda document: page(document).text, as_markdown.render])
def test_a_saturated_load_generator_is_reported(released: Document, render: Render) -> None:
    assert "generator was the bottleneck" not in render(released)
    released["qa"]["load"]["generator_bound"] = True
    assert "generator was the bottleneck" in render(released)


def test_the_markdown_notifies_no_users_or_teams(released: Document) -> None:
    """GitHub would notify users and teams that the data's source, or a message, names in a comment."""
    released["dataset"] |= {"synthetic": True, "source": "by @octocat, @octo-org/everyone"}
    text = as_markdown.render(released)
    assert "by @&#8203;octocat, @&#8203;octo-org/everyone" in text
    assert not re.search(r"(?<![\w`])@\w", re.sub(r"`[^`\n]*`", "", text))


def test_the_markdown_has_tables_of_the_same_width_in_each_row(released: Document) -> None:
    blocks = re.findall(r"(?:^\|.*\n)+", as_markdown.render(released), flags=re.MULTILINE)
    assert len(blocks) >= 7
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_the_json_is_the_document(released: Document) -> None:
    assert json.loads(as_json.render(released)) == released


def schemes() -> list[dict[str, str]]:
    """The colours of each scheme in style.css."""
    found = [dict(re.findall(r"--([\w-]+): (#\w+)", block)) for block in re.findall(r":root \{(.*?)\}", STYLE, re.S)]
    return [found[0] | later for later in found]


@pytest.mark.parametrize("colours", schemes(), ids=["light", "dark", "print"])
@pytest.mark.parametrize(
    ("front", "back"),
    [
        ("ink", "card"),
        ("ink", "page"),
        ("soft", "card"),
        ("soft", "page"),
        ("accent", "card"),
        ("accent", "page"),
        ("soft", "accent-soft"),
        *((tone, back) for tone in ("good", "bad", "wait") for back in ("card", f"{tone}-soft")),
    ],
)
def test_text_has_enough_contrast(colours: dict[str, str], front: str, back: str) -> None:
    assert contrast(colours[front], colours[back]) >= 4.5


@pytest.mark.parametrize("colours", schemes(), ids=["light", "dark", "print"])
@pytest.mark.parametrize("cell", ["accent", "bad", "second"])
def test_text_in_the_confusion_matrix_has_enough_contrast(colours: dict[str, str], cell: str) -> None:
    assert contrast(colours["ink"], blend(colours[cell], colours["track"], STRONGEST)) >= 4.5
    assert contrast(colours["ink"], colours["track"]) >= 4.5


def blend(front: str, back: str, opacity: float) -> str:
    """The colour of `front` with an opacity on `back`."""
    pairs = zip(channels(front), channels(back), strict=True)
    return "#" + "".join(f"{round(opacity * one + (1 - opacity) * other):02x}" for one, other in pairs)


def channels(colour: str) -> list[int]:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    return [int(digits[n : n + 2], 16) for n in (0, 2, 4)]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    shares = [channel / 255 for channel in channels(colour)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("render", [as_html.render, as_markdown.render])
def test_a_challenger_is_shown_with_its_share_and_execution(released: Document, render: Render) -> None:
    production = next(each for each in released["endpoints"] if each["stage"] == "production")
    assert "of the traffic" not in render(released)
    production["challenger"] = {"name": "Candidate", "execution": "1a2b3c4d", "share": 0.1}
    assert "challenger Candidate with 0.1 of the traffic serves execution 1a2b3c4d" in render(released)
