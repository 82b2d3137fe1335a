"""The option of the commands that protect environments on GitHub."""

import click

reviewers = click.option(
    "--reviewer",
    "logins",
    multiple=True,
    help="Who must approve, on GitHub, a release and the deletion of everything: a person's login or "
    "ORGANISATION/TEAM. May be given several times.",
)
