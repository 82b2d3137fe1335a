"""The buildspec file, version 0.2.

Source: AWS CodeBuild User Guide, "Build specification reference". Keys that the local cloud does
not support, and unknown keys, are refused by name.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

PHASES = ("install", "pre_build", "build", "post_build")
SHELLS = ("bash", "/bin/sh")

_TOP = ("version", "env", "phases", "artifacts")
_ENV = ("shell", "variables", "parameter-store", "exported-variables")
_PHASE = ("on-failure", "commands", "finally")
_ARTIFACTS = ("files", "name", "discard-paths", "base-directory", "exclude-paths")
_KNOWN_TO_AWS = {
    *("run-as", "proxy", "batch", "reports", "cache"),
    *("secrets-manager", "git-credential-helper", "steps", "s3-prefix", "enable-symlinks"),
}
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class BuildspecError(ValueError):
    """A buildspec that CodeBuild refuses, or the local cloud does not support. Its text names the key."""


@dataclass(frozen=True)
class Phase:
    """Commands of a phase, and those that run after them whether or not they failed."""

    commands: tuple[str, ...] = ()
    finally_: tuple[str, ...] = ()
    on_failure: Literal["ABORT", "CONTINUE"] | None = None


@dataclass(frozen=True)
class Artifacts:
    """Output files of a build: glob patterns below `base_directory`, which is relative to the source."""

    files: tuple[str, ...]
    base_directory: str = "."
    exclude_paths: tuple[str, ...] = ()
    discard_paths: bool = False
    name: str = ""


@dataclass(frozen=True)
class Buildspec:
    """What a build does."""

    phases: dict[str, Phase]
    shell: str = "bash"
    variables: dict[str, str] = field(default_factory=dict)
    parameter_store: dict[str, str] = field(default_factory=dict)
    exported_variables: tuple[str, ...] = ()
    python_version: str = ""
    artifacts: Artifacts | None = None
    secondary_artifacts: dict[str, Artifacts] = field(default_factory=dict)


def parse(text: str) -> Buildspec:
    """Read a buildspec. Raises BuildspecError."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BuildspecError(f"the YAML cannot be read: {' '.join(str(error).split())}") from error
    top = _mapping(document, "buildspec", _TOP)
    if str(top.get("version")) != "0.2":
        version = top.get("version", "nothing")
        raise BuildspecError(f"version: found {version}; the local cloud supports version 0.2")
    env = _mapping(top.get("env"), "env", _ENV)
    phases = _mapping(top.get("phases"), "phases", PHASES)
    if not phases:
        raise BuildspecError("phases: a buildspec needs at least one of install, pre_build, build, post_build")
    artifacts = _mapping(top.get("artifacts"), "artifacts", (*_ARTIFACTS, "secondary-artifacts"))
    secondary = _mapping(artifacts.pop("secondary-artifacts", None), "artifacts/secondary-artifacts")
    return Buildspec(
        phases={name: _phase(name, value) for name, value in phases.items()},
        shell=_one_of(env.get("shell", "bash"), "env/shell", SHELLS),
        variables=_texts(env.get("variables"), "env/variables"),
        parameter_store=_texts(env.get("parameter-store"), "env/parameter-store"),
        exported_variables=_exported(env.get("exported-variables")),
        python_version=_python_version(phases.get("install")),
        artifacts=_artifacts(artifacts, "artifacts") if artifacts else None,
        secondary_artifacts={
            name: _artifacts(value, f"artifacts/secondary-artifacts/{name}") for name, value in secondary.items()
        },
    )


def _phase(name: str, value: Any) -> Phase:
    where = f"phases/{name}"
    known = (*_PHASE, "runtime-versions") if name == "install" else _PHASE
    phase = _mapping(value, where, known)
    on_failure = phase.get("on-failure")
    if on_failure is not None:
        _one_of(on_failure, f"{where}/on-failure", ("ABORT", "CONTINUE"))
    commands = _list(phase.get("commands"), f"{where}/commands")
    if not commands and name != "install":
        raise BuildspecError(f"{where}/commands: a phase needs commands")
    return Phase(commands, _list(phase.get("finally"), f"{where}/finally"), on_failure)


def _python_version(install: Any) -> str:
    """The requested runtime version of Python. The local cloud has no other runtimes."""
    where = "phases/install/runtime-versions"
    versions = _texts((install or {}).get("runtime-versions"), where)
    for runtime in versions:
        if runtime != "python":
            raise BuildspecError(f"{where}/{runtime}: the local cloud has the runtime python only")
    return versions.get("python", "")


def _artifacts(value: Any, where: str) -> Artifacts:
    artifacts = _mapping(value, where, _ARTIFACTS)
    files = _list(artifacts.get("files"), f"{where}/files")
    if not files:
        raise BuildspecError(f"{where}/files: artifacts need files")
    return Artifacts(
        files=files,
        base_directory=str(artifacts.get("base-directory", ".")),
        exclude_paths=_list(artifacts.get("exclude-paths"), f"{where}/exclude-paths"),
        discard_paths=_yes(artifacts.get("discard-paths", False), f"{where}/discard-paths"),
        name=str(artifacts.get("name", "")),
    )


def _mapping(value: Any, where: str, known: tuple[str, ...] | None = None) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BuildspecError(f"{where}: found {value!r}; a mapping is needed")
    for key in value:
        if known is None or key in known:
            continue
        if key in _KNOWN_TO_AWS:
            raise BuildspecError(f"{where}/{key}: the local cloud does not support this")
        raise BuildspecError(f"{where}/{key}: an unknown key; allowed are {', '.join(known)}")
    return dict(value)


def _list(value: Any, where: str) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value or []
    if not isinstance(items, list) or any(isinstance(item, dict | list) for item in items):
        # `- echo a: b` is a mapping to YAML.
        raise BuildspecError(f"{where}: found {value!r}; a list of texts is needed (quote texts with a colon)")
    return tuple(str(item) for item in items)


def _texts(value: Any, where: str) -> dict[str, str]:
    texts = {}
    for name, text in _mapping(value, where).items():
        if isinstance(text, dict | list) or text is None:
            raise BuildspecError(f"{where}/{name}: found {text!r}; a text is needed")
        texts[str(name)] = str(text).lower() if isinstance(text, bool) else str(text)
    return texts


def _exported(value: Any) -> tuple[str, ...]:
    names = _list(value, "env/exported-variables")
    for name in names:
        if not _VARIABLE_NAME.fullmatch(name) or name.startswith("AWS_"):
            raise BuildspecError(f"env/exported-variables: {name} cannot be exported")
    return names


def _one_of(value: Any, where: str, allowed: tuple[str, ...]) -> Any:
    if value not in allowed:
        raise BuildspecError(f"{where}: found {value!r}; the local cloud supports {', '.join(allowed)}")
    return value


def _yes(value: Any, where: str) -> bool:
    # YAML reads an unquoted yes or no as a boolean.
    return value if isinstance(value, bool) else _one_of(value, where, ("yes", "no")) == "yes"
