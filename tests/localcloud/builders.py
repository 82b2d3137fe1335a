"""Build projects of the tests, and the builds that they run."""

import io
import textwrap
import zipfile
from dataclasses import dataclass
from typing import Any

from harness import Cloud
from waiting import until


@dataclass(frozen=True)
class Builders:
    """Makes projects whose buildspec is given, and runs builds of them."""

    cloud: Cloud
    bucket: str
    role_arn: str

    @property
    def codebuild(self) -> Any:
        return self.cloud.client("codebuild")

    def project(self, name: str, buildspec: str, **members: Any) -> str:
        """Create a project without a source and return its name."""
        settings = {
            "source": {"type": "NO_SOURCE", "buildspec": textwrap.dedent(buildspec)},
            "artifacts": {"type": "NO_ARTIFACTS"},
            "environment": {
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/amazonlinux-x86_64-standard:6.0",
                "computeType": "BUILD_GENERAL1_SMALL",
            },
            "serviceRole": self.role_arn,
        }
        self.codebuild.create_project(name=name, **settings | members)
        return name

    def commands(self, name: str, *commands: str, **members: Any) -> str:
        """Create a project whose build phase has these commands."""
        listed = "\n".join(f"      - {command}" for command in commands)
        buildspec = f"version: 0.2\nphases:\n  build:\n    commands:\n{listed}\n"
        return self.project(name, buildspec, **members)

    def start(self, project: str, **request: Any) -> str:
        """Start a build and return its id."""
        return self.codebuild.start_build(projectName=project, **request)["build"]["id"]

    def get(self, build_id: str) -> dict:
        """The build as it is now."""
        return self.codebuild.batch_get_builds(ids=[build_id])["builds"][0]

    def ended(self, build_id: str, seconds: float = 30) -> dict:
        """The build, once it has ended."""
        return until(lambda: (build := self.get(build_id))["buildComplete"] and build)

    def run(self, project: str, **request: Any) -> dict:
        """Start a build and wait for its end."""
        return self.ended(self.start(project, **request))

    def messages(self, build: dict) -> list[str]:
        """The events of the build's log, as CloudWatch Logs has them."""
        log_location = build["logs"]
        events = self.cloud.client("logs").get_log_events(
            logGroupName=log_location["groupName"], logStreamName=log_location["streamName"], startFromHead=True
        )["events"]
        return [event["message"] for event in events]

    def log(self, build: dict) -> str:
        """The build's log as one text."""
        return "\n".join(self.messages(build))

    def output(self, build: dict) -> list[str]:
        """What the commands printed."""
        return [line for line in self.messages(build) if line.strip() and not line.startswith("[Container]")]

    def put_zip(self, key: str, files: dict[str, str]) -> str:
        """Put a zip of these files into the bucket and return its version."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        s3 = self.cloud.client("s3")
        return s3.put_object(Bucket=self.bucket, Key=key, Body=packed.getvalue())["VersionId"]

    def get_zip(self, key: str) -> dict[str, str]:
        """The files of a zip in the bucket."""
        body = self.cloud.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read()
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return {name: archive.read(name).decode() for name in archive.namelist()}


def phase(build: dict, name: str) -> dict:
    """A phase of a build."""
    return next(phase for phase in build["phases"] if phase["phaseType"] == name)


def statuses(build: dict) -> dict[str, str]:
    """How each phase of a build ended."""
    return {phase["phaseType"]: phase.get("phaseStatus", "") for phase in build["phases"]}
