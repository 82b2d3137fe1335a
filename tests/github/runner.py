"""Workflows of a generated repository, run by act on this machine, against a local cloud.

act ignores branch filters, permissions, environments and time limits: test_workflows.py checks them in the parsed
files. The actions in actions/ and the folder of hub.py replace GitHub.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from github.hub import OWNER_ID, PROGRAMS, REPOSITORY_ID, Hub

ACTIONS = Path(__file__).parent / "actions"
# act's number for every run.
THIS_RUN = "1"
_USES = re.compile(r"uses: (?P<action>[\w.-]+/(?P<name>[\w.-]+))@(?P<ref>[0-9a-f]{40})")


@dataclass
class Run:
    """One run of a workflow."""

    code: int
    output: str
    artifacts: Path


@dataclass
class Runner:
    """A repository on this machine and on GitHub, and the cloud that its workflows call."""

    repository: Path
    home: Path
    cloud_url: str
    hub: Hub

    def run(
        self,
        workflow: str,
        event: str,
        inputs: dict[str, str] | None = None,
        payload: dict[str, Any] | None = None,
        job: str | None = None,
        timeout: float = 300,
    ) -> Run:
        """Run a workflow of .github/workflows for an event on main, or one of its jobs with the jobs that it needs.

        `inputs` are those of workflow_dispatch, `payload` has further keys of the event.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        artifacts = self.hub.runs / THIS_RUN
        shutil.rmtree(artifacts, ignore_errors=True)
        described = self.home / "event.json"
        described.write_text(json.dumps({"ref": "refs/heads/main", "inputs": inputs or {}, **(payload or {})}))
        command = [
            *(str(Path(sys.executable).with_name("act")), event, "--workflows", f".github/workflows/{workflow}.yml"),
            *("--platform", "ubuntu-24.04=-self-hosted", "--use-new-action-cache", "--no-cache-server"),
            *("--no-skip-checkout", "--eventpath", str(described), "--defaultbranch", "main"),
            *(("--job", job) if job else ()),
            *self._local_actions(),
            *(word for name, value in self.hub.variables().items() for word in ("--var", f"{name}={value}")),
            *(word for name, value in self._environment().items() for word in ("--env", f"{name}={value}")),
            *(word for name, value in (inputs or {}).items() for word in ("--input", f"{name}={value}")),
        ]
        environment = {
            "PATH": f"{PROGRAMS}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.home / "cache"),
        }
        done = subprocess.run(
            command,
            cwd=self.repository,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=timeout,
        )
        return Run(done.returncode, done.stdout, artifacts)

    def _environment(self) -> dict[str, str]:
        """The variables that GitHub sets for every job, and those of the stand-ins."""
        request_token = self.repository / ".mlops" / "local" / "identity" / "request-token"
        return {
            "GITHUB_REPOSITORY": self.hub.full_name,
            "AWS_ENDPOINT_URL": self.cloud_url,
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.cloud_url}/_localcloud/github/token",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": request_token.read_text(encoding="utf-8"),
            "NO_COLOR": "1",
            "STANDIN_REPOSITORY": str(self.repository),
            "STANDIN_PYTHON": sys.executable,
            "STANDIN_DIRECTORY": str(ACTIONS),
            "STANDIN_GITHUB": str(self.hub.folder),
            "STANDIN_SECRETS": str(self.home / "secrets"),
            "STANDIN_JOBS": json.dumps(jobs(self.repository)),
            "STANDIN_CLAIMS": json.dumps(
                {
                    "repository": self.hub.full_name,
                    "repository_owner_id": OWNER_ID,
                    "repository_id": REPOSITORY_ID,
                }
            ),
        }

    def _local_actions(self) -> list[str]:
        found = {
            (match["action"], match["ref"], match["name"])
            for file in (self.repository / ".github" / "workflows").glob("*.yml")
            for match in _USES.finditer(file.read_text())
        }
        return [
            word
            for action, ref, name in sorted(found)
            for word in ("--local-repository", f"{action}@{ref}={ACTIONS / name}")
        ]


def jobs(repository: Path) -> dict[str, dict[str, str]]:
    """The file and the environment of each job with steps in the repository's workflows, as claims of its token."""
    found = {}
    for file in (repository / ".github" / "workflows").glob("*.yml"):
        for name, job in yaml.safe_load(file.read_text())["jobs"].items():
            if "steps" in job:
                assert name not in found, f"two workflows have a job {name}"
                found[name] = {"workflow": file.stem, "environment": job.get("environment", "")}
    return found
