"""The names of all AWS resources of a repository, each defined once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Stage = Literal["test", "production"]
Function = Literal["api", "before-traffic", "after-traffic", "synthetic"]

# The objects that the pipeline's Source actions watch. Both are versioned: a version is a commit or a data set.
SOURCE_KEY = "source/source.zip"
DATA_KEY = "data/data.zip"

DATA_SETS = ("train", "validation", "test", "baseline")
# A prepared data set has these files; others are not uploaded.
DATA_FILES = ("dataset.json", *(f"{name}/{name}.csv" for name in DATA_SETS))

# The folders of the bucket. CodePipeline adds one with the project's name, whose content expires.
BUCKET_FOLDERS = frozenset(
    {
        "batch",
        "capture",
        "checkpoints",
        "data",
        "datasets",
        "executions",
        "functions",
        "ground-truth",
        "lineage",
        "models",
        "monitoring",
        "releases",
        "source",
    }
)

# The prefix of the log of production: an object for each deployment, in the order of their keys.
DEPLOYMENTS = "lineage/deployments/"

# The variant of each endpoint that serves the release. Its name must not change: an update shifts traffic within it.
RELEASE_VARIANT = "AllTraffic"

# The inference id of requests that no client has sent, as api/endpoint.py has it: QA's and those of the synthetic check.
SYNTHETIC_ID = "synthetic"

# The alias of the API's function that API Gateway calls.
LIVE = "live"


@dataclass(frozen=True)
class Names:
    """Names derived from the project and the model alone.

    Two hyphens separate project and model. Neither contains two in a row, so names of two projects cannot collide.
    """

    project: str
    model: str

    @property
    def pipeline(self) -> str:
        return self.project

    def stack(self, template: str) -> str:
        """The stack of a template in infra/, for example of `storage`."""
        return f"{self.project}-{template}"

    def endpoint_stack(self, stage: Stage) -> str:
        return f"{self.project}-{stage}"

    def release(self, stage: Stage, execution_id: str) -> str:
        """The model and the endpoint configuration of one release."""
        return f"{self.endpoint_stack(stage)}-{short(execution_id)}"

    def endpoint(self, stage: Stage) -> str:
        """The endpoint that keeps its name over all releases, because clients call it themselves."""
        return f"{self.project}--{self.model}-{stage}"

    def release_endpoint(self, execution_id: str) -> str:
        """The production endpoint of one release, for projects whose clients call the API."""
        return f"{self.project}--{self.model}-{short(execution_id)}"

    def function(self, purpose: Function) -> str:
        """The Lambda function behind the API, a hook of CodeDeploy around a shift of its traffic, or the synthetic check."""
        return f"{self.project}-{purpose}"

    def challenger(self, execution_id: str) -> str:
        """The model of the second production variant of one release."""
        return f"{self.release('production', execution_id)}-b"

    def batch_model(self, execution_id: str) -> str:
        """The model of one release that transform jobs serve."""
        return f"{self.release('production', execution_id)}-batch"

    def batch_job(self, identifier: str) -> str:
        """One transform job of `mlops batch`; the identifier has eight characters, as an execution's short id."""
        return f"{self.project}-{identifier}-batch"

    def is_own_job(self, name: str, *purposes: Literal["monitor", "batch"]) -> bool:
        """Whether a job of monitoring or of a batch is this project's. Another project's name may begin with this one's."""
        return bool(re.fullmatch(rf"{re.escape(self.project)}-[0-9a-z]{{8}}-({'|'.join(purposes)})", name))

    def is_own_alarm(self, name: str) -> bool:
        """Whether an alarm is this project's. Another project's name may begin with this one's."""
        part = "(production|monitoring|retraining)-"
        return bool(re.fullmatch(rf"{re.escape(self.project)}-{part}(?!.*{part}).+", name))

    @property
    def model_package_group(self) -> str:
        return f"{self.project}--{self.model}"

    @property
    def repository(self) -> str:
        return self.project

    @property
    def metrics(self) -> str:
        """The namespace of this project's metrics in CloudWatch."""
        return f"mlops/{self.project}"

    def bucket(self, account: str, region: str) -> str:
        return f"{self.project}-{account}-{region}"

    def job(self, execution_id: str) -> str:
        """The training job and the tuning job of an execution. Tuning jobs may have 32 characters."""
        return f"{self.project}-{short(execution_id)}"

    def processing_job(self, execution_id: str, purpose: Literal["baseline", "evaluate"]) -> str:
        return f"{self.job(execution_id)}-{purpose}"


def short(execution_id: str) -> str:
    """The first eight hexadecimal digits of a pipeline execution's id."""
    return execution_id[:8]


def dataset_prefix(data_version: str) -> str:
    """The prefix of the files of a data version, unpacked: train/train.csv, …, dataset.json."""
    return f"datasets/{data_version}/"


def execution_prefix(execution_id: str) -> str:
    """The prefix of an execution's results: evaluation/, baseline/, qa/, golden/, smoke/."""
    return f"executions/{execution_id}/"


def batch_prefix(job: str) -> str:
    """The prefix of the input and the output of a transform job of `mlops batch`. It expires."""
    return f"batch/{job}/"


def golden_rows_key(execution_id: str) -> str:
    """Rows with the released model's predictions, which checks of its endpoints compare with. Written once."""
    return f"{execution_prefix(execution_id)}golden/rows.json"


def release_record_key(execution_id: str) -> str:
    """The template, parameters and tags that a release deploys to production. Written once."""
    return f"{execution_prefix(execution_id)}release/production.json"


def metrics_key(execution_id: str) -> str:
    """The metrics of evaluation.json in a separate file, which the gate reads."""
    return f"{execution_prefix(execution_id)}evaluation/metrics.json"


def evaluation_key(execution_id: str) -> str:
    return f"{execution_prefix(execution_id)}evaluation/evaluation.json"


def trained_model_key(job: str) -> str:
    """Where SageMaker puts the model of a training job whose S3OutputPath is s3://{bucket}/models."""
    return f"models/{job}/output/model.tar.gz"


def released_model_key(execution_id: str) -> str:
    """The copy of the trained model that is evaluated, tested and served. No job and no build may write there."""
    return f"releases/{execution_id}/model.tar.gz"


def execution_of_model(uri: str) -> str:
    """The execution whose released model is at this S3 URI; empty for any other URI."""
    found = re.fullmatch(r"s3://[^/]+/releases/(?P<execution>[^/]+)/model\.tar\.gz", uri)
    return found["execution"] if found else ""


def lineage_key(execution_id: str) -> str:
    """What a model package was made from. Only the training state machine may write there."""
    return f"releases/{execution_id}/lineage.json"


def decision_key(execution_id: str) -> str:
    """The answer of the approval, with its author and the comment."""
    return f"lineage/decisions/{execution_id}.json"


def qa_key(execution_id: str) -> str:
    return f"{execution_prefix(execution_id)}qa/qa.json"


def deployment_key(time: str, execution_id: str) -> str:
    """The entry of a deployment to production at a time in UTC, such as 2026-11-21T12:00:00Z."""
    return f"{DEPLOYMENTS}{time.replace(':', '')}-{execution_id}.json"
