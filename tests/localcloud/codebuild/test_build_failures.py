"""The reasons of failed builds: denied permissions, ended commands."""

import json

from builders import Builders, phase


def test_unreadable_source_is_named_with_role_and_permission(builders: Builders) -> None:
    iam = builders.cloud.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "codebuild.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName="may-not-read",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    builders.put_zip("denied/source.zip", {"buildspec.yml": ""})
    source = {"type": "S3", "location": f"{builders.bucket}/denied/source.zip"}
    build = builders.run(builders.project("denied", "", source=source, serviceRole=role))
    message = phase(build, "DOWNLOAD_SOURCE")["contexts"][0]["message"]
    assert "assumed-role/may-not-read/" in message
    assert "is not authorized to perform: s3:GetObject" in message
    assert f"arn:aws:s3:::{builders.bucket}/denied/source.zip" in message


def test_killed_shell_fails_with_the_status_of_the_signal(builders: Builders) -> None:
    build = builders.run(builders.commands("killed", "echo works", "kill -9 $$"))
    assert build["buildStatus"] == "FAILED"
    assert phase(build, "BUILD")["contexts"][0]["message"].endswith("Reason: exit status 137")


def test_a_build_that_the_cloud_cannot_carry_out_keeps_the_reason(builders: Builders) -> None:
    spec = """
        version: 0.2
        env: {exported-variables: [NAME]}
        phases:
          build:
            commands: ["export NAME=$'\\\\xff'"]
    """
    build = builders.run(builders.project("fault", spec))
    assert build["buildStatus"] == "FAULT"
    faults = [each for each in build["phases"] if each.get("phaseStatus") == "FAULT"]
    assert [each["contexts"][0]["message"].partition(":")[0] for each in faults] == ["UnicodeDecodeError"]
