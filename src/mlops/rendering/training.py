"""Requests for the jobs that train a model: the training job, and the tuning job before it."""

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
    """Return the CreateHyperParameterTuningJob request. Its trials differ from the training job in hyperparameters."""
    training = training_job(configuration, release)
    tuned = tuned_hyperparameters(configuration.tuning)
    shape = shapes.input_shape("sagemaker", "CreateHyperParameterTuningJob").members["TrainingJobDefinition"]
    algorithm = shape.members["AlgorithmSpecification"]
    # Trials get no checkpoints: AWS does not document whether trials share the checkpoint's prefix, and a trial that
    # resumed another trial's checkpoint would report a wrong metric.
    shared = {
        key: value
        for key, value in training.items()
        if key in shape.members and key not in ("AlgorithmSpecification", "CheckpointConfig")
    }
    request = {
        **configuration.tuning,
        "HyperParameterTuningJobName": training["TrainingJobName"],
        "TrainingJobDefinition": {
            # Optional for a training job, required for a trial.
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
