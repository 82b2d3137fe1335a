"""The page in a real browser, at the widths and in the schemes that people have."""

import shutil

import pytest

from mlops.report import html

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, released, tmp_path):
    """Opens the page in a window and gives it, with what it asked of the network."""
    file = tmp_path / "report.html"
    file.write_text(html.render(released), encoding="utf-8")
    asked = []

    def open_page(width, scheme):
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        return page, asked

    return open_page


@pytest.mark.parametrize("width", [360, 768, 1400])
def test_the_page_never_scrolls_sideways(opened, width):
    page, _ = opened(width, "light")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_follows_the_scheme(opened):
    backgrounds = {
        scheme: opened(1000, scheme)[0].evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    }
    assert backgrounds["light"] != backgrounds["dark"]


def test_the_page_asks_the_network_for_nothing(opened):
    _, asked = opened(1000, "light")
    assert len(asked) == 1


def test_charts_are_drawn_in_full(opened):
    page, _ = opened(1000, "light")
    sizes = page.evaluate(
        """[...document.querySelectorAll('figure svg')].map(svg => {
            const box = svg.getBBox(), view = svg.viewBox.baseVal;
            return [svg.clientWidth, box.x, box.y, view.width - box.x - box.width, view.height - box.y - box.height];
        })"""
    )
    assert len(sizes) == 5
    for width, *margins in sizes:
        assert width > 200
        assert min(margins) > -12, "a mark at the edge may reach over it by its own size, and no further"


def test_every_figure_can_be_reached_by_keyboard(opened):
    page, _ = opened(360, "light")
    unreachable = page.evaluate(
        """[...document.querySelectorAll('*')].filter(
            e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === 'auto' && e.tabIndex < 0
        ).length"""
    )
    assert unreachable == 0
