"""Builds: one shell, phases, environment, sources, artifacts and their ends, through plain boto3."""

import json
import os
import time
from pathlib import Path

import pytest
from builders import Builders, phase, statuses
from waiting import until

from mlops.localcloud.codebuild.shell import Shell

PHASES = [
    *("SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD", "BUILD"),
    *("POST_BUILD", "UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED"),
]


def test_commands_of_all_phases_share_one_shell(builders: Builders) -> None:
    spec = """
        version: 0.2
        phases:
          install:
            commands: [GREETING=hello, mkdir below, cd below]
          build:
            commands:
              - printf "without a newline"
              - |
                for word in one two; do
                    echo "$GREETING $word"
                done
          post_build:
            commands: [basename "$PWD"]
    """
    build = builders.run(builders.project("one-shell", spec))
    assert build["buildStatus"] == "SUCCEEDED"
    assert [phase["phaseType"] for phase in build["phases"]] == PHASES
    assert builders.output(build) == ["without a newline", "hello one", "hello two", "below"]
    assert "Running command cd below" in builders.log(build)


def test_a_failing_command_fails_its_phase_and_post_build_still_runs(builders: Builders) -> None:
    spec = """
        version: 0.2
        phases:
          build:
            commands: [sh -c "exit 3", echo not reached]
            finally: [echo finally]
          post_build:
            commands: ['echo "succeeding: $CODEBUILD_BUILD_SUCCEEDING"']
    """
    build = builders.run(builders.project("failing", spec))
    assert build["buildStatus"] == "FAILED"
    assert phase(build, "BUILD")["phaseStatus"] == "FAILED"
    assert phase(build, "BUILD")["contexts"] == [
        {
            "statusCode": "COMMAND_EXECUTION_ERROR",
            "message": 'Error while executing command: sh -c "exit 3". Reason: exit status 3',
        }
    ]
    assert builders.output(build) == ["finally", "succeeding: 0"]


@pytest.mark.parametrize("name", ["install", "pre_build"])
def test_a_failure_before_the_build_phase_ends_the_build(builders: Builders, name: str) -> None:
    spec = f"""
        version: 0.2
        phases:
          {name}:
            commands: ["false"]
          build:
            commands: [echo not reached]
    """
    build = builders.run(builders.project(f"fails-in-{name}", spec))
    assert build["buildStatus"] == "FAILED"
    assert statuses(build)[name.upper()] == "FAILED"
    assert "BUILD" not in statuses(build)
    assert builders.output(build) == []


def test_on_failure_decides_whether_the_build_continues(builders: Builders) -> None:
    spec = """
        version: 0.2
        phases:
          install:
            on-failure: CONTINUE
            commands: ["false"]
          build:
            on-failure: ABORT
            commands: [echo reached, "false"]
          post_build:
            commands: [echo not reached]
    """
    build = builders.run(builders.project("on-failure", spec))
    assert build["buildStatus"] == "FAILED"
    assert builders.output(build) == ["reached"]


def test_a_command_that_leaves_the_shell_ends_as_itself_only(builders: Builders) -> None:
    spec = """
        version: 0.2
        phases:
          build:
            commands: [mkdir below, cd below, export KEPT=yes, exit 7]
          post_build:
            commands: ['echo "$KEPT $(basename $PWD)"', exit 0, echo after]
    """
    build = builders.run(builders.project("leaves", spec))
    assert phase(build, "BUILD")["contexts"][0]["message"].endswith("exit 7. Reason: exit status 7")
    assert builders.output(build) == ["yes below", "after"]


def test_the_environment_is_the_builds_own(builders: Builders) -> None:
    spec = """
        version: 0.2
        env:
          variables: {FROM: buildspec, LEAST: buildspec}
        phases:
          build:
            commands:
              - python -c 'import json, os; print(json.dumps(dict(os.environ)))'
    """
    environment = {
        "type": "LINUX_CONTAINER",
        "image": "aws/codebuild/amazonlinux-x86_64-standard:6.0",
        "computeType": "BUILD_GENERAL1_SMALL",
        "environmentVariables": [
            {"name": "FROM", "value": "project"},
            {"name": "MIDDLE", "value": "project"},
        ],
    }
    project = builders.project("environment", spec, environment=environment)
    override = [{"name": "FROM", "value": "start"}, {"name": "CODEBUILD_BUILD_ID", "value": "reserved"}]
    build = builders.run(project, environmentVariablesOverride=override)
    found = json.loads(builders.output(build)[0])
    assert (found["FROM"], found["MIDDLE"], found["LEAST"]) == ("start", "project", "buildspec")
    assert found["CODEBUILD_BUILD_ID"] == build["id"]
    assert found["CODEBUILD_BUILD_NUMBER"] == "1"
    assert found["AWS_ENDPOINT_URL"] == builders.cloud.endpoint_url
    assert Path(found["CODEBUILD_SRC_DIR"]) == Path(found["PWD"])
    of_this_machine = set(os.environ) - {"PATH", "HOME", "PWD", "OLDPWD", "LANG", "SHLVL", "_"}
    leaked = {name for name in of_this_machine & set(found) if found[name] == os.environ[name]}
    assert leaked - {"PYTHONDONTWRITEBYTECODE", "AWS_REGION", "AWS_DEFAULT_REGION", "CI"} == set()


def test_a_build_calls_the_cloud_under_its_projects_role(builders: Builders) -> None:
    call = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    build = builders.run(builders.commands("under-role", f'python -c "{call}"'))
    assert builders.output(build)[0].split(":")[-1].startswith("assumed-role/worker/"), builders.log(build)


def test_a_role_that_does_not_exist_fails_the_build(builders: Builders) -> None:
    role = "arn:aws:iam::000000000000:role/absent"
    build = builders.run(builders.commands("no-role", "echo x", serviceRole=role))
    assert build["buildStatus"] == "FAILED"
    assert role in phase(build, "DOWNLOAD_SOURCE")["contexts"][0]["message"]


def test_parameters_are_read_from_the_parameter_store(builders: Builders) -> None:
    builders.cloud.client("ssm").put_parameter(Name="/builds/colour", Value="blue", Type="SecureString")
    spec = """
        version: 0.2
        env:
          parameter-store: {COLOUR: /builds/colour}
        phases:
          build:
            commands: [echo "$COLOUR and $AGAIN"]
    """
    override = [{"name": "AGAIN", "value": "/builds/colour", "type": "PARAMETER_STORE"}]
    build = builders.run(builders.project("parameters", spec), environmentVariablesOverride=override)
    assert builders.output(build) == ["blue and blue"]
    assert build["environment"]["environmentVariables"][0]["value"] == "/builds/colour"


def test_missing_parameter_fails_the_build_by_name(builders: Builders) -> None:
    override = [{"name": "TOKEN", "value": "/not/there", "type": "PARAMETER_STORE"}]
    build = builders.run(builders.commands("no-parameter", "echo x"), environmentVariablesOverride=override)
    assert "/not/there" in phase(build, "DOWNLOAD_SOURCE")["contexts"][0]["message"]


def test_variables_are_exported_with_the_value_they_have_at_the_end(builders: Builders) -> None:
    spec = """
        version: 0.2
        env:
          exported-variables: [DIGEST, ABSENT]
        phases:
          install:
            commands: [export DIGEST=early]
          build:
            commands: ['export DIGEST="late and quoted \\"x\\""']
    """
    build = builders.run(builders.project("exports", spec))
    assert build["exportedEnvironmentVariables"] == [{"name": "DIGEST", "value": 'late and quoted "x"'}]


def test_buildspec_is_read_from_the_primary_source(builders: Builders) -> None:
    first = builders.put_zip(
        "builds/code.zip",
        {
            "ci/spec.yml": "version: 0.2\nphases: {build: {commands: "
            "['cat where.txt $CODEBUILD_SRC_DIR_Data/rows.csv']}}",
            "where.txt": "first ",
        },
    )
    builders.put_zip("builds/code.zip", {"ci/spec.yml": "version: 0.1"})
    builders.put_zip("builds/data.zip", {"rows.csv": "1,2"})
    location = f"{builders.bucket}/builds"
    project = builders.project(
        "sources",
        "",
        source={"type": "S3", "location": f"{location}/code.zip", "buildspec": "ci/spec.yml"},
        secondarySources=[{"type": "S3", "location": f"{location}/data.zip", "sourceIdentifier": "Data"}],
    )
    assert builders.output(builders.run(project, sourceVersion=first)) == ["first 1,2"]
    latest = builders.run(project)
    assert phase(latest, "DOWNLOAD_SOURCE")["contexts"][0]["statusCode"] == "YAML_FILE_ERROR"
    assert "found 0.1" in phase(latest, "DOWNLOAD_SOURCE")["contexts"][0]["message"]


def test_a_buildspec_that_is_not_in_the_source_fails_the_build(builders: Builders) -> None:
    builders.put_zip("builds/empty.zip", {"readme.txt": ""})
    source = {"type": "S3", "location": f"{builders.bucket}/builds/empty.zip"}
    build = builders.run(builders.project("no-spec", "", source=source))
    assert phase(build, "DOWNLOAD_SOURCE")["contexts"] == [
        {"statusCode": "YAML_FILE_ERROR", "message": "stat buildspec.yml: no such file or directory"}
    ]


def test_missing_source_fails_the_build(builders: Builders) -> None:
    source = {"type": "S3", "location": f"{builders.bucket}/not/there.zip"}
    build = builders.run(builders.project("no-source", "", source=source))
    assert statuses(build)["DOWNLOAD_SOURCE"] == "FAILED"
    assert phase(build, "DOWNLOAD_SOURCE")["contexts"][0]["statusCode"] == "CLIENT_ERROR"


def test_artifacts_are_chosen_by_the_buildspec(builders: Builders) -> None:
    spec = """
        version: 0.2
        phases:
          build:
            commands:
              - mkdir -p out/deep
              - echo top > out/top.txt; echo deep > out/deep/deep.txt; echo no > out/deep/no.tmp
        artifacts:
          base-directory: out
          files: ["**/*"]
          exclude-paths: ["**/*.tmp"]
          secondary-artifacts:
            Flat:
              base-directory: out
              files: [deep/**]
              discard-paths: yes
    """
    packed = {"type": "S3", "location": builders.bucket, "packaging": "ZIP"}
    project = builders.project(
        "artifacts",
        spec,
        artifacts={**packed, "name": "made/all.zip"},
        secondaryArtifacts=[{**packed, "name": "made/flat.zip", "artifactIdentifier": "Flat"}],
    )
    build = builders.run(project)
    assert build["buildStatus"] == "SUCCEEDED", builders.log(build)
    assert build["artifacts"]["location"] == f"arn:aws:s3:::{builders.bucket}/made/all.zip"
    assert builders.get_zip("made/all.zip") == {"top.txt": "top\n", "deep/deep.txt": "deep\n"}
    assert builders.get_zip("made/flat.zip") == {"deep.txt": "deep\n", "no.tmp": "no\n"}


def test_missing_artifacts_fail_the_build(builders: Builders) -> None:
    spec = """
        version: 0.2
        phases: {build: {commands: [echo nothing made]}}
        artifacts: {files: [report.html]}
    """
    artifacts = {"type": "S3", "location": builders.bucket, "packaging": "ZIP", "name": "never.zip"}
    build = builders.run(builders.project("no-artifacts", spec, artifacts=artifacts))
    assert build["buildStatus"] == "FAILED"
    assert phase(build, "UPLOAD_ARTIFACTS")["contexts"] == [
        {"statusCode": "CLIENT_ERROR", "message": "no matching artifact paths found for report.html"}
    ]


def test_stopping_a_build_ends_everything_that_it_has_started(builders: Builders) -> None:
    project = builders.commands("stopped", "sleep 600 & echo $!", "sleep 600")
    build = builders.start(project)
    until(lambda: "BUILD" in statuses(builders.get(build)))
    child = int(until(lambda: builders.output(builders.get(build)))[0])
    stopped = builders.codebuild.stop_build(id=build)["build"]
    assert (stopped["buildStatus"], stopped["buildComplete"]) == ("STOPPED", True)
    assert statuses(stopped)["BUILD"] == "STOPPED"
    until(lambda: not alive(child))


def test_a_command_beyond_the_builds_time_is_ended(tmp_path: Path) -> None:
    lines: list[str] = []
    environment = {"PATH": os.environ["PATH"]}
    with (
        Shell("bash", environment, tmp_path, tmp_path / "shell", lines.append) as shell,
        pytest.raises(TimeoutError),
    ):
        shell.run("echo $$", time.monotonic() + 60)
        shell.run("exec sleep 600", time.monotonic() + 0.5)
    assert not alive(int(lines[0]))


def test_shell_works_in_a_folder_with_a_space_and_a_quote(tmp_path: Path) -> None:
    lines: list[str] = []
    environment = {"PATH": os.environ["PATH"]}
    with Shell("bash", environment, tmp_path, tmp_path / "a builder's folder" / "shell", lines.append) as shell:
        assert shell.run("export TAXI=yellow; exit 3", time.monotonic() + 60) == 3
        assert shell.run('echo "$TAXI"', time.monotonic() + 60) == 0
    assert lines == ["yellow"]


def alive(pid: int) -> bool:
    """Whether the process still runs: one that has ended may wait for its parent to notice."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
