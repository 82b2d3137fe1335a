"""Deletes what CloudFormation does not delete with a stack: objects, images, model packages, logs of endpoints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlops.aws import paging
from mlops.aws.session import AWSError, Session
from mlops.errors import PipelineError


def bucket(session: Session, name: str) -> None:
    """Delete every version of every object, and all delete markers."""
    client = session.client("s3")
    for page in _all_pages(client, "list_object_versions", "NoSuchBucket", Bucket=name):
        versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions]
        if not objects:
            continue
        response = client.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True})
        if errors := response.get("Errors"):
            first = errors[0]
            raise PipelineError(
                f"{len(errors)} objects of {name} were not deleted, such as {first['Key']}: {first['Message']}"
            )


def images(session: Session, repository: str) -> None:
    """Delete every image of a repository."""
    client = session.client("ecr")
    for page in _all_pages(client, "list_images", "RepositoryNotFoundException", repositoryName=repository):
        if page["imageIds"]:
            client.batch_delete_image(repositoryName=repository, imageIds=page["imageIds"])


def model_packages(session: Session, group: str) -> None:
    """Delete every version of a model package group."""
    client = session.client("sagemaker")
    summaries = paging.items(client, "list_model_packages", "ModelPackageSummaryList", ModelPackageGroupName=group)
    for summary in list(summaries):
        client.delete_model_package(ModelPackageName=summary["ModelPackageArn"])


def log_groups(session: Session, groups: Iterable[str]) -> None:
    """Delete log groups; those that do not exist any more are skipped."""
    client = session.client("logs")
    for group in groups:
        try:
            client.delete_log_group(logGroupName=group)
        except AWSError as error:
            if not error.is_missing_resource:
                raise


def _all_pages(client: Any, operation: str, missing: str, **request: str) -> list[dict[str, Any]]:
    """All pages, read before anything is deleted; none where AWS answers with the error code `missing`."""
    try:
        return list(paging.pages(client, operation, **request))
    except AWSError as error:
        if error.code != missing:
            raise
        return []
