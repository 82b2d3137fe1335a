"""`mlops bootstrap`: what GitHub may do with this repository in the account."""

from __future__ import annotations

import click

from mlops import release
from mlops.cli.show import show


@click.command()
@click.option("--owner-id", help="GitHub's number of the owner.  [default: looked up]")
@click.option("--repository-id", help="GitHub's number of the repository.  [default: looked up]")
@click.option(
    "--pull-request-role/--no-pull-request-role",
    "pull_requests",
    help="Whether workflows of pull requests may look at this project.  [default: no]",
)
@click.option(
    "--reviewer",
    "logins",
    multiple=True,
    help="Who is asked before a release and before everything is deleted: a person's login or ORGANISATION/TEAM. "
    "May be given several times.",
)
@click.option("--github/--no-github", "sets", help="Set the variables and environments on GitHub, by gh.")
def bootstrap(
    owner_id: str | None, repository_id: str | None, pull_requests: bool, logins: tuple[str, ...], sets: bool
) -> None:
    """Make the roles of this repository's workflows on GitHub.

    Each is for one purpose. No key is stored anywhere; GitHub's tokens say who asks. The account's foundation has to be
    there: `make foundation` in the template's repository.
    """
    show(
        release.bootstrap(
            release.find(),
            owner_id=owner_id,
            repository_id=repository_id,
            pull_requests=pull_requests,
            reviewers=logins,
            set_on_github=sets,
        )
    )
