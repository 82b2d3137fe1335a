"""`mlops history`: what was in production, the newest first."""

from __future__ import annotations

from textwrap import shorten

import click

from mlops import release
from mlops.cli import console, facts
from mlops.release.versions import Entry, Period

_COLUMNS = ("", "version", "since", "until", "commit", "data", "metric", "trigger", "decided by", "after")
_INDENT = 11
# How the reasons begin that `mlops stop` and `mlops start --supersede` give.
_STOPPED_BY = ("stopped by ", "superseded by ")
# What a narrow terminal may cut, and to how many characters at least.
_CUT, _LEAST = (_COLUMNS.index("decided by"), _COLUMNS.index("metric")), 10


@click.command()
@click.option(
    "--all", "everything", is_flag=True, help="Also releases that were rejected or stopped, or failed, or are running."
)
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="How many to show.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def history(everything: bool, limit: int, as_json: bool) -> None:
    """List what was in production.

    The newest is the first; a rollback is a line of its own, and `after` is the version that was replaced. A terminal
    that is too narrow cuts names and comments; elsewhere, as in a pipe or a file, nothing is cut. Releases
    whose model was not registered are listed as long as CodePipeline keeps them, which is a year.
    """
    found = release.history(release.find(), limit=limit, everything=everything)
    if as_json:
        facts.say_json(found)
        return
    if not found.entries:
        console.write("Nothing has been in production yet." + ("" if everything else " See all releases: --all"))
        return
    if not found.is_logged:
        console.write(
            f"Production serves execution {found.serving}, which is not the newest entry of its log: see the executions "
            "of the state machine that ends in -decision."
        )
    headlines = {entry.version.headline for entry in found.entries} - {""}
    rows = [_row(entry, found.serving, named=len(headlines) > 1) for entry in found.entries]
    metric = next(iter(headlines)) if len(headlines) == 1 else "metric"
    title = tuple(metric if each == "metric" else each for each in _COLUMNS)
    columns = console.columns()
    widths = _widths([title, *rows], columns)
    console.write(_line(title, widths))
    for entry, row in zip(found.entries, rows, strict=True):
        console.write(_line(row, widths))
        if remark := " ".join(_remark(entry).split()):
            shown = remark if columns is None else shorten(remark, max(columns - _INDENT, 20), placeholder=" …")
            console.write(f"{' ' * _INDENT}{shown}")


def _widths(rows: list[tuple[str, ...]], columns: int | None) -> list[int]:
    """The widths of the table's columns, of which some are narrower than their content where the terminal needs it."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if columns is not None:
        for position in _CUT:
            excess = sum(widths) + 2 * (len(widths) - 1) - 1 - columns
            if excess > 0:
                widths[position] = max(min(widths[position], _LEAST), widths[position] - excess)
    return widths


def _row(entry: Entry, serving: str, *, named: bool) -> tuple[str, ...]:
    version, period = entry.version, entry.period
    current = bool(period and period.until is None and version.execution_id == serving)
    measured = facts.number(version.metrics[version.headline].value) if version.headline else ""
    return (
        "→" if current else " ",
        version.name,
        facts.when(period.since) if period else "–",
        "now" if current else _until(period),
        facts.commit(version.commit_id),
        version.data_version[:8],
        f"{version.headline} {measured}" if named and measured else measured,
        version.trigger,
        facts.approver(version),
        (period.replaced or "–") if period else "",
    )


def _until(period: Period | None) -> str:
    """The time of the day on which the period began, else the day; a dash where the end is not known."""
    if period is None or period.until is None:
        return "–"
    day, moment = facts.when(period.until).split()
    return moment if facts.when(period.since).startswith(day) else day


def _remark(entry: Entry) -> str:
    """Why a rollback was made, or what has become of a release that was never in production, or the comment of its decision."""
    version, period = entry.version, entry.period
    comment = version.approval.comment if version.approval else ""
    if period is None:
        stop = version.stop_reason
        reason = stop or comment
        outcome = stop if stop.startswith(_STOPPED_BY) else f"{version.state}{': ' + reason if reason else ''}"
        return f"{facts.when(version.registered)}  {outcome}"
    if period.kind == "rollback":
        return f"rolled back by {period.by}" + (f": {period.reason}" if period.reason else "")
    return comment


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    first, *others = (_cut(cell, width).ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"{first} {'  '.join(others)}".rstrip()
