"""Transform jobs: how objects are split, filtered, joined and assembled, through plain boto3."""

import gzip
import json
from typing import Any

import pytest
from harness import Cloud
from transforming import COUNTS, REFUSES_NEGATIVES, SUMS, Transforms


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


def test_output_is_encrypted_with_the_requests_key(transforms: Transforms) -> None:
    key = transforms.hosting.cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    transforms.run("tf-kms", SUMS, {"a.csv": "1\n"}, TransformOutput={"KmsKeyId": key})
    head = transforms.s3.head_object(Bucket=transforms.bucket, Key="tf-kms/scored/a.csv.out")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


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
