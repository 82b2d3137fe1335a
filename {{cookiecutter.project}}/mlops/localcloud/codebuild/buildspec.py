"""The buildspec file, version 0.2."""

from dataclasses import dataclass, field
from typing import Any

import yaml

from mlops.localcloud.service import AWSError

PHASES = ("install", "pre_build", "build", "post_build")
_TOP = {"version", "env", "phases", "artifacts", "run-as"}
_ENV = {"variables", "exported-variables", "shell", "parameter-store"}
_PHASE = {"commands", "finally", "on-failure", "runtime-versions"}
_ARTIFACTS = {"files", "base-directory", "name", "discard-paths", "exclude-paths", "secondary-artifacts"}


@dataclass(frozen=True)
class Phase:
    """Commands of a phase, and those that run after it whether or not it failed."""

    commands: tuple[str, ...] = ()
    finally_: tuple[str, ...] = ()
    abort_on_failure: bool = False


@dataclass(frozen=True)
class Artifacts:
    """Files that a build leaves: glob patterns below a directory."""

    files: tuple[str, ...]
    base_directory: str = "."
    discard_paths: bool = False


@dataclass(frozen=True)
class Buildspec:
    """What a build does."""

    variables: dict[str, str] = field(default_factory=dict)
    exported: tuple[str, ...] = ()
    phases: dict[str, Phase] = field(default_factory=dict)
    artifacts: Artifacts | None = None
    secondary_artifacts: dict[str, Artifacts] = field(default_factory=dict)


def parse(text: str) -> Buildspec:
    """Read a buildspec. Raises AWSError with YAML_FILE_ERROR's words for what is not in its reference."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _wrong(f"Unable to parse buildspec: {error}") from error
    _known(document, _TOP, "buildspec")
    if str(document.get("version")) != "0.2":
        raise _wrong(f"invalid buildspec version {document.get('version')}; the local cloud knows 0.2")
    env = document.get("env") or {}
    _known(env, _ENV, "env")
    phases = document.get("phases") or {}
    _known(phases, set(PHASES), "phases")
    artifacts = document.get("artifacts") or {}
    _known(artifacts, _ARTIFACTS, "artifacts")
    return Buildspec(
        variables={name: str(value) for name, value in (env.get("variables") or {}).items()},
        exported=tuple(env.get("exported-variables") or ()),
        phases={name: _phase(name, phase or {}) for name, phase in phases.items()},
        artifacts=_artifacts(artifacts) if artifacts.get("files") else None,
        secondary_artifacts={
            name: _artifacts(value) for name, value in (artifacts.get("secondary-artifacts") or {}).items()
        },
    )


def _phase(name: str, phase: dict) -> Phase:
    _known(phase, _PHASE, f"phases/{name}")
    return Phase(
        tuple(str(command) for command in phase.get("commands") or ()),
        tuple(str(command) for command in phase.get("finally") or ()),
        phase.get("on-failure") == "ABORT",
    )


def _artifacts(value: dict) -> Artifacts:
    files = value["files"]
    return Artifacts(
        tuple([files] if isinstance(files, str) else files),
        value.get("base-directory", "."),
        str(value.get("discard-paths", "no")).lower() in ("yes", "true"),
    )


def _known(value: Any, allowed: set[str], where: str) -> None:
    if not isinstance(value, dict):
        raise _wrong(f"{where} must be a mapping")
    unknown = sorted(set(value) - allowed)
    if unknown:
        raise _wrong(
            f"{where}: unknown key {unknown[0]!r}; the local cloud knows {', '.join(sorted(allowed))}"
        )


def _wrong(message: str) -> AWSError:
    return AWSError("YAML_FILE_ERROR", message)
