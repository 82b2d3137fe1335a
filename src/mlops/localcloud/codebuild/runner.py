"""Runs one build from source to artifacts, and keeps its record as BatchGetBuilds shows it."""

import logging
import platform
import shlex
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from mlops.localcloud import context
from mlops.localcloud.codebuild import artifacts, buildspec, environment, events, sources
from mlops.localcloud.codebuild.phases import COMMAND_PHASES, Phases, Status
from mlops.localcloud.codebuild.shell import Interrupted, Shell
from mlops.localcloud.logs import LogStream

logger = logging.getLogger(__name__)


class PhaseFailed(Exception):
    """The current phase failed, with CodeBuild's status code; the build continues to its end."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message


class Runner:
    """One build. `build` is its record, a Build of the API, which changes while it runs."""

    def __init__(self, build: dict):
        self.build = build
        self.ended = threading.Event()
        self._shell: Shell | None = None
        self._stopped = False
        self._lock = threading.Lock()

    def run(self) -> None:
        """Run to the end, and record the result."""
        build = self.build
        directory = context.directory("builds", build["projectName"], build["id"].partition(":")[2])
        logs = build["logs"]
        events.build_changed(build)
        try:
            with (
                LogStream(logs["groupName"], logs["streamName"], directory / "build.log") as log,
                TemporaryDirectory(dir=context.settings.temporary, prefix="build-", ignore_cleanup_errors=True) as own,
            ):
                phases = Phases(build, log)
                status = self._run(phases, log, directory, Path(own))
                _pass_through("FINALIZING", phases)
        except Exception as error:
            logger.exception("Build %s", build["id"])
            status = "FAULT"
            reason = {"statusCode": "INTERNAL_SERVICE_ERROR", "message": f"{type(error).__name__}: {error}"}
            build["phases"][-1] |= {"phaseStatus": "FAULT", "contexts": [reason]}
        now = datetime.now(UTC)
        build["phases"].append({"phaseType": "COMPLETED", "startTime": now})
        build.update(currentPhase="COMPLETED", endTime=now, buildStatus=status, buildComplete=True)
        events.build_changed(build)
        self.ended.set()

    def stop(self) -> None:
        """Stop the build and all processes that its commands have started."""
        with self._lock:
            self._stopped = True
            shell = self._shell
        if shell is not None:
            shell.stop(grace_seconds=2)

    def _run(self, phases: Phases, log: LogStream, directory: Path, temporary: Path) -> Status:
        deadline = time.monotonic() + self.build["timeoutInMinutes"] * 60
        _pass_through("PROVISIONING", phases)
        phases.begin("DOWNLOAD_SOURCE")
        try:
            spec, directories, variables = self._prepare(directory, temporary)
        except PhaseFailed as failure:
            phases.end("FAILED", failure.code, failure.message)
            return "FAILED"
        phases.end("SUCCEEDED")
        if spec.python_version:
            phases.log(f"Python {platform.python_version()} is used in place of runtime version {spec.python_version}")
        with Shell(spec.shell, variables, directories[""], directory / "shell", log.write) as shell:
            with self._lock:
                self._shell = shell
                if self._stopped:
                    shell.stop(grace_seconds=0)
            try:
                succeeded, reached_build = self._commands(spec, shell, phases, deadline)
                self.build["exportedEnvironmentVariables"] = _exported(spec, shell, directory, deadline)
            except Interrupted:
                phases.end("STOPPED")
                return "STOPPED"
            except TimeoutError:
                message = f"Build has timed out. The timeout is {self.build['timeoutInMinutes']} minutes."
                phases.end("TIMED_OUT", "BUILD_TIMED_OUT", message)
                return "TIMED_OUT"
        if reached_build:
            succeeded = self._upload(spec, directories[""], phases) and succeeded
        return "SUCCEEDED" if succeeded else "FAILED"

    def _prepare(self, directory: Path, temporary: Path) -> tuple[buildspec.Buildspec, dict[str, Path], dict[str, str]]:
        """Buildspec, source directories by identifier, environment."""
        build = self.build
        role_arn = build["serviceRole"]
        try:
            directories = {"": sources.fetch(build["source"], build.get("sourceVersion"), role_arn, directory / "src")}
            for source in build.get("secondarySources", []):
                name = source["sourceIdentifier"]
                directories[name] = sources.fetch(source, None, role_arn, directory / f"src-{name}")
            spec = buildspec.parse(sources.read_buildspec(build["source"].get("buildspec", ""), directories[""]))
            home = directory / "home"
            home.mkdir()
            return spec, directories, environment.variables(build, spec, directories, home, temporary)
        except buildspec.BuildspecError as error:
            raise PhaseFailed("YAML_FILE_ERROR", str(error)) from error
        except (ClientError, BotoCoreError, LookupError, ValueError, context.RoleNotAssumable) as error:
            raise PhaseFailed("CLIENT_ERROR", str(error)) from error

    def _commands(self, spec: buildspec.Buildspec, shell: Shell, phases: Phases, deadline: float) -> tuple[bool, bool]:
        """Run the phases that have commands. Returns whether all succeeded, and whether the build phase was reached.

        A failure in install or pre_build ends the build; after one in build, post_build still runs.
        """
        succeeded = True
        for name, shown in COMMAND_PHASES.items():
            phases.begin(shown)
            phase = spec.phases.get(name, buildspec.Phase())
            failure = _first_failure(phase, shell, phases, deadline)
            if failure is None:
                phases.end("SUCCEEDED")
                continue
            phases.end("FAILED", "COMMAND_EXECUTION_ERROR", failure)
            succeeded = False
            shell.run("export CODEBUILD_BUILD_SUCCEEDING=0", deadline)
            on_failure = phase.on_failure or ("CONTINUE" if name in ("build", "post_build") else "ABORT")
            if on_failure == "ABORT":
                return False, name in ("build", "post_build")
        return succeeded, True

    def _upload(self, spec: buildspec.Buildspec, source: Path, phases: Phases) -> bool:
        """Upload the buildspec's artifacts to the build's artifact locations. Returns whether that succeeded."""
        build = self.build
        phases.begin("UPLOAD_ARTIFACTS")
        try:
            for target in [build["artifacts"], *build.get("secondaryArtifacts", [])]:
                if target["type"] == "NO_ARTIFACTS" or "location" not in target:
                    continue
                identifier = target.get("artifactIdentifier")
                pattern = spec.secondary_artifacts.get(identifier) if identifier else spec.artifacts
                if pattern is None:
                    missing = f"secondary-artifacts/{identifier}" if identifier else "artifacts"
                    raise PhaseFailed("CLIENT_ERROR", f"The buildspec has no {missing}, which this build must upload")
                target["location"] = artifacts.upload(target, pattern, source, build)
                phases.log(f"Uploaded {target['location']}")
        except PhaseFailed as failure:
            phases.end("FAILED", failure.code, failure.message)
            return False
        except (ClientError, BotoCoreError, Boto3Error, OSError, artifacts.NothingToUpload) as error:
            phases.end("FAILED", "CLIENT_ERROR", str(error))
            return False
        phases.end("SUCCEEDED")
        return True


def _pass_through(name: str, phases: Phases) -> None:
    """Record a phase in which only CodeBuild has something to do."""
    phases.begin(name)
    phases.end("SUCCEEDED")


def _first_failure(phase: buildspec.Phase, shell: Shell, phases: Phases, deadline: float) -> str | None:
    """Run a phase's commands up to the first that fails, then those under `finally`. Returns the first failure."""
    failure = None
    for command in phase.commands:
        failure = _failure(command, shell, phases, deadline)
        if failure:
            break
    for command in phase.finally_:
        finally_failure = _failure(command, shell, phases, deadline)
        failure = failure or finally_failure
    return failure


def _failure(command: str, shell: Shell, phases: Phases, deadline: float) -> str | None:
    phases.log(f"Running command {command.strip()}")
    status = shell.run(command, deadline)
    if status == 0:
        return None
    phases.log(f"Command did not exit successfully {command} exit status {status}")
    return f"Error while executing command: {command}. Reason: exit status {status}"


def _exported(spec: buildspec.Buildspec, shell: Shell, directory: Path, deadline: float) -> list[dict[str, str]]:
    """The variables that the buildspec exports, as the shell has them after the last phase."""
    exported = []
    for name in spec.exported_variables:
        file = directory / f"exported-{name}"
        if shell.run(f'[ -n "${{{name}+set}}" ] && printf %s "${name}" > {shlex.quote(str(file))}', deadline) == 0:
            exported.append({"name": name, "value": file.read_text(encoding="utf-8")})
            file.unlink()
    return exported
