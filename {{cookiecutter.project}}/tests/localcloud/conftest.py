"""One local cloud for the tests of a worker process, with roles, a bucket and boto3 clients."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from botocore.client import BaseClient

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Cloud:
    """A running local cloud."""

    port: int
    directory: Path
    process: subprocess.Popen

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str) -> BaseClient:
        return boto3.client(
            service,
            endpoint_url=self.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_cloud(directory: Path) -> Cloud:
    """Start a cloud owned by this process and wait until it answers."""
    port = free_port()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "mlops.localcloud",
            "--port",
            str(port),
            "--directory",
            str(directory),
            "--owned",
        ],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stderr=(directory / "server.log").open("w"),
    )
    cloud = Cloud(port, directory, process)
    until(lambda: _healthy(cloud), 30)
    return cloud


def until(condition: Callable[[], object], seconds: float) -> object:
    """The condition's first true value. Fails when there is none within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not true within {seconds} s")


def _healthy(cloud: Cloud) -> bool:
    assert cloud.process.poll() is None, (cloud.directory / "server.log").read_text()
    try:
        with urllib.request.urlopen(f"{cloud.endpoint_url}/_localcloud/health", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud that all tests of this worker share; each test uses names of its own."""
    running = start_cloud(tmp_path_factory.mktemp("cloud"))
    yield running
    running.process.stdin.close()
    running.process.wait(timeout=30)


@pytest.fixture(scope="session")
def role_arn(cloud: Cloud) -> str:
    """A role that any service may assume and that may do everything."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": [f"{name}.amazonaws.com" for name in SERVICES]},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam = cloud.client("iam")
    role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.put_role_policy(RoleName="worker", PolicyName="all", PolicyDocument=json.dumps(allow))
    return role["Arn"]


SERVICES = ("sagemaker", "codepipeline", "codebuild", "cloudformation", "states", "events")


@pytest.fixture(scope="session")
def bucket(cloud: Cloud) -> str:
    """A versioned bucket."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="test-bucket")
    s3.put_bucket_versioning(Bucket="test-bucket", VersioningConfiguration={"Status": "Enabled"})
    return "test-bucket"
