"""The buildspec: its keys, and refusals by name."""

import pytest

from mlops.localcloud.codebuild.buildspec import BuildspecError, parse

WHOLE = """
version: 0.2
env:
  shell: /bin/sh
  variables: {GREETING: hello, TRIALS: 3, VERBOSE: true}
  parameter-store: {TOKEN: /team/token}
  exported-variables: [MADE]
phases:
  install:
    runtime-versions: {python: 3.13}
  build:
    on-failure: ABORT
    commands: [make, "make test"]
    finally: [make clean]
artifacts:
  files: report.html
  base-directory: out
  exclude-paths: ["**/*.tmp"]
  discard-paths: yes
  name: report
  secondary-artifacts:
    Figures: {files: ["**/*.json"]}
"""


def test_supported_keys_are_read() -> None:
    spec = parse(WHOLE)
    assert spec.shell == "/bin/sh"
    assert spec.variables == {"GREETING": "hello", "TRIALS": "3", "VERBOSE": "true"}
    assert spec.parameter_store == {"TOKEN": "/team/token"}
    assert spec.exported_variables == ("MADE",)
    assert spec.python_version == "3.13"
    assert spec.phases["build"].commands == ("make", "make test")
    assert spec.phases["build"].finally_ == ("make clean",)
    assert spec.phases["build"].on_failure == "ABORT"
    assert spec.artifacts.files == ("report.html",)
    assert spec.artifacts.base_directory == "out"
    assert spec.artifacts.exclude_paths == ("**/*.tmp",)
    assert spec.artifacts.discard_paths
    assert spec.secondary_artifacts["Figures"].files == ("**/*.json",)
    assert not spec.secondary_artifacts["Figures"].discard_paths


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("version: 0.2\nphases: {build: {commands: [make]}}\ncache: {paths: [x]}", "buildspec/cache"),
        ("version: 0.2\nphases: {build: {commands: [make]}}\nreports: {}", "buildspec/reports"),
        ("version: 0.2\nphases: {compile: {commands: [make]}}", "phases/compile: an unknown key"),
        ("version: 0.2\nphases: {build: {command: [make]}}", "phases/build/command: an unknown key"),
        ("version: 0.2\nphases: {build: {run-as: joe}}", "phases/build/run-as: the local cloud does not"),
        ("version: 0.2\nenv: {secrets-manager: {}}\nphases: {build: {commands: [a]}}", "env/secrets-manager"),
        ("version: 0.2\nphases: {build: {commands: [make], on-failure: RETRY}}", "on-failure: found 'RETRY'"),
        ("version: 0.2\nphases: {install: {runtime-versions: {nodejs: 22}}}", "runtime-versions/nodejs"),
        ("version: 0.2\nenv: {shell: zsh}\nphases: {build: {commands: [make]}}", "env/shell: found 'zsh'"),
        ("version: 0.2\nenv: {exported-variables: [AWS_X]}\nphases: {build: {commands: [a]}}", "AWS_X"),
    ],
)
def test_unsupported_keys_are_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(BuildspecError, match=named):
        parse(text)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("version: 0.1\nphases: {build: {commands: [make]}}", "version: found 0.1"),
        ("phases: {build: {commands: [make]}}", "version: found nothing"),
        ("version: 0.2", "phases: a buildspec needs at least one"),
        ("version: 0.2\nphases: {build: {}}", "phases/build/commands: a phase needs commands"),
        ("version: 0.2\nphases: {build: {commands: [echo a: b]}}", "quote texts with a colon"),
        ("version: 0.2\nphases: {build: {commands: [make]}}\nartifacts: {name: a}", "artifacts need files"),
        ("version: 0.2\nphases: [build", "the YAML cannot be read"),
        ("just text", "buildspec: found 'just text'"),
    ],
)
def test_a_wrong_buildspec_is_refused_with_the_key(text: str, named: str) -> None:
    with pytest.raises(BuildspecError, match=named):
        parse(text)
