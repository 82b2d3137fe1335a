"""The release of one pipeline execution, from which the requests are rendered, with its lineage."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from mlops import names, shapes
from mlops.configuration import Configuration
from mlops.errors import InputError, InputProblem
from mlops.instances import takes_volume_key
from mlops.tags import Lineage, as_list

Request = dict[str, Any]


@dataclass(frozen=True)
class Container:
    """The container that serves a model: the image's URI and the S3 URI of the model archive."""

    image: str
    model_data_url: str


@dataclass(frozen=True)
class Functions:
    """The archive with the code of api/: its key and its version in the bucket. Empty where clients call SageMaker."""

    key: str = ""
    version: str = ""


@dataclass(frozen=True)
class Challenger:
    """The model that shares the traffic with a release, and the execution that released it."""

    container: Container
    execution_id: str


@dataclass(frozen=True)
class Release:
    """What is released, and where. ARNs are those of this repository's stacks.

    `image` is a full URI, `hyperparameters` override trainingjob.json's, and `production_model` is the S3 URI
    of the model archive that production serves now, None before the first release. `challenger` is the model of the
    second production variant. `request` are the pipeline's variables that say who requested the release, and why.
    """

    execution_id: str
    commit_id: str
    data_version: str
    image: str
    bucket: str
    key_arn: str
    training_role_arn: str
    processing_role_arn: str
    endpoint_role_arn: str
    tune: bool = False
    hyperparameters: dict[str, str] = field(default_factory=dict)
    production_model: str | None = None
    functions: Functions = Functions()
    challenger: Challenger | None = None
    request: dict[str, str] = field(default_factory=dict)

    @property
    def lineage(self) -> Lineage:
        return Lineage(self.execution_id, self.commit_id, self.data_version)

    @property
    def model_data_url(self) -> str:
        """The S3 URI of the model archive that is evaluated, tested and served."""
        return self.s3(names.released_model_key(self.execution_id))

    def s3(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def result(self, name: str) -> str:
        """The S3 URI of a result of the execution, such as `evaluation/evaluation.json`."""
        return self.s3(names.execution_prefix(self.execution_id) + name)

    def data(self, split: str) -> str:
        """The S3 prefix of one part of the data set, such as `train`."""
        return self.s3(f"{names.dataset_prefix(self.data_version)}{split}/")


def tags(configuration: Configuration, release: Release, partial: Request) -> list[Request]:
    """Return the lineage as tags, after those that the configuration file gives."""
    return [*partial.get("Tags", []), *as_list(release.lineage.tags(configuration.names))]


def with_volume_key(resources: Request, release: Release) -> Request:
    """Return the instances' description with the key of their volumes, where they take one."""
    groups = [resources, *resources.get("InstanceGroups", [])]
    types = [group["InstanceType"] for group in groups if "InstanceType" in group]
    if all(takes_volume_key(instance_type) for instance_type in types):
        return {**resources, "VolumeKmsKeyId": release.key_arn}
    return resources


def only(request: Request, keys: Iterable[str]) -> Request:
    """Return the part of a request that has these keys."""
    return {key: request[key] for key in keys if key in request}


def checked(operation: str, request: Request) -> Request:
    """Return the request if SageMaker's API model allows it. This also checks the overrides from `mlops start`."""
    problems = shapes.check(request, shapes.input_shape("sagemaker", operation))
    if problems:
        raise InputError(
            f"SageMaker would refuse the {operation} request of this release:",
            [InputProblem(operation, each.path, str(each.found), each.allowed) for each in problems],
        )
    return request
