"""The model package group: every release that passed the gate, with its approval status."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from mlops.aws import paging
from mlops.aws.session import AWSError, Session
from mlops.errors import InputError
from mlops.names import Names
from mlops.rendering import Container
from mlops.tags import Lineage

APPROVED, REJECTED = "Approved", "Rejected"


@dataclass(frozen=True)
class ModelPackage:
    """One version; `status` is AWS's ModelApprovalStatus. The lineage is empty for a package that no release created.

    `metadata` has the keys of `mlops.rendering.lineage` and of infra/decision.asl.json, `approval` is the comment of the
    approval, or why the package was rejected later.
    """

    arn: str
    version: int
    status: str
    created: datetime
    container: Container
    execution_id: str
    commit_id: str
    data_version: str
    metadata: dict[str, str] = field(default_factory=dict)
    approval: str = ""


def read(session: Session, names: Names, version: int) -> ModelPackage:
    """One version of the repository's group. InputError when the version does not exist."""
    group = names.model_package_group
    try:
        arn = session.client("sagemaker").describe_model_package_group(ModelPackageGroupName=group)
        return describe(session, f"{_package_prefix(arn['ModelPackageGroupArn'])}/{version}")
    except AWSError as error:
        if error.is_missing_resource:
            raise InputError(f"The model package group {group} has no version {version}.") from error
        raise


def describe(session: Session, arn: str) -> ModelPackage:
    """The package of this ARN."""
    package = session.client("sagemaker").describe_model_package(ModelPackageName=arn)
    (container, *_) = package["InferenceSpecification"]["Containers"]
    lineage = Lineage.of(package.get("CustomerMetadataProperties", {}))
    return ModelPackage(
        arn=package["ModelPackageArn"],
        version=package["ModelPackageVersion"],
        status=package.get("ModelApprovalStatus", ""),
        created=package["CreationTime"],
        container=Container(container["Image"], container["ModelDataUrl"]),
        execution_id=lineage.execution_id,
        commit_id=lineage.commit_id,
        data_version=lineage.data_version,
        metadata=package.get("CustomerMetadataProperties", {}),
        approval=package.get("ApprovalDescription", ""),
    )


def newest_first(session: Session, names: Names, status: str | None = APPROVED) -> Iterator[ModelPackage]:
    """Every package of the group that a person or a release has approved, the newest first; None: of any status.

    Yields none before the first `mlops deploy`, which creates the group.
    """
    for summary in _summaries(session, names, status):
        yield describe(session, summary["ModelPackageArn"])


def versions(session: Session, names: Names, limit: int) -> list[int]:
    """The newest versions of any status, the newest first."""
    return [each["ModelPackageVersion"] for each in islice(_summaries(session, names, None), limit)]


def _summaries(session: Session, names: Names, status: str | None) -> Iterator[dict[str, Any]]:
    try:
        yield from paging.items(
            session.client("sagemaker"),
            "list_model_packages",
            "ModelPackageSummaryList",
            ModelPackageGroupName=names.model_package_group,
            **({"ModelApprovalStatus": status} if status else {}),
            SortBy="CreationTime",
            SortOrder="Descending",
        )
    except AWSError as error:
        # There is no group before the first `mlops deploy`.
        if not error.is_missing_resource:
            raise


def of_execution(
    session: Session, names: Names, execution_id: str, status: str | None = APPROVED
) -> ModelPackage | None:
    """The package of a status, by default an approved one, that an execution has released; None without one."""
    packages = newest_first(session, names, status) if execution_id else iter(())
    return next((each for each in packages if each.execution_id == execution_id), None)


def reject(session: Session, package: ModelPackage, reason: str) -> None:
    """Mark a package as one that must not be deployed again."""
    session.client("sagemaker").update_model_package(
        ModelPackageArn=package.arn, ModelApprovalStatus=REJECTED, ApprovalDescription=reason
    )


def _package_prefix(group_arn: str) -> str:
    return group_arn.replace(":model-package-group/", ":model-package/")
