"""The reports of monitoring in Chromium, wide and narrow, light and dark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import browsers
import pytest
from monitored import STYLE, Job, records, rows, truth
from playwright.sync_api import Browser

pytestmark = browsers.MARKS


def drift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(tmp_path, monkeypatch)
    job.run([*records(rows(500, larger=50.0, colors=f"green {'yellow' * 30}")), "{"])


def quality(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUALITY_BOUNDS", "accuracy=0.9 log_loss=1")
    job = Job(tmp_path, monkeypatch, STYLE)
    job.write([truth(f"e{number}", STYLE.values[number % 3]) for number in range(50)], "ground_truth/a.jsonl")
    job.judge(records(rows(60), [f"{STYLE.values[number % 2]},0.6" for number in range(60)]))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1100])
@pytest.mark.parametrize("make", [drift, quality])
def test_the_page_fits_and_loads_nothing_else(
    browser: Browser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path, pytest.MonkeyPatch], None],
    width: int,
    scheme: str,
) -> None:
    make(tmp_path, monkeypatch)
    file = tmp_path / "processing" / "output" / "monitoring" / "report.html"
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(file.as_uri())
    assert requested == [file.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(14, 17, 21)" if scheme == "dark" else "rgb(245, 246, 248)")
    inside = "texts => texts.every(text => text.getBoundingClientRect().left >= 0)"
    assert page.locator("figure svg text").evaluate_all(inside)
