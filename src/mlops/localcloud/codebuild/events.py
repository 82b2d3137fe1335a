"""Events on the default event bus when a build begins, leaves a phase and ends.

Source: AWS CodeBuild User Guide, "Build notifications input format reference".
"""

from datetime import datetime
from typing import Any

from mlops.localcloud import context

_ADDITIONAL = {
    "artifacts": "artifact",
    "buildComplete": "build-complete",
    "buildNumber": "build-number",
    "initiator": "initiator",
    "phases": "phases",
    "startTime": "build-start-time",
    "timeoutInMinutes": "timeout-in-minutes",
}
_TIME_FORMAT = "%b %d, %Y %I:%M:%S %p"


def build_changed(build: dict) -> None:
    """Publish the status of a build."""
    last = build["phases"][-1]
    detail = {
        "build-status": build["buildStatus"],
        "current-phase": build["currentPhase"],
        "current-phase-context": _context(last),
    }
    _publish("State", build, detail)


def phase_ended(build: dict, phase: dict) -> None:
    """Publish how a phase of a build ended."""
    detail = {
        "completed-phase": phase["phaseType"],
        "completed-phase-status": phase["phaseStatus"],
        "completed-phase-duration-seconds": phase["durationInSeconds"],
        "completed-phase-start": f"{phase['startTime']:{_TIME_FORMAT}}",
        "completed-phase-end": f"{phase['endTime']:{_TIME_FORMAT}}",
        "completed-phase-context": _context(phase),
    }
    _publish("Phase", build, detail)


def _publish(kind: str, build: dict, detail: dict[str, Any]) -> None:
    complete = {
        "project-name": build["projectName"],
        "build-id": build["arn"],
        "version": "1",
        "additional-information": _additional(build),
        **detail,
    }
    context.put_event(
        source="aws.codebuild", detail_type=f"CodeBuild Build {kind} Change", detail=complete, resources=[build["arn"]]
    )


def _additional(build: dict) -> dict[str, Any]:
    logs, environment = build["logs"], build["environment"]
    return {
        **{name: _hyphenated(build[member]) for member, name in _ADDITIONAL.items() if member in build},
        "source": {"type": build["source"]["type"], "location": build["source"].get("location", "")},
        "environment": {"image": environment["image"], "type": environment["type"]},
        "logs": {"group-name": logs["groupName"], "stream-name": logs["streamName"]},
    }


def _hyphenated(value: Any) -> Any:
    if isinstance(value, list):
        return [_hyphenated(each) for each in value]
    if isinstance(value, dict):
        return {_name(key): _hyphenated(each) for key, each in value.items()}
    return f"{value:{_TIME_FORMAT}}" if isinstance(value, datetime) else value


def _name(member: str) -> str:
    """phaseType → phase-type, as events write it."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in member)


def _context(phase: dict) -> str:
    contexts = phase.get("contexts") or [{"statusCode": "", "message": ""}]
    return "[" + ", ".join(f"{each['statusCode']}: {each['message']}" for each in contexts) + "]"
