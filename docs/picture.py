"""Make docs/report.png, the picture of a report in the README, from the page of a real run.

make picture REPORT=path/to/report.html
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).with_name("report.png")
# A README has no room for the whole page: pipeline and evaluation side by side, without their details.
_STYLE = """
main, header.top { max-width: none }
header.top { padding-top: 20px }
main { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 6fr); gap: 0 14px; padding-bottom: 6px }
main > *, nav, footer { display: none }
main > .tiles { display: grid; grid-column: 1 / -1 }
#pipeline, #qa, #evaluation { display: block; padding-bottom: 14px }
#pipeline { grid-row: 2; margin-bottom: 0 }
#qa { grid-row: 3 }
#evaluation { grid-column: 2; grid-row: 2 / span 2 }
#qa > *, #evaluation td:last-child > *, #pipeline .note, .meta { display: none }
#qa > h2 { display: block }
#qa > .columns { display: grid }
.columns { grid-template-columns: 1fr 1fr !important; gap: 20px; margin-top: 10px }
.columns svg text { font-size: 15px }
"""
_WIDTH = 1240
_MOST_BYTES = 200_000


def main(report: Path) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_page(viewport={"width": _WIDTH, "height": 800}, color_scheme="light")
        page.goto(report.resolve().as_uri())
        page.add_style_tag(content=_STYLE)
        content = page.screenshot(full_page=True)
        chromium.close()
    if len(content) > _MOST_BYTES:
        sys.exit(
            f"The picture has {len(content):,} bytes, allowed are {_MOST_BYTES:,}: make _WIDTH in {__file__} smaller"
        )
    PICTURE.write_bytes(content)
    print(f"{PICTURE}: {len(content):,} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_file():
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    main(Path(sys.argv[1]))
