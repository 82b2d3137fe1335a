"""Training jobs: the container contract and how jobs end, through plain boto3."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from botocore.exceptions import ClientError
from scripts import Scripts
from waiting import until

from mlops.localcloud import ports

GROUP = "/aws/sagemaker/TrainingJobs"
CONTRACT = """
import json, os, pathlib
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
config = {f.name: json.loads(f.read_text()) for f in (base / "input/config").iterdir()}
train = (base / "input/data/train/part/one.csv").read_text()
(base / "model/model.json").write_text(json.dumps({
    "config": config, "train": train, "environment": dict(os.environ)}))
(base / "output/data/notes.txt").write_text("notes")
print("done")
"""
WAIT_UNTIL_STOPPED = """
import os, pathlib, signal, sys, time
model = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"]) / "model" / "saved.txt"
def save(*_):
    model.write_text("in time")
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
print("running", flush=True)
while True:
    time.sleep(0.05)
"""


def test_a_job_gets_its_data_and_configuration_and_leaves_a_model(scripts: Scripts) -> None:
    scripts.put("contract/data/part/one.csv", "1,2\n")
    request = scripts.training_request(
        "contract",
        CONTRACT,
        HyperParameters={"eta": "0.1"},
        Environment={"GREETING": "hello", "INSIDE": "/opt/ml/model"},
    )
    request["InputDataConfig"].append(scripts.channel("train", "contract/data") | {"ContentType": "text/csv"})
    scripts.sagemaker.create_training_job(**request)
    job = scripts.ended_training("contract")

    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    model_uri = f"s3://{scripts.bucket}/contract/models/contract/output/model.tar.gz"
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == model_uri
    found = json.loads(scripts.archive("contract/models/contract/output/model.tar.gz")["model.json"])
    assert found["train"] == "1,2\n"
    assert found["config"]["hyperparameters.json"] == {"eta": "0.1"}
    assert found["config"]["inputdataconfig.json"]["train"] == {
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
        "ContentType": "text/csv",
    }
    resources = found["config"]["resourceconfig.json"]
    assert (resources["current_host"], resources["hosts"]) == ("algo-1", ["algo-1"])
    assert resources["current_instance_type"] == "ml.m5.large"
    environment = found["environment"]
    assert environment["TRAINING_JOB_NAME"] == "contract"
    assert environment["TRAINING_JOB_ARN"] == job["TrainingJobArn"]
    assert environment["GREETING"] == "hello"
    assert environment["INSIDE"] == environment["SAGEMAKER_BASE_DIR"] + "/model"
    assert environment["AWS_ENDPOINT_URL"] == scripts.cloud.endpoint_url
    assert "VIRTUAL_ENV" not in environment and "USER" not in environment
    assert scripts.archive("contract/models/contract/output/output.tar.gz") == {"notes.txt": "notes"}
    assert "done" in scripts.log(GROUP, "contract")


def test_a_job_passes_through_awss_secondary_statuses(scripts: Scripts) -> None:
    job = scripts.train("statuses", "print('nothing to do')")
    transitions = job["SecondaryStatusTransitions"]
    assert [entry["Status"] for entry in transitions] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert transitions[2]["StatusMessage"] == "Training image download completed. Training in progress."
    assert all(earlier["EndTime"] == later["StartTime"] for earlier, later in pairwise(transitions))
    assert job["TrainingStartTime"] < job["TrainingEndTime"]


def test_the_reason_of_a_failed_job_is_its_failure_file_and_exit_code(scripts: Scripts) -> None:
    program = """
    import os, pathlib, sys
    pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"], "output/failure").write_text("the label column is missing")
    sys.exit(3)
    """
    job = scripts.train("fails", program)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Failed", "Failed")
    assert job["FailureReason"] == "AlgorithmError: the label column is missing, exit code: 3"
    assert scripts.keys("fails/models/") == []


def test_exception_without_a_failure_file_is_the_failure_reason(
    scripts: Scripts,
) -> None:
    job = scripts.train("raises", "raise ValueError('no rows left')")
    assert job["FailureReason"] == "AlgorithmError: , exit code: 1"
    assert "ValueError: no rows left" in scripts.log(GROUP, "raises")
    log = scripts.cloud.directory / "training-jobs" / "raises" / "algo-1.log"
    assert "ValueError: no rows left" in log.read_text()


def test_job_beyond_its_maximum_runtime_keeps_its_output(scripts: Scripts) -> None:
    job = scripts.train("too-long", WAIT_UNTIL_STOPPED, StoppingCondition={"MaxRuntimeInSeconds": 3})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    statuses = [entry["Status"] for entry in job["SecondaryStatusTransitions"]]
    assert statuses[-4:] == ["Training", "Stopping", "Uploading", "MaxRuntimeExceeded"]
    assert "FailureReason" not in job
    # On a busy machine, the program may not have started to wait within its three seconds.
    if "running" in log_so_far(scripts, "too-long"):
        assert scripts.archive("too-long/models/too-long/output/model.tar.gz") == {"saved.txt": "in time"}


def test_a_spot_job_beyond_its_maximum_wait_time_is_stopped_for_that(scripts: Scripts) -> None:
    job = scripts.train(
        "spot",
        WAIT_UNTIL_STOPPED,
        EnableManagedSpotTraining=True,
        StoppingCondition={"MaxRuntimeInSeconds": 2, "MaxWaitTimeInSeconds": 2},
    )
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxWaitTimeExceeded")


def test_stopping_gives_the_program_time_to_save_its_model(scripts: Scripts) -> None:
    sagemaker = scripts.sagemaker
    sagemaker.create_training_job(**scripts.training_request("stopped", WAIT_UNTIL_STOPPED))
    until(lambda: "running" in log_so_far(scripts, "stopped"))
    sagemaker.stop_training_job(TrainingJobName="stopped")
    job = scripts.ended_training("stopped")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert scripts.archive("stopped/models/stopped/output/model.tar.gz") == {"saved.txt": "in time"}
    with pytest.raises(ClientError, match="rejected because the training job is in status Stopped"):
        sagemaker.stop_training_job(TrainingJobName="stopped")


def test_two_instances_reach_each_other_by_their_host_names(scripts: Scripts) -> None:
    program = """
    import json, os, pathlib, socket, sys, time
    base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
    me = json.loads((base / "input/config/resourceconfig.json").read_text())
    first, second = me["hosts"]
    if me["current_host"] == "algo-1":
        assert socket.gethostbyname("algo-2") == "127.0.0.2"
        with socket.create_server((first, PORT)) as server:
            connection, peer = server.accept()
            (base / "model/heard.txt").write_text(connection.recv(99).decode() + " at " + peer[0])
    else:
        for _ in range(200):
            try:
                connection = socket.create_connection((first, PORT), source_address=(second, 0))
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        connection.sendall(b"hello from " + second.encode())
    """.replace("PORT", str(ports.free_port()))
    job = scripts.train(
        "two",
        program,
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1},
    )
    assert job["TrainingJobStatus"] == "Completed", scripts.log(GROUP, "two")
    assert scripts.archive("two/models/two/output/model.tar.gz") == {"heard.txt": "hello from algo-2 at 127.0.0.2"}
    streams = scripts.cloud.client("logs").describe_log_streams(logGroupName=GROUP, logStreamNamePrefix="two/")[
        "logStreams"
    ]
    assert sorted(stream["logStreamName"].split("-")[1] for stream in streams) == ["1", "2"]


def test_one_failing_instance_fails_the_job_and_ends_the_other(scripts: Scripts) -> None:
    program = """
    import json, os, pathlib, sys, time
    base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
    me = json.loads((base / "input/config/resourceconfig.json").read_text())
    if me["current_host"] == me["hosts"][1]:
        sys.exit(5)
    time.sleep(600)
    """
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}
    job = scripts.train("one-fails", program, ResourceConfig=resources)
    assert job["FailureReason"] == "AlgorithmError: , exit code: 5"


def test_sharded_channels_give_each_instance_its_part(scripts: Scripts) -> None:
    for number in range(3):
        scripts.put(f"sharded/data/{number}.csv", str(number))
    program = """
    import os, pathlib
    base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
    names = sorted(f.name for f in (base / "input/data/train").iterdir())
    (base / "model" / f"{base.name}.txt").write_text(" ".join(names))
    """
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}
    request = scripts.training_request("sharded", program, ResourceConfig=resources)
    request["InputDataConfig"].append(
        scripts.channel("train", "sharded/data/", S3DataDistributionType="ShardedByS3Key")
    )
    scripts.sagemaker.create_training_job(**request)
    assert scripts.ended_training("sharded")["TrainingJobStatus"] == "Completed"
    assert scripts.archive("sharded/models/sharded/output/model.tar.gz") == {
        "algo-1.txt": "0.csv 2.csv",
        "algo-2.txt": "1.csv",
    }


def test_metrics_of_the_log_become_final_metrics_and_cloudwatch_metrics(scripts: Scripts) -> None:
    program = """
    for value in (4.5, 2.25, float("nan")):
        print(f"[0] validation:rmse={value}")
    """
    job = scripts.train(
        "metrics",
        program,
        AlgorithmSpecification={
            "TrainingImage": scripts.image_uri,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "validation:rmse", "Regex": "validation:rmse=([0-9.]+)"}],
        },
    )
    assert [(item["MetricName"], item["Value"]) for item in job["FinalMetricDataList"]] == [("validation:rmse", 2.25)]
    now = datetime.now(UTC)
    statistics = scripts.cloud.client("cloudwatch").get_metric_statistics(
        Namespace="/aws/sagemaker/TrainingJobs",
        MetricName="validation:rmse",
        Dimensions=[{"Name": "TrainingJobName", "Value": "metrics"}],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=10),
        Period=3600,
        Statistics=["Minimum", "SampleCount"],
    )["Datapoints"]
    assert [(point["Minimum"], point["SampleCount"]) for point in statistics] == [(2.25, 2.0)]


def test_a_job_starts_from_its_checkpoints_and_saves_new_ones(scripts: Scripts) -> None:
    scripts.put("checkpointed/checkpoints/epoch", "7")
    program = """
    import os, pathlib
    checkpoint = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"], "checkpoints/epoch")
    checkpoint.write_text(str(int(checkpoint.read_text()) + 1))
    """
    job = scripts.train(
        "checkpointed",
        program,
        CheckpointConfig={"S3Uri": f"s3://{scripts.bucket}/checkpointed/checkpoints"},
    )
    assert job["TrainingJobStatus"] == "Completed", scripts.log(GROUP, "checkpointed")
    assert scripts.get("checkpointed/checkpoints/epoch") == "8"


def test_an_uncompressed_model_is_uploaded_file_by_file_under_its_key(scripts: Scripts) -> None:
    key = scripts.cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    program = """
    import os, pathlib
    pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"], "model/weights.txt").write_text("w")
    """
    output = {
        "S3OutputPath": f"s3://{scripts.bucket}/plain/models",
        "CompressionType": "NONE",
        "KmsKeyId": key,
    }
    job = scripts.train("plain", program, OutputDataConfig=output)
    model = "plain/models/plain/output/model/"
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{scripts.bucket}/{model}"
    head = scripts.cloud.client("s3").head_object(Bucket=scripts.bucket, Key=f"{model}weights.txt")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_a_job_calls_aws_under_its_role_unless_its_network_is_isolated(scripts: Scripts) -> None:
    program = """
    import os, pathlib, boto3, botocore.exceptions
    try:
        who = boto3.client("sts").get_caller_identity()["Arn"]
    except botocore.exceptions.NoCredentialsError:
        who = "nobody"
    pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"], "model/who").write_text(who)
    """
    scripts.train("with-role", program)
    scripts.train("isolated", program, EnableNetworkIsolation=True)
    role = scripts.role_arn.rpartition("/")[2]
    assert f"assumed-role/{role}/" in scripts.archive("with-role/models/with-role/output/model.tar.gz")["who"]
    assert scripts.archive("isolated/models/isolated/output/model.tar.gz") == {"who": "nobody"}


def log_so_far(scripts: Scripts, name: str) -> str:
    """The log file of a job, which exists from the moment its program starts."""
    file = scripts.cloud.directory / "training-jobs" / name / "algo-1.log"
    return file.read_text() if file.exists() else ""


def test_programs_keep_their_own_python_path(scripts: Scripts) -> None:
    program = """
    import os, pathlib, subprocess, sys
    base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
    (base / "model/path.txt").write_text(" ".join(path for path in sys.path if path.startswith("/of/the/job")))
    child = "import socket; print(socket.gethostbyname('algo-1'))"
    (base / "model/child.txt").write_text(subprocess.check_output([sys.executable, "-c", child], text=True))
    """
    job = scripts.train("python-path", program, Environment={"PYTHONPATH": "/of/the/job"})
    assert job["TrainingJobStatus"] == "Completed", scripts.log(GROUP, "python-path")
    made = scripts.archive("python-path/models/python-path/output/model.tar.gz")
    assert made == {"path.txt": "/of/the/job", "child.txt": "127.0.0.1\n"}
    assert scripts.log(GROUP, "python-path") == ""
