"""Puts a generated repository on GitHub, ready to release."""

from __future__ import annotations

from collections.abc import Sequence

from mlops.aws import account
from mlops.errors import InputError
from mlops.github import checkout, repositories
from mlops.release.bootstrapping import bootstrap, full_name
from mlops.release.events import Events, step
from mlops.release.repository import Repository


def initialise(repository: Repository, *, reviewers: Sequence[str] = (), public: bool = False) -> Events[None]:
    """Commit the files, create the repository on GitHub, its roles in the account and its environments, and push.

    What exists stays as it is, so that a second run continues where the first one failed. The push is last: with it the
    first release starts. InputError where the account has no identity provider of GitHub, or where GitHub has a
    repository of this name that is not this checkout's remote.
    """
    repository.check()
    account.require_provider(repository.session)
    name = full_name(repository)
    yield from step("Committing the files, where they have no commit", lambda: checkout.begin(repository.root))
    if not checkout.has_remote(repository.root):
        if repositories.exists(name):
            raise InputError(
                f"GitHub has {name} already. If it is meant for these files, name it, then repeat: "
                f"git remote add {checkout.REMOTE} URL. If not, change github_repository in configuration/project.json."
            )
        yield from step(
            f"Creating {name} on GitHub",
            lambda: repositories.create(name, repository.root, checkout.REMOTE, public=public),
        )
    yield from bootstrap(repository, reviewers=reviewers, set_on_github=True)
    yield from step(f"Pushing to {checkout.BRANCH}: the first release starts", lambda: checkout.push(repository.root))
