"""Checks values against the shapes of AWS's requests: trainingjob.json, tuning.json, the endpoints."""

from __future__ import annotations

from typing import Any

from botocore.model import Shape

from mlops import names, shapes
from mlops.configuration.documents import Document
from mlops.configuration.models import Endpoint, Evaluation, Monitoring, Production
from mlops.errors import InputProblem
from mlops.tags import LINEAGE

# Values that the pipeline fills in. One in the file would be overwritten silently, so it is refused.
FILLED_IN_TRAINING = {
    "TrainingJobName": "named after the pipeline execution",
    "RoleArn": "the training role of this repository's stack",
    "InputDataConfig": "the channels train and validation of the execution's data version",
    "OutputDataConfig": "models/ in this repository's bucket, under its key",
    "CheckpointConfig": "checkpoints/ of the execution in this repository's bucket",
    "AlgorithmSpecification.AlgorithmName": "TrainingImage, or the image built from the repository's own Dockerfile",
    "ResourceConfig.VolumeKmsKeyId": "this repository's key",
}
FILLED_IN_TUNING = {
    "HyperParameterTuningJobName": "named after the pipeline execution",
    "TrainingJobDefinition": "the training job of trainingjob.json",
    "TrainingJobDefinitions": "the training job of trainingjob.json",
}


def training_problems(document: Document) -> list[InputProblem]:
    """Check trainingjob.json against CreateTrainingJob."""
    shape = shapes.input_shape("sagemaker", "CreateTrainingJob")
    problems = _partial_request_problems(document, shape, FILLED_IN_TRAINING)
    # CreateTrainingJob does not require it, because some kinds of jobs have no image.
    if "AlgorithmSpecification" not in document.data:
        problems.append(document.problem("AlgorithmSpecification", shapes.MISSING, "a value, it is required"))
    return problems


def tuning_problems(document: Document) -> list[InputProblem]:
    """Check tuning.json against CreateHyperParameterTuningJob."""
    shape = shapes.input_shape("sagemaker", "CreateHyperParameterTuningJob")
    return _partial_request_problems(document, shape, FILLED_IN_TUNING)


def endpoint_problems(document: Document, endpoint: Endpoint) -> list[InputProblem]:
    """Check an endpoint file's values against CreateEndpointConfig and CreateModel. `endpointchecks` has the others."""
    if endpoint.ServerlessConfig or "InstanceType" not in endpoint.model_fields_set:
        return []
    variant = shapes.input_shape("sagemaker", "CreateEndpointConfig").members["ProductionVariants"].member
    vpc = shapes.input_shape("sagemaker", "CreateModel").members["VpcConfig"]
    refused = shapes.check(
        {
            "VariantName": names.RELEASE_VARIANT,
            "InstanceType": endpoint.InstanceType,
            "InitialInstanceCount": max(1, endpoint.InitialInstanceCount),
        },
        variant,
    )
    problems = [document.problem(problem.path, problem.found, problem.allowed) for problem in refused]
    if endpoint.VpcConfig:
        problems += [
            document.problem(f"VpcConfig.{problem.path}", problem.found, problem.allowed)
            for problem in shapes.check(endpoint.VpcConfig.model_dump(), vpc)
        ]
    return problems


def batch_problems(document: Document, production: Production) -> list[InputProblem]:
    """Check the instance type of transform jobs."""
    instance_type = shapes.input_shape("sagemaker", "CreateTransformJob").members["TransformResources"].members
    return [
        document.problem("batch.InstanceType", problem.found, problem.allowed)
        for problem in shapes.check(production.batch.InstanceType, instance_type["InstanceType"])
    ]


def instance_problems(document: Document, jobs: Evaluation | Monitoring) -> list[InputProblem]:
    """Check the instance type of the processing jobs."""
    resources = shapes.input_shape("sagemaker", "CreateProcessingJob").members["ProcessingResources"]
    instance_type = resources.members["ClusterConfig"].members["InstanceType"]
    return [
        document.problem("instance_type", problem.found, problem.allowed)
        for problem in shapes.check(jobs.instance_type, instance_type)
    ]


def _partial_request_problems(document: Document, shape: Shape, filled_in: dict[str, str]) -> list[InputProblem]:
    problems = [
        document.problem(problem.path, problem.found, problem.allowed)
        for problem in shapes.check(document.data, shape)
        if not any(problem.path == path or problem.path.startswith((f"{path}.", f"{path}[")) for path in filled_in)
    ]
    problems += [
        document.problem(path, shapes.Placeholder("a value"), f"nothing, the pipeline fills it in: {source}")
        for path, source in filled_in.items()
        if _is_set(document.data, path)
    ]
    return problems + _tag_problems(document)


def _is_set(data: Any, path: str) -> bool:
    for key in path.split("."):
        if not isinstance(data, dict) or key not in data:
            return False
        data = data[key]
    return True


def _tag_problems(document: Document) -> list[InputProblem]:
    tags = document.data.get("Tags")
    return [
        document.problem(f"Tags[{index}].Key", tag["Key"], "another key, the pipeline sets this tag")
        for index, tag in enumerate(tags if isinstance(tags, list) else [])
        if isinstance(tag, dict) and tag.get("Key") in LINEAGE
    ]
