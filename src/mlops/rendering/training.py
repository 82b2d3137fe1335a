"""The jobs that make a model: training, and the tuning before it."""

from __future__ import annotations

from mlops import shapes
from mlops.configuration import Configuration, tuned_hyperparameters
from mlops.configuration.crosschecks import DEFAULT_MAX_RUNTIME_SECONDS
from mlops.rendering.release import Release, Request, checked, only, tags, with_volume_key


def training_job(configuration: Configuration, release: Release) -> Request:
    """Return the CreateTrainingJob request."""
    partial = configuration.training_job
    request = {
        **partial,
        "TrainingJobName": configuration.names.job(release.execution_id),
        "RoleArn": release.training_role_arn,
        "AlgorithmSpecification": {**partial["AlgorithmSpecification"], "TrainingImage": release.image},
        "HyperParameters": partial.get("HyperParameters", {}) | release.hyperparameters,
        "InputDataConfig": _channels(release),
        "OutputDataConfig": _model_output(release),
        "ResourceConfig": with_volume_key(partial["ResourceConfig"], release),
        "CheckpointConfig": {"S3Uri": release.s3(f"checkpoints/{release.execution_id}")},
        "Tags": tags(configuration, release, partial),
    }
    return checked("CreateTrainingJob", request)


def tuning_job(configuration: Configuration, release: Release) -> Request:
    """Return the CreateHyperParameterTuningJob request. Its trials are the training job with other values."""
    training = training_job(configuration, release)
    tuned = tuned_hyperparameters(configuration.tuning)
    shape = shapes.input_shape("sagemaker", "CreateHyperParameterTuningJob").members["TrainingJobDefinition"]
    algorithm = shape.members["AlgorithmSpecification"]
    # A trial has no checkpoints: AWS does not say that trials keep theirs apart, and one that resumed from
    # another's would be measured wrongly.
    shared = {
        key: value
        for key, value in training.items()
        if key in shape.members and key not in ("AlgorithmSpecification", "CheckpointConfig")
    }
    request = {
        **configuration.tuning,
        "HyperParameterTuningJobName": training["TrainingJobName"],
        "TrainingJobDefinition": {
            # A training job may be without one, a trial may not.
            "StoppingCondition": {"MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME_SECONDS},
            **shared,
            "AlgorithmSpecification": only(training["AlgorithmSpecification"], algorithm.members),
            "StaticHyperParameters": {
                name: value for name, value in training["HyperParameters"].items() if name not in tuned
            },
        },
        "Tags": tags(configuration, release, configuration.tuning),
    }
    return checked("CreateHyperParameterTuningJob", request)


def _channels(release: Release) -> list[Request]:
    return [
        {
            "ChannelName": channel,
            "ContentType": "text/csv",
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": release.data(channel),
                    "S3DataDistributionType": "FullyReplicated",
                }
            },
        }
        for channel in ("train", "validation")
    ]


def _model_output(release: Release) -> Request:
    return {"S3OutputPath": release.s3("models"), "KmsKeyId": release.key_arn}
