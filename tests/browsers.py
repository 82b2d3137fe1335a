"""A real browser for tests of pages: the machine's Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# The marks of a file whose tests need the browser.
MARKS = [
    pytest.mark.acceptance,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not on the PATH. On Debian: apt-get install chromium"),
]


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """A running Chromium with these arguments, closed at the end."""
    with sync_playwright() as playwright:
        # Chromium's sandbox refuses root, whom containers run as.
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", *arguments]
        )
        yield browser
        browser.close()
