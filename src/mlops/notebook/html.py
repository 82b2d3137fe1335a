"""HTML that a notebook draws below a cell, in the style of the project's pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from mlops import pages

_OWN = """
.shown { background: var(--card); padding: 2px; font: 14px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; color: var(--ink); }
.shown table { width: auto; margin: 4px 0; border: 0; }
.shown table th, .shown table td { padding: 4px 22px 4px 0; text-align: left; vertical-align: top; font-size: 14px; }
.shown table .number { text-align: right; } .shown table .text { white-space: pre-line; }
.shown table tbody tr:nth-child(n), .shown table tbody tr:nth-child(n):hover { background: none; }
.shown .verdict p { white-space: pre-line; } .shown ul { margin: 0 0 8px; padding-left: 18px; }
.columns { grid-template-columns: repeat(auto-fill, minmax(min(100%, 380px), 1fr)); } figure { max-width: 520px; }
.graph { max-width: 100%; height: auto; } .graph text { font-size: 12px; }
.state-box { fill: var(--card); stroke: var(--second); } .state-box.group { fill: var(--track); }
.state-box.succeeded { fill: var(--good-soft); stroke: var(--good); } .state-box.caught { fill: var(--wait-soft); stroke: var(--wait); }
.state-box.failed, .state-box.stopped { fill: var(--bad-soft); stroke: var(--bad); }
.state-box.running { fill: var(--accent-soft); stroke: var(--accent); stroke-width: 2; }
.edge { fill: none; stroke: var(--second); opacity: .7; }
.s0 { fill: var(--second); stroke: var(--second); } .s1 { fill: var(--accent); stroke: var(--accent); }
.s2 { fill: var(--good); stroke: var(--good); } .s3 { fill: var(--wait); stroke: var(--wait); } .s4 { fill: var(--bad); stroke: var(--bad); }
path.s0, path.s1, path.s2, path.s3, path.s4 { fill: none; stroke-width: 2; }
"""


@dataclass(frozen=True, repr=False)
class Shown:
    """Something to draw: `html` without a page around it."""

    html: str

    def _repr_html_(self) -> str:
        return f'<div class="mlops"><style>{_style()}</style><div class="shown">{self.html}</div></div>'

    def __repr__(self) -> str:
        """For places that draw no HTML."""
        return f"<{type(self).__name__}>"

    def __add__(self, other: Shown) -> Shown:
        return Shown(self.html + other.html)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], tones: Sequence[str] = ()) -> Shown:
    """A table. Numbers are at the right; a tone of style.css (good, wait, bad, run) colours the first cell of a row."""
    listed = list(rows)
    # A column has the alignment of its first cell.
    first = listed[0] if listed else heads
    body = ""
    for position, cells in enumerate(listed):
        tone = tones[position] if position < len(tones) else ""
        shown = "".join(_cell(cell) for cell in cells[1:])
        body += f'<tr><th scope="row"><span class="state {tone}">{escape(str(cells[0]))}</span></th>{shown}</tr>'
    head = "".join(
        f'<th scope="col"{_kind(cell)}>{escape(title)}</th>' for title, cell in zip(heads, first, strict=True)
    )
    return Shown(f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>')


def figures(drawn: Iterable[tuple[str, str, str]]) -> Shown:
    """Charts beside each other, each with a title, a note and its SVG."""
    shown = (
        f"<figure><figcaption><b>{escape(title)}</b>{escape(note)}</figcaption>{chart}</figure>"
        for title, note, chart in drawn
    )
    return Shown(f'<div class="columns">{"".join(shown)}</div>')


def verdict(tone: str, sign: str, title: str, words: str) -> Shown:
    """A sentence on the colour of its tone."""
    return Shown(
        f'<div class="verdict {tone}"><span class="sign">{escape(sign)}</span>'
        f"<div><strong>{escape(title)}</strong><p>{escape(words)}</p></div></div>"
    )


def page(html: str, height: int = 620) -> Shown:
    """A whole page in a frame of its own, without scripts."""
    return Shown(
        f'<iframe sandbox srcdoc="{escape(html, quote=True)}" style="width: 100%; height: {height}px; border: 1px solid '
        'var(--line); border-radius: 12px"></iframe>'
    )


def _cell(cell: object) -> str:
    if isinstance(cell, float):
        return f"<td{_kind(cell)}>{cell:,.6g}</td>"
    return f"<td{_kind(cell)}>{escape(f'{cell:,}' if isinstance(cell, int) else str(cell))}</td>"


def _kind(cell: object) -> str:
    return f' class="{"number" if isinstance(cell, int | float) else "text"}"'


def _style() -> str:
    """The style of pages, for what is inside of an output only, and always in its light scheme as charts mostly are."""
    style = pages.style().replace("@media (prefers-color-scheme: dark)", "@media not all")
    for selector in (":root", "body"):
        style = style.replace(f"{selector} {{", "& {").replace(f"{selector}, ", "&, ")
    return f".mlops {{ {style.replace('color-scheme: light dark', 'color-scheme: light')} {_OWN} }}"
