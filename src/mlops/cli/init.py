"""`mlops init`: put a generated repository on GitHub, ready to release."""

from __future__ import annotations

import click

from mlops import release
from mlops.cli.reviewers import reviewers
from mlops.cli.show import show


@click.command()
@reviewers
@click.option("--public/--private", "public", help="Who can read the repository on GitHub.  [default: private]")
def init(logins: tuple[str, ...], public: bool) -> None:
    """Put this repository on GitHub, ready to release.

    Commits the files where they have no commit, creates the repository by gh, does what `mlops bootstrap --github` does,
    and pushes to main, which starts the first release. The account needs its foundation first: `make foundation` in the
    template's repository.
    """
    show(release.initialise(release.find(), reviewers=logins, public=public))
