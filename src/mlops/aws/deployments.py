"""The log of production: an object in the bucket for each deployment, written once.

A release is logged by infra/decision.asl.json, a rollback by `mlops rollback`. CodePipeline forgets its executions
after 12 months and CloudFormation the events of a stack after 90 days; these objects stay.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from mlops import names
from mlops.aws import paging
from mlops.aws.requested_by import RequestedBy
from mlops.aws.session import AWSError, Session
from mlops.names import Names

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_READERS = 8


@dataclass(frozen=True)
class Deployment:
    """An execution's release went into production at `time`, in UTC. `by` and `reason` are those of a rollback."""

    execution_id: str
    time: str
    kind: Literal["release", "rollback"]
    by: str = ""
    reason: str = ""

    @property
    def moment(self) -> datetime:
        return datetime.strptime(self.time, _TIME).replace(tzinfo=UTC)


def write_rollback(session: Session, own: Names, bucket: str, execution_id: str, asked: RequestedBy) -> None:
    """Log that production serves an earlier release again, and publish it for the dashboard."""
    reason = "" if asked.reason == "none given" else asked.reason
    entry = Deployment(execution_id, datetime.now(UTC).strftime(_TIME), "rollback", asked.started_by, reason)
    session.client("s3").put_object(
        Bucket=bucket,
        Key=names.deployment_key(entry.time, execution_id),
        Body=json.dumps(asdict(entry)).encode(),
        ContentType="application/json",
    )
    deployed = {"Name": "Release", "Value": names.short(execution_id)}
    value = {
        "MetricName": "Deployment",
        "Timestamp": entry.moment,
        "Value": 1,
        "Unit": "Count",
        "Dimensions": [deployed],
    }
    session.client("cloudwatch").put_metric_data(Namespace=own.metrics, MetricData=[value])


def newest_first(session: Session, bucket: str) -> list[Deployment]:
    """All deployments to production; none before the first, or before the bucket."""
    try:
        found = list(
            paging.items(session.client("s3"), "list_objects_v2", "Contents", Bucket=bucket, Prefix=names.DEPLOYMENTS)
        )
    except AWSError as error:
        if error.code != "NoSuchBucket":
            raise
        return []
    keys = sorted((each["Key"] for each in found), reverse=True)
    return [Deployment(**entry) for entry in documents(session, bucket, keys) if entry]


def documents(session: Session, bucket: str, keys: Sequence[str]) -> list[dict[str, Any] | None]:
    """The JSON objects of these keys, in their order; None for one that does not exist."""
    client = session.client("s3")
    with ThreadPoolExecutor(_READERS) as readers:
        return list(readers.map(lambda key: _document(client, bucket, key), keys))


def _document(client: Any, bucket: str, key: str) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(client.get_object(Bucket=bucket, Key=key)["Body"].read())
    except AWSError as error:
        if error.code != "NoSuchKey":
            raise
        return None
    return content
