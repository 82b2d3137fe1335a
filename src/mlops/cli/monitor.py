"""`mlops monitor`: the monitoring of production, now and not by its schedule, and its reports."""

from __future__ import annotations

from pathlib import Path

import click

from mlops import release
from mlops.cli import console
from mlops.cli.group import Group
from mlops.cli.show import show
from mlops.places import shown

_COMMANDS = {
    "run": ("mlops.cli.monitor:run", "Compare now what was captured since the last run."),
    "open": ("mlops.cli.monitor:open_report", "Show the newest report in the browser."),
}


@click.group(cls=Group, commands=_COMMANDS)
def monitor() -> None:
    """Compare captured requests with the baseline now; open the report."""


@click.command()
@click.option("--open", "opened", is_flag=True, help="Show the report in the browser.")
def run(opened: bool) -> None:
    """Compare now what was captured since the last run, by the schedule or by hand.

    This starts the state machine that the schedule in configuration/monitoring.yml starts, with its metrics, alarms
    and retrainings. Each record is compared once: a run that is under way is followed to its end first, and a run of
    the schedule that comes meanwhile ends at once. Where it is time for that, predictions are judged by ground truth.
    Ctrl-C ends this command and leaves the run going.

    Exit codes: 0 no alarm is raised, 1 an alarm is raised or the run has failed, 2 the input is wrong.
    """
    try:
        found = show(release.run_monitoring(release.find()))
    except KeyboardInterrupt:
        raise click.exceptions.Exit(1) from None
    if opened:
        for each in found:
            _launch(each.run.report)
    if any(each.is_violated for each in found):
        raise click.exceptions.Exit(1)


@click.command(name="open")
@click.option("--quality", is_flag=True, help="The newest judgement by ground truth, and not of drift.")
@click.option("--no-browser", is_flag=True, help="Only fetch the report, and print where it is.")
def open_report(quality: bool, no_browser: bool) -> None:
    """Show the newest report of monitoring in the browser.

    The page, statistics and violations are fetched to .mlops/monitoring/. Runs that have found no captured requests
    have no report.
    """
    found = show(release.fetch_monitoring(release.find(), of_quality=quality))
    if not no_browser:
        _launch(found.run.report)


def _launch(page: Path) -> None:
    if click.launch(page.resolve().as_uri()):
        console.write(f"There is no browser to open here: open {shown(page)} in yours.")
