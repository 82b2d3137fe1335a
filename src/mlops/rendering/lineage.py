"""The lineage of a model package: what is known of it before training. The state machine adds the rest."""

from __future__ import annotations

import unicodedata

from mlops import names
from mlops.configuration import Configuration
from mlops.metrics import GROUPS
from mlops.rendering.release import Release, Request

# Limits of a value in CustomerMetadataProperties, by SageMaker's API model: letters, numbers, spaces and these.
_LONGEST = 256
_SIGNS = frozenset("_.:/=+-@")
# The pipeline's variables that say who requested the release, and their keys in the metadata.
_REQUEST = {"Trigger": "trigger", "StartedBy": "requested-by", "Reason": "reason", "Link": "link"}


def record(configuration: Configuration, release: Release) -> Request:
    """Return the content of lineage.json but for hyperparameters, metrics and gate, which the state machine adds."""
    return {
        "execution_id": release.execution_id,
        "commit_id": release.commit_id,
        "repository": repository(configuration),
        "data_version": release.data_version,
        "image": release.image,
        "model_data_url": release.model_data_url,
        "problem_type": configuration.problem_type.value,
        "group": GROUPS[configuration.problem_type],
        "tuned": release.tune,
        "baseline": [release.result("baseline/statistics.json"), release.result("baseline/constraints.json")],
        "compared_with": release.production_model,
        "request": release.request,
    }


def metadata(configuration: Configuration, release: Release) -> dict[str, str]:
    """Return the metadata that the package is registered with; texts in the characters that SageMaker allows.

    A package in a group takes no tags. The decision finds its package by `execution`, a rollback its release.
    """
    request = {key: release.request.get(variable, "") for variable, key in _REQUEST.items()}
    return {
        **release.lineage.tags(configuration.names),
        "image": allowed(release.image),
        "lineage": release.s3(names.lineage_key(release.execution_id)),
        **{key: allowed(value) for key, value in request.items() if value.strip() not in ("", "none")},
    }


def repository(configuration: Configuration) -> str:
    """The URL of the repository on GitHub."""
    project = configuration.project
    return f"https://github.com/{project.github_owner}/{project.github_repository}"


def allowed(text: str) -> str:
    """The text as a value of the metadata: a space for each character that SageMaker refuses, cut to its limit."""
    return "".join(each if _is_allowed(each) else " " for each in text)[:_LONGEST]


def _is_allowed(character: str) -> bool:
    return character in _SIGNS or unicodedata.category(character)[0] in "LNZ"
