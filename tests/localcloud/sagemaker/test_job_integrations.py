"""Step Functions: jobs that a state machine runs and waits for (.sync), and the events that jobs send."""

import json
import re

import machines
from scripts import Scripts
from waiting import until


def run(scripts: Scripts, name: str, kind: str, request: dict) -> str:
    """Start a state machine of one task that creates a job; the ARN of the execution."""
    task = {"Resource": f"arn:aws:states:::sagemaker:create{kind}.sync", "Arguments": "{% $states.input %}"}
    return machines.start(scripts.cloud, scripts.role_arn, name, task, request)


def ended(scripts: Scripts, execution: str) -> dict:
    """The description of an execution once it has ended."""
    return machines.ended(scripts.cloud, execution)


def test_a_completed_training_job_is_the_output_of_its_task(scripts: Scripts) -> None:
    execution = ended(scripts, run(scripts, "sync-trains", "TrainingJob", scripts.training_request("sync-trains", "")))
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    output = json.loads(execution["output"])
    assert output["TrainingJobStatus"] == "Completed"
    assert output["ModelArtifacts"]["S3ModelArtifacts"].endswith("/sync-trains/output/model.tar.gz")
    assert isinstance(output["TrainingEndTime"], int)
    assert output["Tags"]["MANAGED_BY_AWS"] == "STARTED_BY_STEP_FUNCTIONS"


def test_the_history_names_the_job_that_was_submitted_and_its_request(scripts: Scripts) -> None:
    request = scripts.training_request("sync-history", "")
    execution = run(scripts, "sync-history", "TrainingJob", request)
    ended(scripts, execution)
    events = scripts.cloud.client("stepfunctions").get_execution_history(executionArn=execution)["events"]
    task = [event for event in events if event["type"].startswith("Task") and "State" not in event["type"]]
    assert [event["type"] for event in task] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    details = [next(event[key] for key in event if key.endswith("EventDetails")) for event in task]
    assert {(each["resourceType"], each["resource"]) for each in details} == {("sagemaker", "createTrainingJob.sync")}
    assert json.loads(details[0]["parameters"])["TrainingJobName"] == "sync-history"
    assert list(json.loads(details[2]["output"])) == ["TrainingJobArn"]


def test_a_failed_training_job_fails_its_task_with_the_job_as_the_cause(scripts: Scripts) -> None:
    request = scripts.training_request("sync-fails", "raise SystemExit(4)")
    execution = ended(scripts, run(scripts, "sync-fails", "TrainingJob", request))
    assert (execution["status"], execution["error"]) == ("FAILED", "States.TaskFailed")
    cause = json.loads(execution["cause"])
    assert cause["TrainingJobName"] == "sync-fails"
    assert cause["FailureReason"] == "AlgorithmError: , exit code: 4"


def test_a_training_job_beyond_its_maximum_runtime_fails_its_task(scripts: Scripts) -> None:
    request = scripts.training_request("sync-hangs", "import time; time.sleep(600)")
    request["StoppingCondition"] = {"MaxRuntimeInSeconds": 1}
    execution = ended(scripts, run(scripts, "sync-hangs", "TrainingJob", request))
    assert execution["status"] == "FAILED"
    assert json.loads(execution["cause"])["SecondaryStatus"] == "MaxRuntimeExceeded"


def test_a_refused_request_fails_its_task_with_the_error_of_sagemaker(scripts: Scripts) -> None:
    request = scripts.training_request("sync-refused", "")
    scripts.train("sync-refused", "")
    taken = ended(scripts, run(scripts, "sync-taken", "TrainingJob", request))
    assert taken["error"] == "SageMaker.ResourceInUseException"
    assert "Error Code: ResourceInUse" in taken["cause"]

    request["TrainingJobName"] = "sync-no-role"
    request["RoleArn"] = "arn:aws:iam::000000000000:role/nobody-has-it"
    refused = ended(scripts, run(scripts, "sync-no-role", "TrainingJob", request))
    assert refused["error"] == "SageMaker.AmazonSageMakerException"
    assert "Could not assume role" in refused["cause"]


def test_a_parameter_that_does_not_exist_is_an_error_of_the_state_machine(scripts: Scripts) -> None:
    request = scripts.training_request("sync-typo", "") | {"HyperParametres": {}}
    execution = ended(scripts, run(scripts, "sync-typo", "TrainingJob", request))
    assert execution["error"] == "States.Runtime"
    assert "HyperParametres" in execution["cause"]


def test_stopping_the_execution_stops_the_job(scripts: Scripts) -> None:
    request = scripts.processing_request("sync-stops", "import time; time.sleep(600)")
    execution = run(scripts, "sync-stops", "ProcessingJob", request)
    until(
        lambda: scripts.sagemaker.list_processing_jobs(NameContains="sync-stops")["ProcessingJobSummaries"],
    )
    scripts.cloud.client("stepfunctions").stop_execution(executionArn=execution)
    assert scripts.ended_processing("sync-stops")["ProcessingJobStatus"] == "Stopped"


def test_a_tuning_job_answers_with_the_name_of_its_best_training_job(scripts: Scripts) -> None:
    ranges = {"CategoricalParameterRanges": [{"Name": "x", "Values": ["1"]}]}
    request = scripts.tuning_request("sync-tunes", "print('loss=1')", ranges)
    execution = ended(scripts, run(scripts, "sync-tunes", "HyperParameterTuningJob", request))
    best = json.loads(execution["output"])["BestTrainingJob"]
    assert list(best) == ["TrainingJobName"]
    assert re.fullmatch("sync-tunes-00[1-4]-[0-9a-f]{8}", best["TrainingJobName"])


def test_a_job_sends_an_event_for_each_change_of_its_status(scripts: Scripts) -> None:
    sqs, events = scripts.cloud.client("sqs"), scripts.cloud.client("events")
    queue = sqs.create_queue(QueueName="job-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Training Job State Change"],
        "detail": {"TrainingJobName": ["tells"]},
    }
    events.put_rule(Name="job-events", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="job-events", Targets=[{"Id": "queue", "Arn": arn}])
    scripts.train("tells", "raise SystemExit(1)")

    def received() -> set[str]:
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        heard.extend(json.loads(message["Body"])["detail"] for message in messages)
        return {detail["TrainingJobStatus"] for detail in heard} == {"InProgress", "Failed"}

    heard: list[dict] = []
    until(received)
    assert heard[-1]["FailureReason"] == "AlgorithmError: , exit code: 1"


def test_a_failing_branch_stops_the_job_of_the_other(scripts: Scripts) -> None:
    step_functions = scripts.cloud.client("stepfunctions")
    requests = {
        "fails": scripts.processing_request("branch-fails", "raise SystemExit(1)"),
        "waits": scripts.processing_request("branch-waits", "import time; time.sleep(600)"),
    }
    branches = [
        {
            "StartAt": name,
            "States": {
                name: {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
                    "Arguments": request,
                    "End": True,
                }
            },
        }
        for name, request in requests.items()
    ]
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Both",
        "States": {"Both": {"Type": "Parallel", "Branches": branches, "End": True}},
    }
    machine = step_functions.create_state_machine(
        name="branches", roleArn=scripts.role_arn, definition=json.dumps(definition)
    )["stateMachineArn"]
    execution = step_functions.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    assert ended(scripts, execution)["status"] == "FAILED"
    assert scripts.ended_processing("branch-waits")["ProcessingJobStatus"] == "Stopped"
