"""Tags of pipelines, by ARN."""

from mlops.localcloud import context
from mlops.localcloud.codepipeline.service import PAGE, service
from mlops.localcloud.errors import AWSError
from mlops.localcloud.paging import page

_tags = context.scoped(dict[str, dict[str, str]])


def register(arn: str, tags: list[dict[str, str]]) -> None:
    """Make a new pipeline's tags known."""
    _tags()[arn] = {tag["key"]: tag["value"] for tag in tags}


def forget(arn: str) -> None:
    """Drop the tags of a deleted pipeline."""
    _tags().pop(arn, None)


@service.operation
def list_tags_for_resource(request: dict) -> dict:
    """The tags of a pipeline."""
    tags = _of(request["resourceArn"])
    return page(request, [{"key": key, "value": value} for key, value in tags.items()], "tags", PAGE)


@service.operation
def tag_resource(request: dict) -> None:
    """Add tags to a pipeline."""
    _of(request["resourceArn"]).update({tag["key"]: tag["value"] for tag in request["tags"]})


@service.operation
def untag_resource(request: dict) -> None:
    """Take tags from a pipeline."""
    tags = _of(request["resourceArn"])
    for key in request["tagKeys"]:
        tags.pop(key, None)


def _of(arn: str) -> dict[str, str]:
    try:
        return _tags()[arn]
    except KeyError as error:
        raise AWSError("ResourceNotFoundException", f"Could not find resource {arn}") from error
