"""An account of the local cloud with its foundation, and a generated repository that may release into it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import yaml
from baking import TEMPLATE, bake
from botocore.client import BaseClient
from github.hub import PROGRAMS, Hub
from github.runner import Run, Runner
from short_load import SHORT_LOAD

REGION = "us-east-1"
PROJECT = "taxi-fares"
FULL_NAME = f"example/{PROJECT}"
# A trip that no data set has: what a model does with it, QA does not see.
UNSEEN_DISTANCE = "77.777"
_CLIENTS, _MOST_SECONDS = 4, 300


@dataclass
class Answers:
    """What the clients of the API got, in order."""

    file: Path

    def read(self) -> list[tuple[int, str]]:
        """Status and model version of each request."""
        lines = self.file.read_text(encoding="utf-8").splitlines() if self.file.exists() else []
        return [(told["status"], told["version"]) for told in map(json.loads, lines)]

    def statuses(self) -> Counter[int]:
        return Counter(status for status, _ in self.read())

    def versions(self) -> Counter[str]:
        """Requests that were answered, by the version that did."""
        return Counter(version for status, version in self.read() if status == 200)


@dataclass
class Account:
    """One repository, its cloud and its GitHub."""

    home: Path
    repository: Path
    port: int
    hub: Hub
    # Of another account than the one in which the cloud begins.
    credentials: dict[str, str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """For commands of the account's administrator."""
        return {
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
            "STANDIN_GITHUB": str(self.hub.folder),
            "HOME": str(self.home),
            "NO_COLOR": "1",
            **self._calling,
        }

    @property
    def _calling(self) -> dict[str, str]:
        """What makes AWS clients call the cloud as the account's administrator; nothing while it does not run."""
        file = self.cloud_directory / "cloud.json"
        if not file.exists():
            return {}
        running = json.loads(file.read_text(encoding="utf-8"))
        own = {
            "AWS_ACCESS_KEY_ID": running["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": running["secret_access_key"],
        }
        return {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION, **(self.credentials or own)}

    def new_account(self) -> Account:
        """The same repository in another account, which has nothing in it."""
        added = self.client("organizations").create_account(Email="empty@example.org", AccountName="empty")
        role = f"arn:aws:iam::{added['CreateAccountStatus']['AccountId']}:role/OrganizationAccountAccessRole"
        assumed = self.client("sts").assume_role(RoleArn=role, RoleSessionName="administrator")["Credentials"]
        credentials = {
            "AWS_ACCESS_KEY_ID": assumed["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": assumed["SecretAccessKey"],
            "AWS_SESSION_TOKEN": assumed["SessionToken"],
        }
        return replace(self, credentials=credentials)

    @property
    def cloud_directory(self) -> Path:
        """The local cloud's files: logs, objects, decisions about permissions."""
        return self.repository / ".mlops" / "local"

    def client(self, service: str, region: str = REGION) -> BaseClient:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=self._calling["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self._calling["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=self._calling.get("AWS_SESSION_TOKEN"),
        )

    def foundation(self, region: str = REGION) -> subprocess.CompletedProcess[str]:
        """Run `make foundation`'s command."""
        return self._run(str(TEMPLATE / "infra" / "deploy.py"), "foundation", "--region", region)

    def mlops(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self._run("-m", "mlops", *words)

    def succeed(self, *words: str) -> str:
        done = self.mlops(*words)
        assert done.returncode == 0, f"mlops {' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words],
            cwd=self.repository,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=240,
            stdin=subprocess.DEVNULL,
        )

    def bootstrap(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.mlops("bootstrap", "--github", *words)

    def workflow(self, name: str, event: str = "workflow_dispatch", **options: Any) -> Run:
        """Run a workflow of the repository with act. `options` are further arguments of Runner.run."""
        return Runner(self.repository, self.home, self.url, self.hub).run(name, event, **options)

    def step(self, workflow: str, name: str) -> tuple[int, str]:
        """Run the script of one step, with GitHub's variables. Returns its exit status and its output."""
        jobs = yaml.safe_load((self.repository / ".github" / "workflows" / f"{workflow}.yml").read_text())["jobs"]
        [script] = [step["run"] for job in jobs.values() for step in job["steps"] if step.get("name") == name]
        environment = {**self.environment, "GITHUB_REPOSITORY": self.hub.full_name}
        # The options with which GitHub runs a script.
        done = subprocess.run(["bash", "-e", "-c", script], env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def edit(self, file: str, change: Callable[[Any], None]) -> None:
        """Change a JSON or YAML file of the repository in place."""
        path = self.repository / file
        text = path.read_text(encoding="utf-8")
        value = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
        change(value)
        path.write_text(json.dumps(value, indent=2) if path.suffix == ".json" else yaml.safe_dump(value))

    def commit(self, message: str) -> None:
        git = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main"]
        for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", message]):
            subprocess.run([*git, *words], cwd=self.repository, check=True, capture_output=True)

    def outputs(self, stack: str) -> dict[str, str]:
        """Outputs of the stack `{project}-{stack}`."""
        [found] = self.client("cloudformation").describe_stacks(StackName=f"{PROJECT}-{stack}")["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}

    @contextmanager
    def traffic(self, name: str) -> Iterator[Answers]:
        """A locust run with clients of the API, for the duration of the context."""
        api = self.outputs("api")
        rows = self.home / "rows.csv"
        rows.write_text(f"{self._unseen_trip()}\n")
        answers = Answers(self.home / f"answers-{name}.jsonl")
        command = [
            *(sys.executable, "-m", "locust", "--locustfile", str(Path(__file__).with_name("client.py"))),
            *("--headless", "--users", str(_CLIENTS), "--spawn-rate", str(_CLIENTS)),
            *("--run-time", str(_MOST_SECONDS), "--only-summary"),
            *("--host", f"{self.url}/restapis/{api['RestApiId']}/{api['StageName']}/_user_request_"),
        ]
        environment = {**self.environment, "ROWS": str(rows), "ANSWERS": str(answers.file)}
        with (self.home / f"locust-{name}.log").open("w") as log:
            locust = subprocess.Popen(command, env=environment, cwd=self.home, stdout=log, stderr=log)
            try:
                yield answers
            finally:
                locust.terminate()
                locust.wait(30)

    def _unseen_trip(self) -> str:
        """A row of the test set with a trip distance that the data set does not have."""
        lines = (self.repository / ".mlops" / "dataset" / "test" / "test.csv").read_text().splitlines()
        header, row = lines[0].split(","), lines[1].split(",")
        row[header.index("trip_distance")] = UNSEEN_DISTANCE
        return ",".join(row[1:])


@contextmanager
def open_account(home: Path, *, on_github: bool = True) -> Iterator[Account]:
    """Generate a repository with a short load test and one quick test of its own, and start its cloud.

    `on_github`: whether the repository exists on GitHub.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    owner, _, name = FULL_NAME.partition("/")
    repository = bake(home, github_owner=owner, github_repository=name)
    hub = Hub(home / "github", FULL_NAME)
    if on_github:
        hub.create()
    account = Account(home, repository, port, hub)
    account.edit("configuration/qa.yml", lambda qa: qa.update(SHORT_LOAD))
    # In the local cloud a minute takes a second, in which clients send fewer requests.
    account.edit("configuration/production.yml", lambda production: production["alarms"].update(errors_per_minute=1))
    for test in (repository / "tests" / "model").glob("test_*.py"):
        if test.name != "test_features.py":
            test.unlink()
    account.commit("Generate a model repository")
    account.succeed("local", "up", "--port", str(port))
    try:
        yield account
    finally:
        account.mlops("local", "down")
