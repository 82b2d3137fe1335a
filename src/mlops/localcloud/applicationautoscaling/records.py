"""Scalable targets and scaling activities."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from mlops.localcloud import context
from mlops.localcloud.errors import AWSError


@dataclass
class Target:
    """One variant; `changed` is the time (time.monotonic) of its last change, by direction."""

    resource_id: str
    minimum: int
    maximum: int
    arn: str
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    changed: dict[str, float] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        return self.resource_id.split("/")[1]

    @property
    def variant(self) -> str:
        return self.resource_id.split("/")[3]


targets = context.scoped(dict[str, Target])
activities = context.scoped(list[dict])


def get(name: str) -> Target:
    """The target of this resource id. Raises AWSError when it does not exist."""
    if name not in targets():
        raise AWSError("ObjectNotFoundException", f"No scalable target registered for {name}")
    return targets()[name]
