"""The execution's results in the bucket: data set, evaluation, predictions, QA."""

from __future__ import annotations

from typing import Any

from mlops import names
from mlops.aws import paging
from mlops.aws.executions import Execution
from mlops.aws.session import Session
from mlops.report import metrics, pipeline, predictions
from mlops.report.objects import read, read_json

# This part of the document without the bucket.
NOTHING: dict[str, Any] = {
    **dict.fromkeys(("dataset", "evaluation", "predictions", "qa", "smoke")),
    "files": [],
}


def collect(session: Session, bucket: str, execution: Execution) -> dict[str, Any]:
    """`dataset`, `evaluation`, `predictions`, `qa`, `smoke` and `files` of the document."""
    prefix = names.execution_prefix(execution.id)
    version = pipeline.data_version(execution)
    dataset = f"{names.dataset_prefix(version)}dataset.json" if version else None
    evaluation = read_json(session, bucket, names.evaluation_key(execution.id))
    table = read(session, bucket, f"{prefix}evaluation/predictions.csv")
    return {
        "dataset": read_json(session, bucket, dataset) if dataset else None,
        "evaluation": evaluation,
        "predictions": predictions.digest(table.decode("utf-8"), metrics.problem_type(evaluation)) if table else None,
        "qa": read_json(session, bucket, f"{prefix}qa/qa.json"),
        "smoke": read_json(session, bucket, f"{prefix}smoke/qa.json"),
        "files": _files(session, bucket, prefix),
    }


def location(bucket: str, execution: Execution) -> str:
    """The URI of the prefix of all files of an execution."""
    return f"s3://{bucket}/{names.execution_prefix(execution.id)}"


def _files(session: Session, bucket: str, prefix: str) -> list[dict[str, Any]]:
    objects = paging.items(session.client("s3"), "list_objects_v2", "Contents", Bucket=bucket, Prefix=prefix)
    return [
        {
            "name": each["Key"].removeprefix(prefix),
            "uri": f"s3://{bucket}/{each['Key']}",
            "bytes": each["Size"],
        }
        for each in objects
    ]
