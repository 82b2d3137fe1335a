"""`mlops check`: does this repository keep the contract?"""

from __future__ import annotations

import click

from mlops import conformance, release
from mlops.cli import console
from mlops.errors import InputError, printable

_WIDTH = 16


@click.command()
def check() -> None:
    """Try model/, data/ and configuration/ on the sample.

    Without a cloud, a data set is prepared, a model trained on a few rows, asked for predictions and evaluated, in a temporary
    folder. What is missing or wrong is named with its file; docs/bring-your-own-model.md describes each part.

    Exit codes: 0 no part has a problem, 2 a part has one.
    """
    problems = {}
    for step in conformance.run(release.find().root):
        if step.problem:
            problems[step.name] = step.problem
        console.write(f"{step.name:{_WIDTH}} {'wrong' if step.problem else printable(step.found) or 'not tried'}")
    if problems:
        lines = [f"  {printable(line)}" for problem in problems.values() for line in problem.splitlines()]
        raise InputError("\n".join([f"Wrong in this repository: {', '.join(problems)}", *lines]))
