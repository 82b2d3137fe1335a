"""SageMaker's API for one domain of Studio, which the local cloud does not have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import json_service

DOMAIN = "d-abcdefghijkl"
ARN = f"arn:aws:sagemaker:us-east-1:123456789012:domain/{DOMAIN}"


@dataclass
class Domain:
    """The domain: its users' role, its tags, and where its API is."""

    role_arn: str
    url: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        match operation, request:
            case "DescribeDomain", {"DomainId": "d-abcdefghijkl"}:
                return {"DomainArn": ARN, "DefaultUserSettings": {"ExecutionRole": self.role_arn}}
            case "ListTags", {"ResourceArn": arn} if arn == ARN:
                return {"Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()]}
            case "AddTags", {"ResourceArn": arn, "Tags": tags} if arn == ARN:
                self.tags |= {tag["Key"]: tag["Value"] for tag in tags}
                return {"Tags": []}
        raise json_service.ServiceError("ResourceNotFound", f"No such domain: {operation}")


@contextmanager
def serve(domain: Domain) -> Iterator[None]:
    """Serve the domain's API at `domain.url`, for the duration of the context."""
    with json_service.serve(domain.call) as domain.url:
        yield
