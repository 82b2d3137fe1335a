"""Transform jobs: how they start, end, stop, are listed and refused, through plain boto3."""

import json
from typing import Any

import pytest
from hosting import DIES_AT_START, Hosting, alive, refusal
from transforming import FAILS, SUMS, Transforms
from waiting import until


@pytest.fixture(scope="module")
def unused_model(hosting: Hosting) -> str:
    """The name of a model for requests that are refused."""
    hosting.model("tf-open", SUMS)
    return "tf-open"


def test_a_model_that_fails_is_asked_again_as_often_as_the_request_says(transforms: Transforms) -> None:
    job = transforms.run("tf-fails", FAILS, {"a.csv": "1\n"}, ModelClientConfig={"InvocationsMaxRetries": 2})
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"
    log = transforms.log("tf-fails")
    assert log.count("asked") == 3
    assert "tf-fails/in/a.csv: Bad HTTP status received from algorithm: 500" in log
    assert transforms.keys("tf-fails/scored") == []


def test_a_container_that_does_not_start_fails_the_job_with_its_log(transforms: Transforms) -> None:
    job = transforms.run("tf-dies", DIES_AT_START, {"a.csv": "1\n"})
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert "the model cannot be loaded" in transforms.log("tf-dies")


def test_a_prefix_without_objects_fails_the_job_with_its_uri(transforms: Transforms) -> None:
    job = transforms.run("tf-empty", SUMS, {})
    assert "No S3 objects found under s3://test-bucket/tf-empty/in/" in job["FailureReason"]


def test_a_stopped_job_ends_its_container_and_writes_nothing(transforms: Transforms) -> None:
    program = """
    import os, time
    from server import serve
    def answer(body, headers):
        print("process", os.getpid(), flush=True)
        time.sleep(600)
    serve(answer)
    """
    transforms.start("tf-stop", program, {"a.csv": "1\n"})
    directory = transforms.hosting.cloud.directory / "transform-jobs" / "tf-stop"

    def process() -> str | None:
        found = [
            line for log in directory.glob("i-*.log") for line in log.read_text().splitlines() if "process" in line
        ]
        return found[0].split()[1] if found else None

    number = until(process)
    transforms.sagemaker.stop_transform_job(TransformJobName="tf-stop")
    job = transforms.ended("tf-stop")
    assert (job["TransformJobStatus"], "FailureReason" in job) == ("Stopped", False)
    assert not alive(number)
    assert transforms.keys("tf-stop/scored") == []
    with pytest.raises(transforms.sagemaker.exceptions.ClientError, match="transform job is in status Stopped"):
        transforms.sagemaker.stop_transform_job(TransformJobName="tf-stop")


def test_objects_are_shared_among_the_instances(transforms: Transforms) -> None:
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2}
    job = transforms.run("tf-two", SUMS, {"a.csv": "1\n", "b.csv": "2\n"}, TransformResources=resources)
    assert job["TransformJobStatus"] == "Completed"
    assert transforms.log("tf-two").count("environment ") == 2
    assert [transforms.get(f"tf-two/scored/{name}.csv.out") for name in "ab"] == ["1\n", "2\n"]


def test_jobs_are_listed_tagged_waited_for_and_named_once(transforms: Transforms) -> None:
    tags = [{"Key": "team", "Value": "fares"}]
    transforms.start("tf-listed", SUMS, {"a.csv": "1\n"}, Tags=tags)
    waiter = transforms.sagemaker.get_waiter("transform_job_completed_or_stopped")
    waiter.wait(TransformJobName="tf-listed", WaiterConfig={"Delay": 1})
    listed = transforms.sagemaker.list_transform_jobs(NameContains="tf-listed", StatusEquals="Completed")
    [summary] = listed["TransformJobSummaries"]
    assert transforms.sagemaker.list_tags(ResourceArn=summary["TransformJobArn"])["Tags"] == tags
    code, message = refusal(transforms.sagemaker.create_transform_job, **transforms.request("tf-listed"))
    assert (code, "already exists" in message) == ("ResourceInUse", True)


def test_each_change_of_status_is_an_event(transforms: Transforms) -> None:
    sqs, events = transforms.hosting.cloud.client("sqs"), transforms.hosting.cloud.client("events")
    queue = sqs.create_queue(QueueName="transforms")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Transform Job State Change"],
        "detail": {"TransformJobName": ["tf-events"]},
    }
    events.put_rule(Name="transforms", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="transforms", Targets=[{"Id": "queue", "Arn": arn}])
    transforms.run("tf-events", SUMS, {"a.csv": "1\n"})
    heard: list[str] = []

    def complete() -> bool:
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        heard.extend(json.loads(message["Body"])["detail"]["TransformJobStatus"] for message in messages)
        return sorted(heard) == ["Completed", "InProgress"]

    assert until(complete)


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"DataCaptureConfig": {"DestinationS3Uri": "s3://b/k"}}, "DataCaptureConfig"),
        ({"MaxPayloadInMB": 0}, "MaxPayloadInMB=0"),
        ({"TransformInput": {"SplitType": "RecordIO"}}, "TransformInput.SplitType=RecordIO"),
        ({"DataProcessing": {"InputFilter": "$..x"}}, "DataProcessing.InputFilter=$..x"),
        ({"DataProcessing": {"OutputFilter": "$[?(@.x)]"}}, "DataProcessing.OutputFilter=$[?(@.x)]"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_implemented_is_refused_by_name(
    transforms: Transforms, unused_model: str, changes: dict[str, Any], refused: str
) -> None:
    request = transforms.request(unused_model, **changes)
    code, message = refusal(transforms.sagemaker.create_transform_job, **request)
    assert (code, message.endswith(f"CreateTransformJob with {refused}")) == ("NotImplemented", True), message


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ModelName": "tf-no-model"}, "Could not find model"),
        ({"MaxPayloadInMB": 101}, "may exceed 100 MB"),
        ({"MaxPayloadInMB": 20, "MaxConcurrentTransforms": 6}, "may exceed 100 MB"),
        ({"DataProcessing": {"InputFilter": "$.x"}}, "Filters of CSV select columns by index"),
        (
            {"DataProcessing": {"JoinSource": "Input"}, "TransformOutput": {"Accept": "application/json"}},
            "the same format for input and output",
        ),
        (
            {"DataProcessing": {"JoinSource": "Input"}, "TransformInput": {"ContentType": "image/png"}},
            "found image/png",
        ),
    ],
    ids=str,
)
def test_what_aws_refuses_is_refused(
    transforms: Transforms, unused_model: str, changes: dict[str, Any], reason: str
) -> None:
    code, message = refusal(transforms.sagemaker.create_transform_job, **transforms.request(unused_model, **changes))
    assert (code, reason in message) == ("ValidationException", True), message


def test_an_unknown_job_cannot_be_described(transforms: Transforms) -> None:
    code, message = refusal(transforms.sagemaker.describe_transform_job, TransformJobName="tf-nobody")
    assert (code, message) == ("ValidationException", "Could not find requested job with name: tf-nobody")
