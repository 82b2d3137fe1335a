"""The page in a real browser: widths, colour schemes, charts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import browsers
import pytest

from mlops.report import as_html
from mlops.report.collect import Document

pytestmark = browsers.MARKS


OpenPage = Callable[..., Any]


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> OpenPage:
    """Opens the page of a document in a window; `requested` collects the URLs that it loads."""

    def open_page(
        document: Document, width: int = 1000, scheme: str = "light", requested: list[str] | None = None
    ) -> Any:
        file = tmp_path / "report.html"
        file.write_text(as_html.render(document), encoding="utf-8")
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        if requested is not None:
            page.on("request", lambda request: requested.append(request.url))
        page.goto(file.as_uri())
        return page

    return open_page


every_document = pytest.mark.parametrize(
    ("document", "charts"), [("released", 5), ("binary", 8), ("three", 8), ("hundred", 8)], indirect=["document"]
)


@every_document
@pytest.mark.parametrize("width", [360, 768, 1400])
def test_the_page_never_scrolls_sideways(open_page: OpenPage, document: Document, charts: int, width: int) -> None:
    document["baseline"] = {**document}
    page = open_page(document, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_follows_the_browsers_colour_scheme(open_page: OpenPage, released: Document) -> None:
    backgrounds = {
        scheme: open_page(released, scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    }
    assert backgrounds["light"] != backgrounds["dark"]


def test_the_page_loads_no_other_files(open_page: OpenPage, hundred: Document) -> None:
    requested: list[str] = []
    open_page(hundred, requested=requested)
    assert len(requested) == 1


@every_document
@pytest.mark.parametrize("width", [360, 1000])
def test_charts_are_drawn_in_full(open_page: OpenPage, document: Document, charts: int, width: int) -> None:
    page = open_page(document, width)
    sizes = page.evaluate(
        """[...document.querySelectorAll('figure svg')].map(svg => {
            const box = svg.getBBox(), view = svg.viewBox.baseVal;
            return [svg.clientWidth, box.x, box.y, view.width - box.x - box.width, view.height - box.y - box.height];
        })"""
    )
    assert len(sizes) == charts
    for width, *margins in sizes:
        assert width > 200
        assert min(margins) > -12, "only a mark may cross the chart's edge, by its own size"


@every_document
@pytest.mark.parametrize("width", [360, 1000])
def test_text_in_charts_is_readable_and_does_not_overlap(
    open_page: OpenPage, document: Document, charts: int, width: int
) -> None:
    """Rotated texts are compared by their own boxes, not by the boxes around them."""
    page = open_page(document, width)
    overlaps, smallest = page.evaluate(
        """(() => {
            const overlaps = [], sizes = [];
            for (const svg of document.querySelectorAll('figure svg')) {
                const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
                const texts = [...svg.querySelectorAll('text')];
                for (const text of texts) sizes.push(parseFloat(getComputedStyle(text).fontSize) * scale);
                const boxes = texts.filter(t => !t.hasAttribute('transform')).map(t => [t.textContent, t.getBBox()]);
                boxes.forEach(([one, a], i) => boxes.slice(i + 1).forEach(([other, b]) => {
                    const across = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
                    const down = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
                    if (across > 1 && down > 4) overlaps.push([one, other]);
                }));
            }
            return [overlaps, Math.min(...sizes)];
        })()"""
    )
    assert overlaps == []
    assert smallest >= 8.5


@every_document
def test_every_scrollable_element_can_be_reached_by_keyboard(
    open_page: OpenPage, document: Document, charts: int
) -> None:
    page = open_page(document, 360)
    unreachable = page.evaluate(
        """[...document.querySelectorAll('*')].filter(
            e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === 'auto' && e.tabIndex < 0
        ).length"""
    )
    assert unreachable == 0
