"""`mlops doctor`: what is wrong with the set-up, and what to do about it."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from mlops import release
from mlops.cli import console
from mlops.cli.show import show


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Check credentials, account, GitHub and stacks. Changes nothing.

    Each line says ok, problem (and what to do), or unknown: what these credentials may not read, and what the local
    cloud does not have. Exit code 1 when there is a problem.
    """
    repository = release.find()
    findings = release.result(release.diagnose(repository)) if as_json else show(release.diagnose(repository))
    problems = sum(1 for each in findings if each.state == "problem")
    unknown = sum(1 for each in findings if each.state == "unknown")
    if as_json:
        console.write(json.dumps([asdict(each) for each in findings], indent=2))
    else:
        console.write(f"{_count(problems, 'problem')}, {unknown} not checked, {len(findings)} findings.")
    context.exit(1 if problems else 0)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
