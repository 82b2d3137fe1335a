"""Starts local clouds for tests."""

import math
import os
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import answers
import boto3
from baking import REPOSITORY
from botocore.client import BaseClient
from botocore.config import Config
from waiting import until

from mlops.localcloud import ports, state

# What a shell that points at another cloud has in its environment; nothing listens there.
OF_ANOTHER_PLACE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_PROFILE": "nobodys"}


@dataclass(frozen=True)
class Cloud:
    """A running local cloud."""

    port: int
    directory: Path
    process: subprocess.Popen

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What `mlops local env` prints."""
        running = state.read(self.directory)
        assert running is not None
        return running.environment

    def metric(self, namespace: str, name: str, dimensions: dict[str, str], statistic: str = "Sum") -> float:
        """The sum of a metric's values in this hour and the one before, or with SampleCount their number."""
        return sum(self.values(namespace, name, statistic, dimensions))

    def values(
        self, namespace: str, name: str, statistic: str, dimensions: dict[str, str] | None = None
    ) -> list[float]:
        """A statistic of a metric in this hour and the one before; empty without values."""
        now = datetime.now(UTC)
        found = self.client("cloudwatch").get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in (dimensions or {}).items()],
            StartTime=now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1),
            EndTime=now + timedelta(minutes=1),
            Period=7200,
            Statistics=[statistic],
        )["Datapoints"]
        return [point[statistic] for point in found]

    def client(
        self,
        service: str,
        credentials: dict[str, str] | None = None,
        config: Config | None = None,
        region: str = "us-east-1",
    ) -> BaseClient:
        """A client as the account's administrator, or with Credentials that STS has given."""
        if credentials is None:
            environment = self.environment
            credentials = {
                "AccessKeyId": environment["AWS_ACCESS_KEY_ID"],
                "SecretAccessKey": environment["AWS_SECRET_ACCESS_KEY"],
            }
        client = boto3.client(
            service,
            endpoint_url=self.endpoint_url,
            region_name=region,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
            config=config,
        )
        answers.watch(client)
        return client


def is_share(count: int, total: int, share: float) -> bool:
    """Whether so many of so many chances go with a share: within four standard deviations, and one for the ends."""
    return abs(count - share * total) <= 4 * math.sqrt(share * (1 - share) * total) + 1


def start_cloud(directory: Path) -> Cloud:
    """Start a cloud owned by this process and wait until it answers."""
    port = ports.free_port()
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
        env={**os.environ, **OF_ANOTHER_PLACE},
        stdin=subprocess.PIPE,
        stderr=(directory / "server.log").open("w"),
    )
    cloud = Cloud(port, directory, process)
    until(lambda: healthy(cloud))
    return cloud


def healthy(cloud: Cloud) -> bool:
    """Whether the cloud answers. Fails when it has ended."""
    assert cloud.process.poll() is None, (cloud.directory / "server.log").read_text()
    if state.read(cloud.directory) is None:
        return False
    try:
        with urllib.request.urlopen(f"{cloud.endpoint_url}/_localcloud/health", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False
