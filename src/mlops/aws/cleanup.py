"""Takes out what CloudFormation would not delete: objects, images, model packages, logs of endpoints."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from mlops.aws import endpoints
from mlops.aws.session import AWSError, Session
from mlops.errors import PipelineError
from mlops.names import Names

_SHORT_ID = re.compile("[0-9a-f]{8}")


def bucket(session: Session, name: str) -> None:
    """Delete every version of every object, and the marks of those deleted before."""
    client = session.client("s3")
    for page in _pages(lambda: client.get_paginator("list_object_versions").paginate(Bucket=name), "NoSuchBucket"):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
        if not objects:
            continue
        answer = client.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True})
        if errors := answer.get("Errors"):
            first = errors[0]
            raise PipelineError(f"{len(errors)} objects of {name} stay, {first['Key']} among them: {first['Message']}")


def images(session: Session, repository: str) -> None:
    """Delete every image of a repository."""
    client = session.client("ecr")
    pages = _pages(
        lambda: client.get_paginator("list_images").paginate(repositoryName=repository), "RepositoryNotFoundException"
    )
    for page in pages:
        if page["imageIds"]:
            client.batch_delete_image(repositoryName=repository, imageIds=page["imageIds"])


def model_packages(session: Session, group: str) -> None:
    """Delete every version of a model package group."""
    client = session.client("sagemaker")
    pages = client.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    arns = [each["ModelPackageArn"] for page in pages for each in page["ModelPackageSummaryList"]]
    for arn in arns:
        client.delete_model_package(ModelPackageName=arn)


def endpoint_logs(session: Session, names: Names) -> None:
    """Delete the log groups of the endpoints of all releases. SageMaker makes them, no stack has them."""
    client = session.client("logs")
    prefix = endpoints.log_of(names.release_endpoint("")).group
    pages = list(client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix))
    for group in (each["logGroupName"] for page in pages for each in page["logGroups"]):
        # The names of another model may begin in the same way.
        if _SHORT_ID.fullmatch(group.removeprefix(prefix)):
            client.delete_log_group(logGroupName=group)


def _pages(paginate: Callable[[], Iterator[dict]], missing: str) -> list[dict]:
    """All pages, read before anything is deleted; none where the container is already gone."""
    try:
        return list(paginate())
    except AWSError as error:
        if error.code != missing:
            raise
        return []
