"""Step Functions: Run a Job (.sync) for training, processing and tuning jobs.

As on AWS, the task's output and the cause of its failure are the job in the shape of its EventBridge event, the
error of a job that does not complete is States.TaskFailed, and a job ends with the execution that waits for it.
https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
"""

import json
from contextlib import suppress
from functools import partial

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError

from mlops.localcloud import context
from mlops.localcloud.errors import AWSError, TaskError
from mlops.localcloud.ministack import execution_history
from mlops.localcloud.sagemaker.jobs import processing, training, tuning
from mlops.localcloud.sagemaker.jobs.job import COMPLETED, Job, Register

_REGISTERS: dict[str, Register] = {
    "TrainingJob": training.jobs,
    "ProcessingJob": processing.jobs,
    "HyperParameterTuningJob": tuning.jobs,
}
_MODELLED_ERRORS = ("ResourceInUse", "ResourceLimitExceeded", "ResourceNotFound")
_MANAGED = {"Key": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"}
# How soon a job notices that the execution around it was stopped. Its own end is noticed at once.
_LOOK_SECONDS = 0.2


def run_job(kind: str, request: dict) -> dict:
    """Create a job and wait for its end. Raises TaskError unless it completes."""
    execution_history.task_submitted(_create(kind, request))
    job = _REGISTERS[kind].get(request[f"{kind}Name"])
    while not job.ended.wait(_LOOK_SECONDS):
        if context.state_machine_execution_stopped():
            _stop(job)
    detail = job.detail()
    if job.status != COMPLETED:
        raise TaskError("States.TaskFailed", json.dumps(detail))
    return detail


def _create(kind: str, request: dict) -> dict:
    # By the service's API, so that the request is validated and authorised like any other.
    client = context.client("sagemaker", context.state_machine_role(), "states.amazonaws.com")
    create = getattr(client, xform_name(f"Create{kind}"))
    try:
        created = create(**{**request, "Tags": [*request.get("Tags", []), _MANAGED]})
    except ParamValidationError as error:
        raise TaskError("States.Runtime", str(error)) from error
    except ClientError as error:
        details = error.response["Error"]
        name = details["Code"] if details["Code"] in _MODELLED_ERRORS else "AmazonSageMaker"
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        raise TaskError(
            f"SageMaker.{name}Exception",
            f"{details['Message']} (Service: AmazonSageMaker; Status Code: {status}; Error Code: {details['Code']})",
        ) from error
    return {key: value for key, value in created.items() if key != "ResponseMetadata"}


def _stop(job: Job) -> None:
    # It may end by itself in this very moment.
    with suppress(AWSError):
        job.stop()


integrations = {f"arn:aws:states:::sagemaker:create{kind}.sync": partial(run_job, kind) for kind in _REGISTERS}
