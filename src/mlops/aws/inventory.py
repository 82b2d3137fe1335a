"""Counts what a deletion takes away: resources of stacks, objects, images, model packages, logs of endpoints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mlops.aws import endpoints, paging
from mlops.aws.session import AWSError, Session
from mlops.names import Names

_SHORT_ID = re.compile("[0-9a-f]{8}")


@dataclass(frozen=True)
class Resource:
    """A resource of a stack: its CloudFormation type and its physical id, a name or an ARN."""

    type: str
    id: str


@dataclass(frozen=True)
class Objects:
    """The number of object versions in a bucket, delete markers among them, and their size together."""

    versions: int
    bytes: int


def stack_resources(session: Session, stack: str) -> list[Resource]:
    """The resources that a stack has now."""
    client = session.client("cloudformation")
    return [
        Resource(each["ResourceType"], each.get("PhysicalResourceId", each["LogicalResourceId"]))
        for each in paging.items(client, "list_stack_resources", "StackResourceSummaries", StackName=stack)
        if not each["ResourceStatus"].startswith("DELETE_COMPLETE")
    ]


def objects(session: Session, bucket: str) -> Objects | None:
    """What a bucket holds; None when it does not exist."""
    versions = size = 0
    try:
        for page in paging.pages(session.client("s3"), "list_object_versions", Bucket=bucket):
            versions += len(page.get("Versions", [])) + len(page.get("DeleteMarkers", []))
            size += sum(each["Size"] for each in page.get("Versions", []))
    except AWSError as error:
        if error.code != "NoSuchBucket":
            raise
        return None
    return Objects(versions, size)


def images(session: Session, repository: str) -> int | None:
    """The number of images in a repository, one for each digest; None when it does not exist."""
    client = session.client("ecr")
    try:
        listed = list(paging.items(client, "list_images", "imageIds", repositoryName=repository))
    except AWSError as error:
        if error.code != "RepositoryNotFoundException":
            raise
        return None
    return len({each["imageDigest"] for each in listed})


def model_packages(session: Session, group: str) -> int | None:
    """The number of versions in a model package group; None when it does not exist."""
    client = session.client("sagemaker")
    request = {"ModelPackageGroupName": group}
    try:
        return sum(1 for _ in paging.items(client, "list_model_packages", "ModelPackageSummaryList", **request))
    except AWSError as error:
        if not error.is_missing_resource:
            raise
        return None


def endpoint_log_groups(session: Session, names: Names) -> Iterator[str]:
    """The log groups of the endpoints of all releases. SageMaker creates them, no stack owns them."""
    prefix = endpoints.log_of(names.release_endpoint("")).group
    client = session.client("logs")
    for group in paging.items(client, "describe_log_groups", "logGroups", logGroupNamePrefix=prefix):
        # Log groups of another model may have the same prefix.
        if _SHORT_ID.fullmatch(group["logGroupName"].removeprefix(prefix)):
            yield group["logGroupName"]
