"""The times of past jobs of monitoring, from SageMaker's responses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import Stubber

from mlops.aws import jobs
from mlops.aws.session import AWSError, Session
from mlops.costs import History
from mlops.names import Names

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
NAMES = Names("taxi-fares", "total-amount")
LISTING = {
    "NameContains": "taxi-fares-",
    "StatusEquals": "Completed",
    "SortBy": "CreationTime",
    "SortOrder": "Descending",
    "MaxResults": 100,
}


@pytest.fixture
def session(no_aws: None, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return Session("us-east-1")


@pytest.fixture
def sagemaker(session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    client = session.client("sagemaker")
    monkeypatch.setattr(session, "client", lambda service: client)
    with Stubber(client) as stubber:
        yield stubber


def arn(name: str) -> str:
    return f"arn:aws:sagemaker:us-east-1:000000000000:processing-job/{name}"


def summary(name: str) -> dict[str, Any]:
    return {
        "ProcessingJobName": name,
        "ProcessingJobArn": arn(name),
        "CreationTime": NOON,
        "ProcessingJobStatus": "Completed",
    }


def described(name: str, minutes: int) -> dict[str, Any]:
    return {
        **summary(name),
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 10}
        },
        "AppSpecification": {"ImageUri": "image"},
        "ProcessingStartTime": NOON + timedelta(minutes=4),
        "ProcessingEndTime": NOON + timedelta(minutes=4 + minutes),
    }


def test_the_newest_jobs_of_monitoring_count_without_their_start(session: Session, sagemaker: Stubber) -> None:
    listed = [
        "taxi-fares-6721aa00-monitor",
        "taxi-fares-6721aa00-baseline",
        "taxi-fares-2-6721aa00-monitor",  # of the project taxi-fares-2
        "taxi-fares-6721a9ff-monitor",
        "taxi-fares-6721a9fe-monitor",
    ]
    sagemaker.add_response(
        "list_processing_jobs", {"ProcessingJobSummaries": [summary(name) for name in listed]}, LISTING
    )
    for name, minutes in (("taxi-fares-6721aa00-monitor", 2), ("taxi-fares-6721a9ff-monitor", 4)):
        sagemaker.add_response("describe_processing_job", described(name, minutes), {"ProcessingJobName": name})
    found = jobs.monitored(session, NAMES, limit=2)
    assert History(monitored=found).monitoring() == 3
    sagemaker.assert_no_pending_responses()


def test_a_caller_who_may_not_list_jobs_gets_bounds(session: Session, sagemaker: Stubber) -> None:
    sagemaker.add_client_error("list_processing_jobs", "AccessDeniedException", http_status_code=400)
    assert jobs.monitored(session, NAMES, limit=2) == []


def test_another_error_is_not_hidden(session: Session, sagemaker: Stubber) -> None:
    sagemaker.add_client_error("list_processing_jobs", "InternalFailure", http_status_code=500)
    with pytest.raises(AWSError):
        jobs.monitored(session, NAMES, limit=2)
