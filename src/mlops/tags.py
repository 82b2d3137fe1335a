"""Tags of AWS resources: the lineage, which links a resource to its release, and the format of requests to AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlops.names import Names

LINEAGE = ("project", "model", "execution", "commit", "data-version")


@dataclass(frozen=True)
class Lineage:
    """The pipeline execution, the commit and the data version of a job, a model or an endpoint."""

    execution_id: str
    commit_id: str
    data_version: str

    def tags(self, names: Names) -> dict[str, str]:
        """The tags, or the metadata of a model package, by their keys."""
        return dict(
            zip(
                LINEAGE, (names.project, names.model, self.execution_id, self.commit_id, self.data_version), strict=True
            )
        )

    @classmethod
    def of(cls, tags: Mapping[str, str]) -> Lineage:
        """The lineage in tags or metadata; missing parts are empty."""
        return cls(*(tags.get(key, "") for key in LINEAGE[2:]))


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """The tags in the format of AWS requests, sorted by key."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
