"""`mlops cost`: what this repository costs on AWS, and how long a release takes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click

from mlops import release
from mlops.cli import console
from mlops.costs import Batch, Estimate, Monitoring, Step, prices
from mlops.errors import InputError
from mlops.release.diagnosis.quotas import Need

_NAME, _WHAT = 24, 36
_UNKNOWN = "?"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--prices",
    "table",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A price table whose figures replace the shipped ones.",
)
@click.option("--refresh", is_flag=True, help="Read AWS's price list first (needs pricing:GetProducts).")
@click.option("--region", metavar="REGION", help="The prices of another region, for comparison.")
def cost(as_json: bool, table: Path | None, refresh: bool, region: str | None) -> None:
    """Show the cost on AWS and the time of a release.

    Works without AWS. With AWS credentials, past releases give the times of a release; bounds are shown in any case.
    Times of the local cloud are not used: it starts no instances.

    Exit codes: 0 done, 2 the price table lacks a figure.
    """
    repository = release.find()
    estimate = release.estimate_cost(repository, table=table, refresh=refresh, region=region)
    quotas = release.needed_quotas(repository)
    if as_json:
        needed = [{"service": each.service, "quota": each.quota, "least": each.least} for each in quotas]
        console.write(json.dumps(estimate.document() | {"quotas": needed}, indent=2))
    else:
        for line in (*lines(estimate), "", *_quotas(quotas)):
            console.write(line)
    if estimate.missing:
        raise InputError(_missing(estimate))


def lines(estimate: Estimate) -> list[str]:
    """The estimate for people, in at most 100 columns."""
    return [
        *_head(estimate),
        "",
        f"{'A day in production':{_NAME + _WHAT}}{_usd(estimate.day):>10}",
        *(f"  {charge.name:{_NAME}}{charge.what:{_WHAT - 2}}{_usd(charge.usd):>10}" for charge in estimate.standing),
        "",
        *_release(estimate),
        "",
        *_retraining(estimate),
        "",
        *_monitoring(estimate.monitoring),
        "",
        *_batch(estimate.batch),
        "",
        *_choices(estimate),
        "Not counted: requests, data, logs, volumes of instances, retrainings by drift or new data.",
    ]


def _head(estimate: Estimate) -> list[str]:
    dates = sorted(figure.date for figure in estimate.figures.values())
    span = f"of {dates[0]}" if dates[0] == dates[-1] else f"of {dates[0]} to {dates[-1]}"
    return [f"USD in {estimate.region}, by prices {span}; no free tier is assumed.", "Their sources: mlops cost --json"]


def _release(estimate: Estimate) -> list[str]:
    past = len(estimate.history.releases)
    known = f"by {past} past release{'s' if past > 1 else ''}" if past else "no past times"
    rows = [
        f"{'One release':{_NAME + _WHAT}}{known:>18}{'at most':>19}",
        f"{'':{_NAME + _WHAT}}{'time':>9}{'USD':>9}{'time':>10}{'USD':>9}",
        *(_step(step) for step in estimate.steps),
        _row(
            "all; time without wait",
            "",
            _minutes(estimate.minutes),
            _usd(estimate.release) if past else "",
            _minutes(estimate.minutes_at_most),
            _usd(estimate.release_at_most),
        ),
        _step(replace(estimate.tuning, name="with --tune")),
    ]
    if not past:
        rows.append(f"  No times of past releases: {estimate.history.reason.splitlines()[0]}"[:100])
    return rows


def _step(step: Step) -> str:
    spent = "" if step.minutes is None else _usd(step.usd)
    return _row(step.name, step.what, _minutes(step.minutes), spent, _minutes(step.most_minutes), _usd(step.most_usd))


def _row(name: str, what: str, minutes: str, usd: str, most_minutes: str, most_usd: str) -> str:
    return f"  {name:{_NAME}}{what:{_WHAT - 2}}{minutes:>9}{usd:>9}{most_minutes:>10}{most_usd:>9}"


def _retraining(estimate: Estimate) -> list[str]:
    known = estimate.release is not None
    usd = estimate.release if known else estimate.release_at_most
    monthly = None if usd is None else usd * estimate.retrainings
    what = f"{estimate.retrainings:.3g} scheduled release{'' if estimate.retrainings == 1 else 's'}"
    bound = "" if known else "at most "
    return [f"{'A month of retraining':{_NAME}}  {what:{_WHAT - 2}}{bound + _usd(monthly):>18}"]


def _monitoring(day: Monitoring) -> list[str]:
    past = day.minutes is not None
    each, usd = (day.minutes, _usd(day.usd)) if past else (day.most_minutes, f"at most {_usd(day.most_usd)}")
    metrics = "features unknown" if day.metrics is None else f"{day.metrics}, with ground truth"
    return [
        "A day of monitoring in addition, when each run finds captured requests",
        f"  {'jobs':{_NAME}}{f'{day.what}, {_minutes(each)} each':{_WHAT - 2}}{usd:>18}",
        f"  {'more metrics':{_NAME}}{metrics:{_WHAT - 2}}{_usd(day.metrics_usd):>18}",
    ]


def _batch(batch: Batch) -> list[str]:
    return [
        "A batch, by the hour",
        f"  {'transform job':{_NAME}}{batch.what:{_WHAT - 2}}{_usd(batch.usd_an_hour):>18}",
        f"  {'comparison after it':{_NAME}}{batch.comparison:{_WHAT - 2}}{_usd(batch.comparison_usd_an_hour):>18}",
    ]


def _choices(estimate: Estimate) -> list[str]:
    if not estimate.choices:
        return []
    rows = [
        f"  {choice.file:18}{choice.setting:48}{choice.usd:>+9.3f}  a{_n(choice.per)} {choice.per}"
        for choice in estimate.choices
    ]
    return ["Other choices", *rows, ""]


def _quotas(needed: list[Need]) -> list[str]:
    return [
        "Quotas that this needs at least; mlops doctor compares them with the account's",
        *(f"  {each.service:{_NAME - 12}}{each.quota:{_WHAT + 20}}{each.least:>4}  {each.purpose}" for each in needed),
    ]


def _n(word: str) -> str:
    return "n" if word.startswith("hour") else ""


def _usd(amount: float | None) -> str:
    return _UNKNOWN if amount is None else f"{amount:.3f}"


def _minutes(minutes: float | None) -> str:
    return "" if minutes is None else console.elapsed(60 * minutes)


def _missing(estimate: Estimate) -> str:
    keys = ", ".join(map(str, estimate.missing))
    return (
        f"The price table lacks, for {estimate.region}: {keys}. What depends on it is shown as {_UNKNOWN}. "
        f"{prices.ELSEWHERE}. Or give the figures: mlops cost --prices FILE"
    )
