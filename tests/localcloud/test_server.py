"""The local cloud as a process: refusals, two clouds at the same time, a clean stop."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from harness import Cloud, start_cloud
from lambdas import Lambdas
from waiting import until

pytestmark = pytest.mark.acceptance


def test_an_operation_that_is_not_implemented_is_refused_by_its_name(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="sagemaker CreateHubContentReference") as refusal:
        cloud.client("sagemaker").create_hub_content_reference(
            HubName="a-hub",
            SageMakerPublicHubContentArn="arn:aws:sagemaker:us-east-1:aws:hub-content/x/Model/m/1.0.0",
        )
    assert refusal.value.response["Error"]["Code"] == "NotImplemented"


def test_request_outside_of_the_model_names_parameter_and_constraint(
    cloud: Cloud,
) -> None:
    with pytest.raises(ClientError, match="ModelName.*text that matches") as refusal:
        cloud.client("sagemaker").create_model(ModelName="under_score", ExecutionRoleArn="arn:aws:iam::1:role/not-one")
    assert refusal.value.response["Error"]["Code"] == "ValidationException"


def test_the_aws_command_line_agrees(cloud: Cloud) -> None:
    def aws(*words: str) -> subprocess.CompletedProcess:
        environment = {"PATH": os.environ["PATH"], **cloud.environment}
        command = [sys.executable, "-m", "awscli", *words, "--output", "text"]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    group = aws(
        "sagemaker",
        "create-model-package-group",
        "--model-package-group-name",
        "by-hand",
        "--query",
        "ModelPackageGroupArn",
    )
    assert group.stdout.strip() == "arn:aws:sagemaker:us-east-1:000000000000:model-package-group/by-hand", group.stderr
    listed = aws(
        "sagemaker",
        "list-model-package-groups",
        "--name-contains",
        "by-hand",
        "--query",
        "ModelPackageGroupSummaryList[].ModelPackageGroupName",
    )
    assert listed.stdout.strip() == "by-hand"
    missing = aws("codepipeline", "get-pipeline-state", "--name", "absent")
    assert "PipelineNotFoundException" in missing.stderr


def test_two_clouds_side_by_side_share_nothing(cloud: Cloud, tmp_path: Path) -> None:
    other = start_cloud(tmp_path)
    try:
        other.client("s3").create_bucket(Bucket="only-in-the-other")
        names = [bucket["Name"] for bucket in cloud.client("s3").list_buckets()["Buckets"]]
        assert "only-in-the-other" not in names
    finally:
        other.process.stdin.close()
        assert other.process.wait(30) == 0


def test_a_cloud_that_has_stopped_leaves_nothing_outside_its_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, outside = tmp_path / "cloud", tmp_path / "temporary"
    directory.mkdir()
    outside.mkdir()
    monkeypatch.setenv("TMPDIR", str(outside))
    running = start_cloud(directory)
    try:
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        role = running.client("iam").create_role(
            RoleName="function", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        )["Role"]["Arn"]
        functions = Lambdas(running, role)
        functions.make("writes", "import tempfile\ndef handler(event, context): return tempfile.mkdtemp()")
        made, _ = functions.invoke("writes")
        assert Path(made).is_relative_to(directory)
    finally:
        running.process.stdin.close()
        assert running.process.wait(30) == 0
    assert list(outside.iterdir()) == []
    assert not (directory / "tmp").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_cloud_and_its_reaper(tmp_path: Path, number: signal.Signals) -> None:
    stopped = start_cloud(tmp_path)
    children = children_of(stopped.process.pid)
    assert children
    stopped.process.send_signal(number)
    stopped.process.wait(30)
    until(lambda: not [pid for pid in children if is_running(pid)])


def test_a_cloud_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    killed = start_cloud(tmp_path)
    children = children_of(killed.process.pid)
    killed.process.kill()
    killed.process.wait(30)
    assert until(lambda: not [pid for pid in children if is_running(pid)])


def children_of(pid: int) -> list[int]:
    """Process ids of the children of a process."""
    rows = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return [int(child) for child, parent in map(str.split, rows.splitlines()) if int(parent) == pid]


def is_running(pid: int) -> bool:
    """Whether a process runs. A zombie that waits for its parent does not."""
    status = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(status) and not status.startswith("Z")
