"""A copy of the generated repository that tests may edit, released through a local cloud of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import yaml
from baking import REPOSITORY, copy_without_tests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import BaseClient
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

from mlops.localcloud import state


@dataclass(frozen=True)
class Response:
    """The response that a client of the API gets; `version` is the header X-Model-Version."""

    status: int
    body: str
    version: str


@dataclass(frozen=True)
class Workshop:
    """A working copy of the repository and the environment that points it at its local cloud."""

    path: Path
    own_environment: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the running local cloud, and no other AWS variables."""
        running = state.read(self.path / ".mlops" / "local")
        return {**self.own_environment, **(running.environment if running else {})}

    def mlops(self, *words: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
        """Run the command line as a person would, without a terminal."""
        return subprocess.run(
            [sys.executable, "-m", "mlops", *words],
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )

    def succeed(self, *words: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
        """Run the command line. Unless it exits with 0, the test fails with its output."""
        done = self.mlops(*words, timeout=timeout)
        assert done.returncode == 0, f"mlops {' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done

    def client(self, service: str) -> BaseClient:
        names = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        url, region, key, secret = (self.environment[name] for name in names)
        return boto3.client(
            service, endpoint_url=url, region_name=region, aws_access_key_id=key, aws_secret_access_key=secret
        )

    @property
    def project(self) -> dict[str, str]:
        return json.loads((self.path / "configuration" / "project.json").read_text())

    def outputs(self, stack: str) -> dict[str, str]:
        """Outputs of the stack `{project}-{stack}`."""
        name = f"{self.project['project']}-{stack}"
        [found] = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}

    def parameters(self, stack: str) -> dict[str, str]:
        """Parameters of the stack `{project}-{stack}`."""
        name = f"{self.project['project']}-{stack}"
        [found] = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return {each["ParameterKey"]: each["ParameterValue"] for each in found["Parameters"]}

    def endpoint(self, name: str) -> str:
        """Name of the endpoint `test`, or of the endpoint that the production API calls."""
        if name == "production":
            return self.outputs("production")["EndpointName"]
        return f"{self.project['project']}--{self.project['model']}-{name}"

    def predict(self, row: str) -> Response:
        """Send a signed request to the API. Returns the response, whatever its status."""
        api = self.outputs("api")
        url = f"{self.environment['AWS_ENDPOINT_URL']}/restapis/{api['RestApiId']}/{api['StageName']}"
        request = AWSRequest("POST", f"{url}/_user_request_/predict", {"Content-Type": "text/csv"}, data=row)
        credentials = Credentials(self.environment["AWS_ACCESS_KEY_ID"], self.environment["AWS_SECRET_ACCESS_KEY"])
        SigV4Auth(credentials, "execute-api", self.environment["AWS_REGION"]).add_auth(request)
        response = URLLib3Session().send(request.prepare())
        return Response(response.status_code, response.text, response.headers.get("X-Model-Version", ""))

    def until_deleted(self, endpoint: str) -> None:
        """Wait until the endpoint is deleted: the state machine that deletes it runs in parallel to the pipeline."""
        waiter = self.client("sagemaker").get_waiter("endpoint_deleted")
        waiter.wait(EndpointName=self.endpoint(endpoint), WaiterConfig={"Delay": 1, "MaxAttempts": 60})

    def first_row(self) -> str:
        """The features of one trip of the test set."""
        file = self.path / ".mlops" / "dataset" / "test" / "test.csv"
        return file.read_text().splitlines()[1].partition(",")[2]

    def edit(self, file: str, change: Callable[[Any], None]) -> None:
        """Change a JSON or YAML file of the copy in place."""
        path = self.path / file
        text = path.read_text()
        value = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
        change(value)
        path.write_text(json.dumps(value, indent=2) if path.suffix == ".json" else yaml.safe_dump(value))

    def restore(self, file: str) -> None:
        """Undo a test's changes of a file."""
        shutil.copy2(self.pristine / file, self.path / file)

    def save_files(self) -> None:
        """Save the current files, which `restore` brings back."""
        copy_without_tests(self.path, self.pristine)

    @property
    def pristine(self) -> Path:
        return self.path.with_name("pristine")


@dataclass(frozen=True)
class Released:
    """The commands that made the first release, with their output."""

    start: subprocess.CompletedProcess[str]
    until_approval: subprocess.CompletedProcess[str]
    approve: subprocess.CompletedProcess[str]
    to_the_end: subprocess.CompletedProcess[str]


def open_workshop(directory: Path) -> Workshop:
    """Copy the repository without most of its tests, so that its Build stage is short."""
    path = directory / "repository"
    copy_without_tests(REPOSITORY, path)
    (path / "tests" / "model").mkdir(parents=True)
    shutil.copy2(REPOSITORY / "tests" / "model" / "test_features.py", path / "tests" / "model")
    shutil.copytree(REPOSITORY / "tests" / "api", path / "tests" / "api")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "NO_COLOR": "1",
    }
    return Workshop(path, environment)
