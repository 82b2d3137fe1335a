"""`mlops show`: everything that is kept of one version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import click

from mlops import release
from mlops.cli import console, facts
from mlops.release.versions import Measured, Period, Version


@click.command()
@click.argument("version")
@click.option("--full", is_flag=True, help="With whole S3 URIs.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def version(version: str, full: bool, as_json: bool) -> None:
    """Show what a version was made from, and who approved it.

    VERSION is the number of its model package, or the id of its execution or the beginning of it. S3 URIs are shown
    without the bucket, and with the beginning of an id, unless --full.
    """
    found = release.version(release.find(), version)
    if as_json:
        facts.say_json(found)
        return
    title = f"Version {found.version}" if found.version is not None else f"Execution {found.execution_id}"
    console.write(f"{title}: {found.state}{_since(found)}")
    uri = str if full else facts.uri
    for heading, rows in (
        ("", _origin(found, uri)),
        ("Approval\n", _approval(found)),
        ("In production\n", map(_period, found.periods)),
        ("Metrics of the test set\n", ((name, _measured(each)) for name, each in found.metrics.items())),
        ("Hyperparameters, as tuned\n" if found.tuned else "Hyperparameters\n", found.hyperparameters.items()),
        ("Where to look\n", _places(found, uri)),
    ):
        _say_table(heading, rows)


def _since(found: Version) -> str:
    current = found.periods[0] if found.periods and found.state == "in production" else None
    return f" since {facts.when(current.since)}" if current else ""


def _origin(found: Version, uri: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    yield "execution", found.execution_id
    yield "registered" if found.version is not None else "started", facts.when(found.registered)
    yield "commit", f"{found.commit_id}  {facts.commit_link(found)}".rstrip()
    yield "data version", found.data_version
    yield "image", facts.image(found.image)
    yield "model", uri(found.model)
    by = f", by {found.requested_by}" if found.requested_by else ""
    yield "trigger", f"{found.trigger or 'unknown'}{by}"
    yield "reason", found.reason
    yield "link", found.link
    yield "stop", found.stop_reason or ("no reason given" if _is_stopped(found) else "")
    yield "failure", found.failure
    for file in found.baseline:
        yield f"baseline {file.rpartition('/')[2].removesuffix('.json')}", uri(file)


def _approval(found: Version) -> Iterator[tuple[str, str]]:
    if found.qa is not None:
        yield "QA", f"{'passed' if found.qa else 'failed'}, {found.qa_checks} checks"
    answer = found.approval
    if answer and not _is_stopped(found):
        word = "approved" if answer.approved else "rejected"
        yield word, f"by {answer.approver or 'a timeout, or a stop of the release,'} on {facts.when(answer.time)}"
        yield "comment", answer.comment
    elif found.qa is not None and not found.periods:
        yield "decision", f"none, {found.state}"
    yield "later", found.rejection


def _is_stopped(found: Version) -> bool:
    return found.state in ("stopping", "stopped")


def _period(period: Period) -> tuple[str, str]:
    until = facts.when(period.until) or "now"
    replaced = f", replaced {period.replaced}" if period.replaced else ", the first"
    how = f" by a rollback of {period.by}" if period.kind == "rollback" else ""
    return facts.when(period.since), f"until {until}{replaced}{how}{': ' + period.reason if period.reason else ''}"


def _measured(each: Measured) -> str:
    deviation = f" ± {facts.number(each.deviation)}" if each.deviation is not None else ""
    limit = "at most" if each.lower_is_better else "at least"
    bound = f", allowed {limit} {facts.number(each.bound)}" if each.bound is not None else ""
    before = f", production then {facts.number(each.production)}" if each.production is not None else ""
    return f"{facts.number(each.value)}{deviation}{bound}{before}"


def _places(found: Version, uri: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    yield "report", f"mlops report {found.execution_id}"
    yield "logs", f"mlops logs --execution {found.execution_id}"
    yield "results", uri(found.results)
    if uri(found.results) != found.results:
        yield "whole URIs", f"mlops show {found.name} --full"


def _say_table(heading: str, rows: Iterable[tuple[str, str]]) -> None:
    """Print a heading, and below it names and values in two columns: those that have a value, or nothing at all."""
    shown = [(name, value) for name, value in rows if value]
    width = max((len(name) for name, _ in shown), default=0)
    if shown:
        console.write("\n" + heading + "\n".join(f"  {name.ljust(width)}  {value}" for name, value in shown))
