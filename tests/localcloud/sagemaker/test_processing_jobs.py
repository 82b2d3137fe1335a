"""Processing jobs: inputs, outputs, ends, refusals, through plain boto3."""

import json

import pytest
from botocore.exceptions import ClientError
from scripts import Scripts
from waiting import until

GROUP = "/aws/sagemaker/ProcessingJobs"
COPY = """
import json, os, pathlib, sys
given, output = map(pathlib.Path, sys.argv[1:3])
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
(output / "report").mkdir()
(output / "report" / "copy.csv").write_text((given / "test.csv").read_text())
(output / "config.json").write_text((base / "config/processingjobconfig.json").read_text())
(base / "output" / "message").write_text("copied one file")
print("threshold", os.environ["THRESHOLD"])
"""


def test_a_job_reads_its_inputs_and_its_outputs_are_uploaded(scripts: Scripts) -> None:
    data = scripts.put("copies/data/test.csv", "1,2\n")
    request = scripts.processing_request(
        "copies",
        COPY,
        Environment={"THRESHOLD": "3"},
        ProcessingOutputConfig={"Outputs": [scripts.processing_output("made", "copies/out")]},
    )
    request["ProcessingInputs"].append(scripts.processing_input("data", data))
    request["AppSpecification"]["ContainerArguments"] = [
        "/opt/ml/processing/input/data",
        "/opt/ml/processing/output/made",
    ]
    scripts.sagemaker.create_processing_job(**request)
    job = scripts.ended_processing("copies")

    assert job["ProcessingJobStatus"] == "Completed", scripts.log(GROUP, "copies")
    assert job["ExitMessage"] == "copied one file"
    assert job["ProcessingStartTime"] < job["ProcessingEndTime"]
    assert scripts.get("copies/out/report/copy.csv") == "1,2\n"
    config = json.loads(scripts.get("copies/out/config.json"))
    assert config["ProcessingJobArn"] == job["ProcessingJobArn"]
    assert config["ProcessingInputs"][1]["S3Input"]["S3DataDistributionType"] == "FullyReplicated"
    assert "threshold 3" in scripts.log(GROUP, "copies")


def test_without_an_entrypoint_the_images_own_program_runs(scripts: Scripts) -> None:
    # The image's own program looks for a training job's channel, which a processing job does not have.
    application = {"ImageUri": scripts.image_uri}
    job = scripts.process("own-program", "", AppSpecification=application)
    assert job["ProcessingJobStatus"] == "Failed"
    assert "input/data/code/program.py" in scripts.log(GROUP, "own-program")


def test_failed_job_has_a_reason_and_uploads_nothing(scripts: Scripts) -> None:
    program = """
    import os, pathlib
    base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
    (base / "processing/output/made/half.csv").write_text("half")
    (base / "output/message").write_text("the test set is empty")
    raise SystemExit("no rows")
    """
    outputs = {"Outputs": [scripts.processing_output("made", "breaks/out")]}
    job = scripts.process("breaks", program, ProcessingOutputConfig=outputs)
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert job["ExitMessage"] == "the test set is empty"
    assert "no rows" in scripts.log(GROUP, "breaks")
    assert scripts.keys("breaks/out") == []
    kept = scripts.cloud.directory / "processing-jobs/breaks/algo-1/processing/output/made/half.csv"
    assert kept.read_text() == "half"


def test_program_missing_in_the_image_fails_the_job(scripts: Scripts) -> None:
    application = {"ImageUri": scripts.image_uri, "ContainerEntrypoint": ["spark-submit"]}
    job = scripts.process("no-program", "", AppSpecification=application)
    assert job["ProcessingJobStatus"] == "Failed"
    assert 'exec: "spark-submit": executable file not found' in scripts.log(GROUP, "no-program")


def test_a_job_beyond_its_maximum_runtime_is_stopped(scripts: Scripts) -> None:
    job = scripts.process("endless", "import time; time.sleep(600)", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert job["ProcessingJobStatus"] == "Stopped"
    assert "FailureReason" not in job


def test_a_job_can_be_stopped_once(scripts: Scripts) -> None:
    sagemaker = scripts.sagemaker
    program = "import time; print('running', flush=True); time.sleep(600)"
    sagemaker.create_processing_job(**scripts.processing_request("halted", program))
    log = scripts.cloud.directory / "processing-jobs" / "halted" / "algo-1.log"
    until(lambda: log.exists() and "running" in log.read_text())
    sagemaker.stop_processing_job(ProcessingJobName="halted")
    assert scripts.ended_processing("halted")["ProcessingJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match="processing job is in status Stopped"):
        sagemaker.stop_processing_job(ProcessingJobName="halted")


def test_a_continuous_output_is_in_s3_while_the_job_runs(scripts: Scripts) -> None:
    program = """
    import os, pathlib, time
    output = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"], "processing/output/made")
    (output / "first.txt").write_text("early")
    time.sleep(600)
    """
    outputs = {"Outputs": [scripts.processing_output("made", "streams/out", "Continuous")]}
    request = scripts.processing_request("streams", program, ProcessingOutputConfig=outputs)
    scripts.sagemaker.create_processing_job(**request)
    until(lambda: scripts.keys("streams/out") == ["streams/out/first.txt"])
    scripts.sagemaker.stop_processing_job(ProcessingJobName="streams")
    assert scripts.ended_processing("streams")["ProcessingJobStatus"] == "Stopped"


def test_missing_input_fails_the_job_with_its_uri(scripts: Scripts) -> None:
    request = scripts.processing_request("lost", "")
    uri = f"s3://{scripts.bucket}/not/there"
    request["ProcessingInputs"].append(scripts.processing_input("data", uri))
    scripts.sagemaker.create_processing_job(**request)
    job = scripts.ended_processing("lost")
    assert job["FailureReason"] == f"ClientError: Failed to download data. No S3 objects found under {uri}"


def test_two_instances_share_the_work_and_their_outputs(scripts: Scripts) -> None:
    for number in range(2):
        scripts.put(f"parts/data/{number}.csv", str(number))
    program = """
    import os, pathlib
    base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"], "processing")
    for part in (base / "input/data").iterdir():
        (base / "output/made" / part.name).write_text(part.read_text() * 2)
    """
    request = scripts.processing_request(
        "parts",
        program,
        ProcessingOutputConfig={"Outputs": [scripts.processing_output("made", "parts/out")]},
    )
    request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 2
    request["ProcessingInputs"].append(
        scripts.processing_input("data", f"s3://{scripts.bucket}/parts/data/", S3DataDistributionType="ShardedByS3Key")
    )
    scripts.sagemaker.create_processing_job(**request)
    assert scripts.ended_processing("parts")["ProcessingJobStatus"] == "Completed"
    assert [scripts.get(f"parts/out/{number}.csv") for number in range(2)] == ["00", "11"]


def test_a_local_path_outside_of_processing_is_refused(scripts: Scripts) -> None:
    request = scripts.processing_request("outside", "")
    request["ProcessingInputs"][0]["S3Input"]["LocalPath"] = "/etc"
    with pytest.raises(ClientError, match="LocalPath of code must start with /opt/ml/processing/"):
        scripts.sagemaker.create_processing_job(**request)


@pytest.mark.parametrize(
    ("member", "value", "named"),
    [
        ("S3InputMode", "Pipe", r"ProcessingInputs\[0\].S3Input.S3InputMode=Pipe"),
        ("S3CompressionType", "Gzip", r"ProcessingInputs\[0\].S3Input.S3CompressionType=Gzip"),
    ],
)
def test_unsupported_requests_are_refused_by_name(scripts: Scripts, member: str, value: str, named: str) -> None:
    request = scripts.processing_request("unsupported", "")
    request["ProcessingInputs"][0]["S3Input"][member] = value
    with pytest.raises(ClientError, match=f"CreateProcessingJob with {named}$"):
        scripts.sagemaker.create_processing_job(**request)


def test_jobs_are_listed_by_status_newest_first(scripts: Scripts) -> None:
    scripts.process("seen-first", "")
    scripts.process("seen-second", "")
    listed = scripts.sagemaker.list_processing_jobs(NameContains="seen-", StatusEquals="Completed")
    names = [job["ProcessingJobName"] for job in listed["ProcessingJobSummaries"]]
    assert names == ["seen-second", "seen-first"]


def test_a_name_can_be_used_once_and_an_unknown_one_is_not_found(scripts: Scripts) -> None:
    scripts.process("only-once", "")
    with pytest.raises(ClientError, match="Job name must be unique"):
        scripts.sagemaker.create_processing_job(**scripts.processing_request("only-once", ""))
    with pytest.raises(ClientError, match="Could not find requested job with name: absent"):
        scripts.sagemaker.describe_processing_job(ProcessingJobName="absent")


LIST = """
import os, pathlib
given = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"], "processing/input/listed")
print(sorted((file.relative_to(given).as_posix(), file.read_text()) for file in given.rglob("*.jsonl")))
"""


def manifest_input(uri: str) -> dict:
    source = {"S3Uri": uri, "LocalPath": "/opt/ml/processing/input/listed", "S3DataType": "ManifestFile"}
    return {"InputName": "listed", "S3Input": {**source, "S3InputMode": "File"}}


def test_an_input_by_manifest_has_exactly_the_objects_that_it_names(scripts: Scripts) -> None:
    for name in ("a/1.jsonl", "a/2.jsonl", "b/3.jsonl"):
        scripts.put(f"listed/data/{name}", name)
    names = [{"prefix": f"s3://{scripts.bucket}/listed/data/"}, "a/2.jsonl", "b/3.jsonl"]
    manifest = scripts.put("listed/manifest.json", json.dumps(names))
    request = scripts.processing_request("listed", LIST)
    request["ProcessingInputs"].append(manifest_input(manifest))
    scripts.sagemaker.create_processing_job(**request)
    assert scripts.ended_processing("listed")["ProcessingJobStatus"] == "Completed", scripts.log(GROUP, "listed")
    assert "[('a/2.jsonl', 'a/2.jsonl'), ('b/3.jsonl', 'b/3.jsonl')]" in scripts.log(GROUP, "listed")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("not-json", "a/1.jsonl", "can't be read"),
        ("no-prefix", '["a/1.jsonl"]', "can't be read"),
        ("unknown-key", '[{"prefix": "s3://test-bucket/nowhere/"}, "a.jsonl"]', "GetObject failed"),
    ],
)
def test_a_manifest_that_cannot_be_followed_fails_the_job(
    scripts: Scripts, name: str, content: str, reason: str
) -> None:
    request = scripts.processing_request(f"manifest-{name}", "")
    request["ProcessingInputs"].append(manifest_input(scripts.put(f"manifests/{name}.json", content)))
    scripts.sagemaker.create_processing_job(**request)
    job = scripts.ended_processing(f"manifest-{name}")
    assert job["ProcessingJobStatus"] == "Failed"
    assert reason in job["FailureReason"]
