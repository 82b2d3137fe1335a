"""`mlops bootstrap`: create the roles of this repository's GitHub workflows in the account."""

from __future__ import annotations

import click

from mlops import release
from mlops.cli.reviewers import reviewers
from mlops.cli.show import show


@click.command()
@click.option("--owner-id", help="The owner's numeric id on GitHub.  [default: looked up]")
@click.option("--repository-id", help="The repository's numeric id on GitHub.  [default: looked up]")
@click.option(
    "--pull-request-role/--no-pull-request-role",
    "pull_requests",
    help="Whether workflows of pull requests get a role that can read this project's resources.  [default: no]",
)
@reviewers
@click.option("--github/--no-github", "sets", help="Set the variables and environments on GitHub, by gh.")
def bootstrap(
    owner_id: str | None, repository_id: str | None, pull_requests: bool, logins: tuple[str, ...], sets: bool
) -> None:
    """Create the roles of this repository's GitHub workflows.

    Each role has one purpose. No key is stored: GitHub's OIDC tokens identify the workflow. The account needs its
    foundation first: `make foundation` in the template's repository.
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
