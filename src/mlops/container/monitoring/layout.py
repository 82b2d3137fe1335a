"""Parts of the self-contained pages, without scripts and without templates, which the image does not have."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape

from mlops import pages
from mlops.container.monitoring.capture import Counts


def document(title: str, body: Iterable[str]) -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>\n{pages.style()}</style>\n</head>\n<body>\n"
        f"{''.join(body)}\n</body>\n</html>\n"
    )


def verdict(heading: str, word: str, tone: str, sign: str, words: str) -> str:
    """The page's heading and its result; `tone` is one of style.css."""
    return (
        f'<p class="eyebrow">Monitoring</p><h1>{escape(heading)}</h1>'
        f'<div class="verdict {tone}"><span class="sign" aria-hidden="true">{sign}</span>'
        f"<div><strong>{escape(word)}</strong><p>{escape(words)}</p></div></div>"
    )


def times(counts: Counts, now: datetime, *others: str) -> str:
    """When the records were captured, other times, and when the page was made."""
    shown = [*others, f"Made {now:%d %b %Y, %H:%M} UTC"]
    if counts.first is not None and counts.last is not None:
        shown.insert(0, f"Captured {counts.first:%d %b %Y, %H:%M} to {counts.last:%d %b %Y, %H:%M} UTC")
    return f'<div class="meta">{"".join(f"<span>{escape(text)}</span>" for text in shown)}</div>'


def tiles(tiles: Iterable[tuple[str, str, str]]) -> str:
    """Values, each with a name and an explanation."""
    shown = (
        f'<li><b>{value}</b><span class="name">{escape(name)}</span><span>{escape(words)}</span></li>'
        for value, name, words in tiles
    )
    return f'<ul class="tiles">{"".join(shown)}</ul>'


def section(title: str, note: str, content: str) -> str:
    return f'<section><h2>{escape(title)}</h2><p class="note">{escape(note)}</p>{content}</section>'


def grid(heads: Iterable[str], rows: Iterable[str]) -> str:
    """A table. The heads of numbers begin with a star."""
    shown = "".join(
        f'<th scope="col"{" class=number" if head.startswith("*") else ""}>{escape(head.lstrip("*"))}</th>'
        for head in heads
    )
    return f'<div class="scroll"><table><thead><tr>{shown}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
