"""Transform jobs: split, filters, join, assembly, ends, refusals, through plain boto3."""

import gzip
import json
from typing import Any

import pytest
from botocore.client import BaseClient
from harness import Cloud, until
from hosting import DIES_AT_START, Hosting, alive, refusal

GROUP = "/aws/sagemaker/TransformJobs"
DEADLINE_SECONDS = 60
ENDED = {"Completed", "Failed", "Stopped"}
# Answers each line with the sum of its cells, and prints how many lines each request has.
SUMS = """
import json, os
from server import serve

def answer(body, headers):
    lines = body.decode().splitlines()
    print(f"lines {len(lines)}\\n", end="", flush=True)
    return 200, {"Content-Type": "text/csv"}, "".join(f"{sum(map(float, line.split(','))):g}\\n" for line in lines)

print("environment", json.dumps({name: os.environ[name] for name in os.environ if name.startswith("SAGEMAKER_")}))
serve(answer, parameters=os.environ.get("PARAMETERS", ""))
"""
ECHOES = """
from server import serve
serve(lambda body, headers: (200, {}, body.decode()))
"""
# As TensorFlow Serving and its like: the answer to a line of JSON is a line of JSON.
COUNTS = """
import json
from server import serve
serve(lambda body, headers: (200, {}, "".join(json.dumps({"n": len(json.loads(line))}) + "\\n" for line in body.splitlines())))
"""
REFUSES_NEGATIVES = """
from server import serve
serve(lambda body, headers: (400, {}, "found -1, allowed is a number from 0") if b"-" in body else (200, {}, "fine\\n"))
"""
FAILS = """
from server import serve
def answer(body, headers):
    print("asked", flush=True)
    return 500, {}, "the model has failed"
serve(answer)
"""


class Transforms:
    """Runs transform jobs, each with a model and data of its own name."""

    def __init__(self, hosting: Hosting):
        self.hosting = hosting
        self.sagemaker: BaseClient = hosting.sagemaker
        self.s3: BaseClient = hosting.cloud.client("s3")
        self.bucket = hosting.bucket

    def put(self, key: str, content: str | bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)

    def get(self, key: str) -> str:
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode()

    def keys(self, prefix: str) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for item in listed.get("Contents", [])]

    def request(self, name: str, **changes: Any) -> dict:
        """A CreateTransformJob request over {name}/in/ in lines of CSV; `changes` replace or add members."""
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/{name}/in/"}
        return {
            "TransformJobName": name,
            "ModelName": name,
            "TransformInput": {
                "DataSource": {"S3DataSource": source},
                "ContentType": "text/csv",
                "SplitType": "Line",
                **changes.pop("TransformInput", {}),
            },
            "TransformOutput": {
                "S3OutputPath": f"s3://{self.bucket}/{name}/scored",
                "Accept": "text/csv",
                "AssembleWith": "Line",
                **changes.pop("TransformOutput", {}),
            },
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            **changes,
        }

    def run(self, name: str, program: str, objects: dict[str, str | bytes], **changes: Any) -> dict:
        """Run a job over `objects` to its end and describe it."""
        self.start(name, program, objects, **changes)
        return self.ended(name)

    def start(self, name: str, program: str, objects: dict[str, str | bytes], **changes: Any) -> None:
        self.hosting.model(name, program, **changes.pop("container", {}))
        for key, content in objects.items():
            self.put(f"{name}/in/{key}", content)
        self.sagemaker.create_transform_job(**self.request(name, **changes))

    def ended(self, name: str) -> dict:
        def description() -> dict | None:
            job = self.sagemaker.describe_transform_job(TransformJobName=name)
            return job if job["TransformJobStatus"] in ENDED else None

        return until(description, DEADLINE_SECONDS)

    def log(self, name: str) -> str:
        logs = self.hosting.cloud.client("logs")
        streams = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{name}/")["logStreams"]
        return "\n".join(
            event["message"]
            for stream in streams
            for event in logs.get_log_events(logGroupName=GROUP, logStreamName=stream["logStreamName"])["events"]
        )


@pytest.fixture(scope="module")
def transforms(hosting: Hosting) -> Transforms:
    return Transforms(hosting)


@pytest.fixture(scope="module")
def unused_model(hosting: Hosting) -> str:
    """The name of a model for requests that are refused."""
    hosting.model("tf-open", SUMS)
    return "tf-open"


def test_each_object_below_the_prefix_gets_an_output_of_its_name(transforms: Transforms) -> None:
    job = transforms.run("tf-names", SUMS, {"a.csv": "1,2\n3,4\n", "deep/b.csv": "5,6"})
    assert job["TransformJobStatus"] == "Completed", transforms.log("tf-names")
    assert transforms.keys("tf-names/scored") == ["tf-names/scored/a.csv.out", "tf-names/scored/deep/b.csv.out"]
    assert transforms.get("tf-names/scored/a.csv.out") == "3\n7\n"
    assert transforms.get("tf-names/scored/deep/b.csv.out") == "11\n"
    assert job["TransformStartTime"] < job["TransformEndTime"]
    assert job["TransformInput"]["CompressionType"] == "None"


def test_the_container_serves_under_the_contract_of_batch_transform(transforms: Transforms) -> None:
    transforms.run("tf-contract", SUMS, {"a.csv": "1\n"}, Environment={"SAGEMAKER_OWN": "yes"})
    [line] = [line for line in transforms.log("tf-contract").splitlines() if line.startswith("environment ")]
    environment = json.loads(line.removeprefix("environment "))
    assert environment["SAGEMAKER_BATCH"] == "true"
    assert environment["SAGEMAKER_OWN"] == "yes"
    assert not {name for name in environment if "PAYLOAD" in name or "STRATEGY" in name or "CONCURRENT" in name}


def test_what_the_request_sets_is_in_the_containers_environment(transforms: Transforms) -> None:
    settings = {"MaxConcurrentTransforms": 2, "MaxPayloadInMB": 3, "BatchStrategy": "SingleRecord"}
    transforms.run("tf-given", SUMS, {"a.csv": "1\n2\n"}, **settings)
    log = transforms.log("tf-given")
    assert '"SAGEMAKER_MAX_PAYLOAD_IN_MB": "3"' in log
    assert '"SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD"' in log
    assert '"SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "2"' in log
    assert "MaxConcurrentTransforms=2, MaxPayloadInMB=3, BatchStrategy=SINGLE_RECORD" in log
    assert log.count("lines 1") == 2


def test_what_it_leaves_open_is_asked_of_the_container(transforms: Transforms) -> None:
    offered = {"MaxConcurrentTransforms": 4, "MaxPayloadInMB": 1, "BatchStrategy": "MULTI_RECORD"}
    rows = "".join(f"{number},{'9' * 90}\n" for number in range(20_000))
    job = transforms.run(
        "tf-asked", SUMS, {"a.csv": rows}, container={"Environment": {"PARAMETERS": json.dumps(offered)}}
    )
    assert job["TransformJobStatus"] == "Completed"
    log = transforms.log("tf-asked")
    assert "MaxConcurrentTransforms=4, MaxPayloadInMB=1, BatchStrategy=MULTI_RECORD" in log
    sizes = [int(line.split()[1]) for line in log.splitlines() if line.startswith("lines ")]
    assert (len(sizes), sum(sizes)) == (2, 20_000)
    assert transforms.get("tf-asked/scored/a.csv.out").count("\n") == 20_000


def test_concurrent_requests_keep_the_order_of_the_records(transforms: Transforms) -> None:
    rows = "".join(f"{number}\n" for number in range(100))
    transforms.run("tf-order", SUMS, {"a.csv": rows}, MaxConcurrentTransforms=8, BatchStrategy="SingleRecord")
    assert transforms.get("tf-order/scored/a.csv.out") == rows


def test_an_object_that_is_not_split_is_one_request(transforms: Transforms) -> None:
    transforms.run(
        "tf-whole",
        SUMS,
        {"a.csv": "1\n2\n"},
        TransformInput={"SplitType": "None"},
        TransformOutput={"AssembleWith": "None"},
    )
    assert "lines 2" in transforms.log("tf-whole")
    assert transforms.get("tf-whole/scored/a.csv.out") == "1\n2\n"


def test_compressed_objects_are_decompressed(transforms: Transforms) -> None:
    job = transforms.run(
        "tf-gzip", SUMS, {"a.csv.gz": gzip.compress(b"1,1\n2,2\n")}, TransformInput={"CompressionType": "Gzip"}
    )
    assert job["TransformJobStatus"] == "Completed", transforms.log("tf-gzip")
    assert transforms.get("tf-gzip/scored/a.csv.gz.out") == "2\n4\n"


def test_predictions_are_joined_with_ids_that_the_model_does_not_get(transforms: Transforms) -> None:
    transforms.run(
        "tf-join",
        SUMS,
        {"a.csv": 'first,1,2\n"second, quoted",3,4\n'},
        DataProcessing={"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
    )
    assert transforms.get("tf-join/scored/a.csv.out") == 'first,3\n"second, quoted",7\n'


@pytest.mark.parametrize(
    ("processing", "line"),
    [
        ({"JoinSource": "Input"}, '{"id":7,"x":[1,2],"SageMakerOutput":{"n":2}}'),
        ({"InputFilter": "$.x", "JoinSource": "Input"}, '{"id":7,"x":[1,2],"SageMakerOutput":{"n":2}}'),
        (
            {"JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"},
            '{"id":7,"SageMakerOutput":{"n":2}}',
        ),
        ({"JoinSource": "Input", "OutputFilter": "$.SageMakerOutput.n"}, "2"),
        ({"InputFilter": "$.x[0:1]", "OutputFilter": "$.n"}, "1"),
    ],
    ids=str,
)
def test_json_lines_are_filtered_and_joined_by_name(
    transforms: Transforms, processing: dict[str, str], line: str, request: pytest.FixtureRequest
) -> None:
    name = f"tf-json-{abs(hash(request.node.name)) % 10**8}"
    media = {"ContentType": "application/jsonlines"}
    transforms.run(
        name,
        COUNTS,
        {"a.jsonl": '{"id": 7, "x": [1, 2]}\n'},
        DataProcessing=processing,
        TransformInput=media,
        TransformOutput={"Accept": "application/jsonlines"},
    )
    assert transforms.get(f"{name}/scored/a.jsonl.out") == f"{line}\n", transforms.log(name)


def test_lines_of_json_that_are_no_objects_are_joined_under_names_of_sagemaker(transforms: Transforms) -> None:
    transforms.run(
        "tf-lists",
        COUNTS,
        {"a.jsonl": "[1, 2]\n"},
        DataProcessing={"JoinSource": "Input"},
        TransformInput={"ContentType": "application/jsonlines"},
        TransformOutput={"Accept": "application/jsonlines"},
    )
    assert transforms.get("tf-lists/scored/a.jsonl.out") == '{"SageMakerInput":[1,2],"SageMakerOutput":{"n":2}}\n'


def test_one_refused_object_fails_the_job_and_the_others_are_written(transforms: Transforms) -> None:
    job = transforms.run("tf-refused", REFUSES_NEGATIVES, {"a.csv": "1\n-1\n", "b.csv": "1\n"})
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == "ClientError: See job logs for more information"
    assert transforms.keys("tf-refused/scored") == ["tf-refused/scored/b.csv.out"]
    assert "test-bucket/tf-refused/in/a.csv: found -1, allowed is a number from 0" in transforms.log("tf-refused")


def test_a_model_that_fails_is_asked_again_as_often_as_the_request_says(transforms: Transforms) -> None:
    job = transforms.run("tf-fails", FAILS, {"a.csv": "1\n"}, ModelClientConfig={"InvocationsMaxRetries": 2})
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"
    log = transforms.log("tf-fails")
    assert log.count("asked") == 3
    assert "tf-fails/in/a.csv: Bad HTTP status received from algorithm: 500" in log
    assert transforms.keys("tf-fails/scored") == []


@pytest.mark.parametrize(
    ("name", "content", "changes", "reason"),
    [
        (
            "tf-columns",
            "1,2\n",
            {"DataProcessing": {"InputFilter": "$[7]"}},
            "$[7] does not match ['1', '2']",
        ),
        ("tf-large", "1" * (1024 * 1024 + 1), {"MaxPayloadInMB": 1}, "the limit is 1048576"),
        ("tf-torn", "no gzip", {"TransformInput": {"CompressionType": "Gzip"}}, "cannot be read: Not a gzipped file"),
    ],
)
def test_a_record_that_cannot_be_sent_fails_its_object(
    transforms: Transforms, name: str, content: str, changes: dict[str, Any], reason: str
) -> None:
    job = transforms.run(name, SUMS, {"a.csv": content}, **changes)
    assert job["TransformJobStatus"] == "Failed"
    assert reason in transforms.log(name)


def test_answers_that_do_not_match_the_records_are_not_joined(transforms: Transforms) -> None:
    program = "from server import serve\nserve(lambda body, headers: (200, {}, 'one\\n'))"
    job = transforms.run("tf-mismatch", program, {"a.csv": "1\n2\n"}, DataProcessing={"JoinSource": "Input"})
    assert job["TransformJobStatus"] == "Failed"
    assert "2 records, 1 predictions" in transforms.log("tf-mismatch")


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

    number = until(process, DEADLINE_SECONDS)
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


def test_output_is_encrypted_with_the_requests_key(transforms: Transforms) -> None:
    key = transforms.hosting.cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    transforms.run("tf-kms", SUMS, {"a.csv": "1\n"}, TransformOutput={"KmsKeyId": key})
    head = transforms.s3.head_object(Bucket=transforms.bucket, Key="tf-kms/scored/a.csv.out")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_jobs_are_listed_tagged_waited_for_and_named_once(transforms: Transforms) -> None:
    tags = [{"Key": "team", "Value": "fares"}]
    transforms.start("tf-listed", SUMS, {"a.csv": "1\n"}, Tags=tags)
    waiter = transforms.sagemaker.get_waiter("transform_job_completed_or_stopped")
    waiter.wait(TransformJobName="tf-listed", WaiterConfig={"Delay": 1, "MaxAttempts": DEADLINE_SECONDS})
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

    assert until(complete, 10)


def test_data_are_read_and_written_with_the_models_role(transforms: Transforms, cloud: Cloud) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = cloud.client("iam").create_role(
        RoleName="tf-narrow", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]
    allowed = {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": ["arn:aws:s3:::test-bucket", "arn:aws:s3:::test-bucket/*"],
    }
    cloud.client("iam").put_role_policy(
        RoleName="tf-narrow",
        PolicyName="reads",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
    request = transforms.hosting.model_request("tf-role", SUMS) | {"ExecutionRoleArn": role["Arn"]}
    transforms.sagemaker.create_model(**request)
    transforms.put("tf-role/in/a.csv", "1\n")
    transforms.sagemaker.create_transform_job(**transforms.request("tf-role"))
    assert transforms.ended("tf-role")["TransformJobStatus"] == "Failed"
    assert "AccessDenied" in transforms.log("tf-role")
    assert transforms.keys("tf-role/scored") == []


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
