"""The phases of a build, as BatchGetBuilds shows them."""

from datetime import UTC, datetime
from typing import Literal

from mlops.localcloud.codebuild import events
from mlops.localcloud.logs import LogStream

Status = Literal["SUCCEEDED", "FAILED", "FAULT", "TIMED_OUT", "STOPPED"]

# The transitions after a failure: AWS CodeBuild User Guide, "Build phase transitions".
COMMAND_PHASES = {
    "install": "INSTALL",
    "pre_build": "PRE_BUILD",
    "build": "BUILD",
    "post_build": "POST_BUILD",
}


class Phases:
    """Keeps `phases` and `currentPhase` of a build's record, and writes their beginnings and ends to its log."""

    def __init__(self, build: dict, log: LogStream):
        self._build = build
        self._log = log

    def begin(self, name: str) -> None:
        """Enter a phase. The one before must have ended."""
        self._build["phases"].append({"phaseType": name, "startTime": datetime.now(UTC)})
        self._build["currentPhase"] = name
        self.log(f"Entering phase {name}")

    def end(self, status: Status, code: str = "", message: str = "") -> None:
        """Leave the current phase; a failure has a status code and a message."""
        phase = self._build["phases"][-1]
        ended = datetime.now(UTC)
        phase["contexts"] = [{"statusCode": code, "message": message}]
        phase["durationInSeconds"] = round((ended - phase["startTime"]).total_seconds())
        phase["endTime"] = ended
        phase["phaseStatus"] = status
        self.log(f"Phase complete: {phase['phaseType']} State: {status}")
        self.log(f"Phase context status code: {code} Message: {message}")
        events.phase_ended(self._build, phase)

    def log(self, text: str) -> None:
        """A line of CodeBuild's own in the build's log."""
        self._log.write(f"[Container] {datetime.now(UTC):%Y/%m/%d %H:%M:%S.%f} {text}")
