"""The requests of a release: configuration and release in, AWS's shapes out. Nothing here calls AWS.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Operations_Amazon_SageMaker_Service.html
"""

from __future__ import annotations

from mlops import names
from mlops.configuration import Configuration
from mlops.metrics import GROUPS, METRICS
from mlops.rendering import lineage
from mlops.rendering.deployment import endpoint_stack, model_package
from mlops.rendering.processing import baseline_job, evaluation_job
from mlops.rendering.release import Challenger, Container, Functions, Release, Request
from mlops.rendering.training import training_job, tuning_job

__all__ = [
    "Challenger",
    "Container",
    "Functions",
    "Release",
    "Request",
    "baseline_job",
    "endpoint_stack",
    "evaluation_job",
    "gate",
    "model_package",
    "state_machine_input",
    "training_job",
    "tuning_job",
]


def state_machine_input(configuration: Configuration, release: Release) -> Request:
    """Return training.json, the input of the state machine `{project}-train`."""
    return {
        "Execution": {
            "Id": release.execution_id,
            "CommitId": release.commit_id,
            "DataVersion": release.data_version,
            "Project": configuration.project.project,
            "Model": configuration.project.model,
        },
        "Tune": release.tune,
        "Tuning": tuning_job(configuration, release) if release.tune else None,
        "Training": training_job(configuration, release),
        "Baseline": baseline_job(configuration, release),
        "ReleasedModel": {
            "Bucket": release.bucket,
            "Key": names.released_model_key(release.execution_id),
            "CopySource": f"{release.bucket}/{names.trained_model_key(configuration.names.job(release.execution_id))}",
        },
        "Evaluation": evaluation_job(configuration, release),
        "EvaluationResult": {"Bucket": release.bucket, "Key": names.metrics_key(release.execution_id)},
        "Gate": gate(configuration, release),
        "Lineage": {
            "Bucket": release.bucket,
            "Key": names.lineage_key(release.execution_id),
            "Record": lineage.record(configuration, release),
        },
        "ModelPackage": model_package(configuration, release),
    }


def gate(configuration: Configuration, release: Release) -> Request:
    """Return the bounds that the state machine compares metrics.json with."""
    metrics = METRICS[configuration.problem_type]
    return {
        "Group": GROUPS[configuration.problem_type],
        "Metrics": [
            {
                "Name": name,
                "Goal": metrics[name].goal,
                "Bound": metric.bound,
                "AllowedRegression": metric.allowed_regression,
            }
            for name, metric in configuration.evaluation.metrics.items()
        ],
        "Production": release.production_model is not None and configuration.evaluation.compare_with_production,
    }
