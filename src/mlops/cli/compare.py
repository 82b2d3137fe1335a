"""`mlops compare`: in what two versions differ."""

from __future__ import annotations

from typing import Any

import click

from mlops import release
from mlops.cli import console, facts
from mlops.release.versions import Difference, Version

_COLUMN = 36


@click.command()
@click.argument("first")
@click.argument("second")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def compare(first: str, second: str, as_json: bool) -> None:
    """Show in what two versions differ.

    Each is the number of a model package, or the id of its execution or the beginning of it. Metrics of SECOND are
    better or worse than those of FIRST; each was measured on the test set of its own data version. A difference within
    its standard deviation may come from the choice of the test set's rows alone.
    """
    one, other, differences = release.compare(release.find(), first, second)
    if as_json:
        facts.say_json({"first": one, "second": other, "differences": differences})
        return
    if differences:
        _say_differences(one, other, differences)
    else:
        console.write(f"{one.name} and {other.name} do not differ in what is kept of them.")
    for each in {one.execution_id: one, other.execution_id: other}.values():
        if not each.metrics:
            console.write(f"{each.name} has no metrics: {each.state}.")


def _say_differences(one: Version, other: Version, differences: list[Difference]) -> None:
    rows = [(each.name, _shown(each.name, each.first), _shown(each.name, each.second)) for each in differences]
    title = ("", one.name, other.name)
    names, lefts, _ = (max(map(len, column)) for column in zip(title, *rows, strict=True))
    judged = max((len(row[2]) for row, each in zip(rows, differences, strict=True) if each.verdict), default=0)
    console.write(f"  {'':{names}}  {one.name:{lefts}}  {other.name}")
    group = ""
    for each, (name, left, right) in zip(differences, rows, strict=True):
        if each.group != group:
            group = each.group
            console.write(group)
        console.write(f"  {name:{names}}  {left:{lefts}}  {right:{judged}}{_verdict(each)}".rstrip())
    if one.data_version != other.data_version and one.metrics and other.metrics:
        console.write("The data differ, and so do the test sets that the metrics were measured on.")


def _verdict(each: Difference) -> str:
    if not each.verdict:
        return ""
    change = f"{abs(each.second / each.first - 1):.1%}" if each.first else ""
    if change == "0.0%":
        return "  no difference"
    size = f" by {change}" if change else ""
    chance = f", within its standard deviation ± {facts.number(each.deviation)}" if each.is_within_deviation else ""
    return f"  {each.verdict}{size}{chance}"


def _shown(name: str, value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float | int):
        return facts.number(value)
    text = facts.image(value) if name == "image" else str(value)
    return text if len(text) <= _COLUMN else f"{text[: _COLUMN - 1]}…"
