"""The execution, or the version of a model package, that an argument of a command names."""

from __future__ import annotations

import re

from mlops.aws import executions, model_packages
from mlops.aws.model_packages import ModelPackage
from mlops.errors import InputError
from mlops.release.repository import Repository

# Shorter than the beginning of an execution's id that commands print.
_VERSION = re.compile("[1-9][0-9]{0,6}")

_LISTED = 10


def version_number(given: str) -> int | None:
    """The number of a version; None when an execution is named by its id or the id's first characters."""
    return int(given) if _VERSION.fullmatch(given) else None


def package(repository: Repository, version: int) -> ModelPackage:
    """The package of this version. InputError lists the newest versions when there is no such one."""
    session, names = repository.session, repository.names
    try:
        return model_packages.read(session, names, version)
    except InputError as error:
        known = model_packages.versions(session, names, _LISTED)
        if not known:
            executions.require_pipeline(session, names.pipeline)
            raise InputError(f"{error} It has none yet. See the executions with: mlops history --all") from error
        listed = ", ".join(map(str, known))
        raise InputError(f"{error} The newest: {listed}. See all releases with: mlops history --all") from error


def execution_id(repository: Repository, given: str | None) -> str:
    """The whole id of the execution, given by its version's number, its id or the id's first characters.

    Without a name that of the latest execution. InputError when there is none.
    """
    session, names = repository.session, repository.names
    number = version_number(given) if given else None
    if number is None:
        return executions.named(session, names.pipeline, given)
    found = package(repository, number).execution_id
    if not found:
        raise unreleased(number)
    return found


def unreleased(version: int) -> InputError:
    """The refusal of a model package that no execution of the pipeline has created."""
    return InputError(f"Version {version} was created by no release: its metadata name no execution.")
