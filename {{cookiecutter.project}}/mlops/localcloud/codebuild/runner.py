"""Runs one build: fetch, phases in one shell, artifacts."""

import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import ClientError

from mlops.localcloud import context, processes
from mlops.localcloud.codebuild import buildspec, environment, script
from mlops.localcloud.logs import LogStream
from mlops.localcloud.service import AWSError

_SHELL_PHASES = {"install": "INSTALL", "pre_build": "PRE_BUILD", "build": "BUILD", "post_build": "POST_BUILD"}


class Runner:
    """One running build. It keeps the build's record, as BatchGetBuilds shows it, up to date."""

    def __init__(self, build: dict):
        self.build = build
        self.ended = threading.Event()
        self._process: processes.Process | None = None
        self._stopped = False

    def run(self) -> None:
        """Run to the end; the record then says how it ended."""
        build = self.build
        directory = context.directory("builds", build["id"].replace(":", "-"))
        logs = build["logs"]
        try:
            with LogStream(logs["groupName"], logs["streamName"], directory / "build.log") as log:
                status = self._run(directory, log)
        except Exception as error:
            self._context("FAULT", f"{type(error).__name__}: {error}")
            status = "FAULT"
        build["buildStatus"] = "STOPPED" if self._stopped else status
        self._end_phase("STOPPED" if self._stopped else "SUCCEEDED" if status == "SUCCEEDED" else "FAILED")
        self._begin_phase("COMPLETED")
        build["endTime"] = datetime.now(UTC)
        build["buildComplete"] = True
        self.ended.set()

    def stop(self) -> None:
        """End the build's shell and everything below it."""
        self._stopped = True
        if self._process is not None:
            self._process.stop(grace_seconds=2)

    def _run(self, directory: Path, log: LogStream) -> str:
        build = self.build
        self._begin_phase("DOWNLOAD_SOURCE")
        try:
            sources = {"": environment.fetch(build["source"], build["serviceRole"], directory / "src")}
            for source in build.get("secondarySources", []):
                name = source["sourceIdentifier"]
                sources[name] = environment.fetch(source, build["serviceRole"], directory / f"src-{name}")
            spec = buildspec.parse(_spec_text(build["source"].get("buildspec", ""), sources[""]))
            variables = environment.variables({}, build, spec, sources, directory)
        except (ClientError, AWSError, OSError, context.RoleNotAssumable) as error:
            code = error.code if isinstance(error, AWSError) else "CLIENT_ERROR"
            log.write(f"[Container] {error}")
            self._context(code, str(error))
            return "FAILED"
        self._end_phase("SUCCEEDED")
        if not self._shell(spec, variables, sources[""], log):
            return "TIMED_OUT" if self._timed_out else "FAILED"
        self._begin_phase("UPLOAD_ARTIFACTS")
        try:
            self._upload(spec, sources[""], log)
        except (ClientError, FileNotFoundError) as error:
            log.write(f"[Container] {error}")
            self._context("CLIENT_ERROR", str(error))
            return "FAILED"
        self._end_phase("SUCCEEDED")
        return "SUCCEEDED"

    _timed_out = False

    def _shell(
        self, spec: buildspec.Buildspec, variables: dict[str, str], source: Path, log: LogStream
    ) -> bool:
        path = source.parent / "build.sh"
        path.write_text(script.render(spec), encoding="utf-8")

        def on_line(line: str) -> None:
            if line.startswith(script.MARK):
                self._marked(line.removeprefix(script.MARK).strip(), log)
            else:
                log.write(line)

        self._process = processes.start(["bash", str(path)], variables, source, on_line)
        if self._stopped:
            self._process.stop(grace_seconds=2)
        if self._process.wait(self.build["timeoutInMinutes"] * 60) is None:
            self._timed_out = True
            self._process.stop(grace_seconds=5)
        return self._process.returncode == 0

    def _marked(self, mark: str, log: LogStream) -> None:
        kind, _, rest = mark.partition(" ")
        if kind == "start":
            self._begin_phase(_SHELL_PHASES[rest])
            log.write(f"[Container] Entering phase {_SHELL_PHASES[rest]}")
        elif kind == "end":
            name, status = rest.split()
            self._end_phase(status)
            log.write(f"[Container] Phase complete: {_SHELL_PHASES[name]} State: {status}")
        elif kind == "command":
            log.write(f"[Container] Running command {rest}")
        elif kind == "failed":
            _, status, command = rest.split(" ", 2)
            self._context(
                "COMMAND_EXECUTION_ERROR",
                f"Error while executing command: {command}. Reason: exit status {status}",
            )
        elif kind == "export":
            name, _, value = rest.partition(" ")
            self.build.setdefault("exportedEnvironmentVariables", []).append({"name": name, "value": value})

    def _begin_phase(self, name: str) -> None:
        self._end_phase("SUCCEEDED")
        self.build["currentPhase"] = name
        self.build["phases"].append({"phaseType": name, "startTime": datetime.now(UTC)})

    def _end_phase(self, status: str) -> None:
        phase = self.build["phases"][-1]
        if "endTime" not in phase and phase["phaseType"] != "COMPLETED":
            ended = datetime.now(UTC)
            phase["endTime"] = ended
            phase["durationInSeconds"] = round((ended - phase["startTime"]).total_seconds())
            phase["phaseStatus"] = status

    def _context(self, code: str, message: str) -> None:
        self.build["phases"][-1].setdefault("contexts", []).append({"statusCode": code, "message": message})

    def _upload(self, spec: buildspec.Buildspec, source: Path, log: LogStream) -> None:
        wanted = [(self.build["artifacts"], spec.artifacts)] + [
            (artifact, spec.secondary_artifacts.get(artifact["artifactIdentifier"]))
            for artifact in self.build.get("secondaryArtifacts", [])
        ]
        for artifact, pattern in wanted:
            if artifact.get("location") and pattern is not None:
                self._upload_one(artifact["location"], pattern, source, log)

    def _upload_one(self, location: str, pattern: buildspec.Artifacts, source: Path, log: LogStream) -> None:
        base = source / pattern.base_directory
        files = list(_matching(base, pattern.files))
        if not files:
            raise FileNotFoundError(f"no matching artifact paths found: {', '.join(pattern.files)}")
        archive = source.parent / "artifact.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as content:
            for file in files:
                content.write(file, file.name if pattern.discard_paths else file.relative_to(base))
        bucket, _, key = location.removeprefix("arn:aws:s3:::").partition("/")
        log.write(f"[Container] Uploading {len(files)} files to s3://{bucket}/{key}")
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.build["encryptionKey"]}
        context.client("s3", self.build["serviceRole"]).upload_file(
            str(archive), bucket, key, ExtraArgs=encryption
        )


def _spec_text(declared: str, source: Path) -> str:
    """The buildspec: given inline, or the file of that name in the source."""
    if "\n" in declared:
        return declared
    path = source / (declared or "buildspec.yml")
    if not path.is_file():
        raise AWSError("YAML_FILE_ERROR", f"YAML file does not exist: {declared or 'buildspec.yml'}")
    return path.read_text(encoding="utf-8")


def _matching(base: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    seen = set()
    for pattern in patterns:
        for path in sorted(base.glob(f"{pattern}/*" if pattern.endswith("**") else pattern)):
            if path.is_file() and path not in seen:
                seen.add(path)
                yield path
