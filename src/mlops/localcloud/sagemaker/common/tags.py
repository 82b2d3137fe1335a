"""Tags of every SageMaker resource, by ARN."""

import threading

from mlops.localcloud import context, paging
from mlops.localcloud.errors import AWSError
from mlops.localcloud.sagemaker.common.service import service

_MAXIMUM = 50
_tags = context.scoped(dict[str, dict[str, str]])
_lock = threading.Lock()


def register(arn: str, tags: list[dict[str, str]] | None = None) -> None:
    """Make a new resource known under `arn`, with the `Tags` of the request that creates it."""
    with _lock:
        _tags()[arn] = _merged({}, tags or [])


def forget(arn: str) -> None:
    """Drop a deleted resource and its tags."""
    with _lock:
        _tags().pop(arn, None)


def of(arn: str) -> list[dict[str, str]]:
    """Tags of a resource as AWS lists them."""
    with _lock:
        return [{"Key": key, "Value": value} for key, value in _existing(arn).items()]


@service.operation
def add_tags(request: dict) -> dict:
    arn = request["ResourceArn"]
    with _lock:
        _tags()[arn] = _merged(_existing(arn), request["Tags"])
    return {"Tags": of(arn)}


@service.operation
def list_tags(request: dict) -> dict:
    return paging.page(request, of(request["ResourceArn"]), "Tags", _MAXIMUM)


@service.operation
def delete_tags(request: dict) -> None:
    with _lock:
        existing = _existing(request["ResourceArn"])
        for key in request["TagKeys"]:
            existing.pop(key, None)


def _existing(arn: str) -> dict[str, str]:
    try:
        return _tags()[arn]
    except KeyError as error:
        raise AWSError("ValidationException", f"Could not find resource {arn}.") from error


def _merged(existing: dict[str, str], tags: list[dict[str, str]]) -> dict[str, str]:
    merged = existing | {tag["Key"]: tag["Value"] for tag in tags}
    if len(merged) > _MAXIMUM:
        raise AWSError("ResourceLimitExceeded", f"A resource has at most {_MAXIMUM} tags.")
    return merged
