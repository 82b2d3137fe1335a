"""The drift report in Chromium, wide and narrow, light and dark."""

from __future__ import annotations

from pathlib import Path

import browsers
import pytest
from monitored import Job, records, rows, truth
from playwright.sync_api import Browser

pytestmark = browsers.MARKS


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1100])
def test_the_page_fits_and_loads_nothing_else(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int, scheme: str
) -> None:
    job = Job(tmp_path, monkeypatch)
    job.write([truth(f"e{number}", "100") for number in range(50)], "ground_truth/a.jsonl")
    job.run([*records(rows(500, larger=50.0, colors=f"green {'yellow' * 30}")), "{"])
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
