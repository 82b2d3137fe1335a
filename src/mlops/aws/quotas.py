"""Quotas of the account, by the names under which Service Quotas lists them: their codes are opaque."""

from __future__ import annotations

from collections.abc import Collection

from mlops.aws import paging
from mlops.aws.session import Session


def values(session: Session, service: str, names: Collection[str]) -> dict[str, float]:
    """The values of the named quotas of a service, such as `sagemaker`; a quota that AWS does not list is left out.

    The list of applied values lacks quotas that have only a default.
    """
    client = session.client("service-quotas")
    found: dict[str, float] = {}
    for operation in ("list_aws_default_service_quotas", "list_service_quotas"):
        for quota in paging.items(client, operation, "Quotas", ServiceCode=service):
            if quota["QuotaName"] in names:
                found[quota["QuotaName"]] = quota["Value"]
    return found
