"""What all pages share: the style, marks in SVG, and numbers for people.

The standard library only, because the container draws with it too.
"""

from __future__ import annotations

from importlib import resources


def style() -> str:
    """The style sheet of a page, with a light and a dark scheme. A page has it inline."""
    return resources.files(__name__).joinpath("style.css").read_text(encoding="utf-8")
