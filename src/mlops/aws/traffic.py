"""Counts a release's requests, and the failed ones, while the traffic was shifted to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mlops.aws import paging, stacks
from mlops.aws.executions import Action
from mlops.aws.session import Session
from mlops.names import RELEASE_VARIANT, Names

_PERIOD = timedelta(minutes=1)
_REQUESTS, _FAILED = "answered", "failed"


@dataclass(frozen=True)
class Traffic:
    """Counts of requests over whole minutes. `version` is the Lambda function's, empty where clients call the endpoint.

    The counts of a version are the new release's alone; those of an endpoint are of the old and the new one together.
    """

    version: str
    requests: int
    failed: int


def of_shift(session: Session, names: Names, action: Action) -> Traffic | None:
    """The traffic during the deployment to production by `action`, or None without a shift.

    CloudWatch counts an invocation of an alias with weights also by the version that answered it.
    Source: AWS Lambda Developer Guide, "Viewing metrics for Lambda functions".
    """
    if action.started is None:
        return None
    stack = names.endpoint_stack("production")
    until = action.ended or datetime.now(UTC)
    events = stacks.events_between(session, stack, action.started, until)
    published = next((each for each in events if each.type == "AWS::Lambda::Version" and ":" in each.physical_id), None)
    if published is not None:
        function, version = published.physical_id.split(":")[-2:]
        dimensions = {"FunctionName": function, "Resource": f"{function}:live", "ExecutedVersion": version}
        counts = _counts(session, "AWS/Lambda", ("Invocations", "Errors"), dimensions, action.started, until)
        return Traffic(version, counts[_REQUESTS], counts[_FAILED])
    endpoints = (each for each in events if each.type == "AWS::SageMaker::Endpoint")
    updated = next((each for each in endpoints if each.status.startswith("UPDATE")), None)
    if updated is None:
        return None
    dimensions = {"EndpointName": updated.physical_id.rpartition("/")[2], "VariantName": RELEASE_VARIANT}
    metrics = ("Invocations", "Invocation5XXErrors")
    counts = _counts(session, "AWS/SageMaker", metrics, dimensions, action.started, until)
    return Traffic("", counts[_REQUESTS], counts[_FAILED])


def _counts(
    session: Session,
    namespace: str,
    metrics: tuple[str, str],
    dimensions: dict[str, str],
    first: datetime,
    last: datetime,
) -> dict[str, int]:
    """The sums of the metrics of requests and of failures from the minute of `first` to the minute of `last`."""
    queries = [
        {
            "Id": name,
            "MetricStat": {
                "Metric": {
                    "Namespace": namespace,
                    "MetricName": metric,
                    "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
                },
                "Period": int(_PERIOD.total_seconds()),
                "Stat": "Sum",
            },
        }
        for name, metric in zip((_REQUESTS, _FAILED), metrics, strict=True)
    ]
    results = paging.items(
        session.client("cloudwatch"),
        "get_metric_data",
        "MetricDataResults",
        MetricDataQueries=queries,
        StartTime=first.replace(second=0, microsecond=0),
        EndTime=last.replace(second=0, microsecond=0) + _PERIOD,
    )
    counts = {_REQUESTS: 0, _FAILED: 0}
    for each in results:
        counts[each["Id"]] += int(sum(each["Values"]))
    return counts
