"""A pipeline with the actions of the real one that people deal with, and nothing that takes time."""

import json
import re
from pathlib import Path

import rows

from mlops.aws.session import Session
from mlops.names import DATA_KEY, SOURCE_KEY, Names

_BUILDSPEC = "version: 0.2\nphases:\n  build:\n    commands:\n      - sh check.sh\n"


def create(session: Session, names: Names, root: Path) -> None:
    """The pipeline of the repository at `root`, whose QA runs the repository's check.sh."""
    bucket = names.bucket(session.account, session.region)
    s3 = session.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": session.region})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    role = _role(session, names)
    session.client("codebuild").create_project(
        name=f"{names.project}-qa",
        serviceRole=role,
        source={"type": "CODEPIPELINE", "buildspec": _BUILDSPEC},
        artifacts={"type": "CODEPIPELINE"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
    )
    key = session.client("kms").create_key()["KeyMetadata"]["Arn"]
    session.client("codepipeline").create_pipeline(pipeline=_declaration(names, bucket, key, role))
    _write(root)


def start(mlops, *arguments: str) -> str:
    """Start a release by the command, and return the execution's id."""
    result = mlops("start", *arguments)
    assert result.exit_code == 0, result.output
    return re.search(r"Execution (\S+) of the pipeline", result.output)[1]


def _write(root: Path) -> None:
    """What is released: a check that passes, and a data set of a few rows."""
    (root / "check.sh").write_text("echo p95 latency 12 ms\n")
    rows.write_dataset(root / ".mlops" / "dataset")


def _declaration(names: Names, bucket: str, key: str, role: str) -> dict:
    stages = {
        "Source": [_source("Code", bucket, SOURCE_KEY), _source("Data", bucket, DATA_KEY)],
        "Test": [
            {
                **_action("QA", "Test", "CodeBuild", ProjectName=f"{names.project}-qa"),
                "inputArtifacts": [{"name": "Code"}],
            }
        ],
        "Approve": [_action("Release", "Approval", "Manual")],
    }
    defaults = dict.fromkeys(("Tune", "HyperParameters", "StartedBy", "Reason", "Link", "Trigger"), "none")
    return {
        "name": names.pipeline,
        "roleArn": role,
        "pipelineType": "V2",
        "executionMode": "QUEUED",
        "artifactStore": {"type": "S3", "location": bucket, "encryptionKey": {"type": "KMS", "id": key}},
        "variables": [
            {"name": "CommitId"},
            *({"name": name, "defaultValue": value} for name, value in defaults.items()),
        ],
        "stages": [{"name": name, "actions": actions} for name, actions in stages.items()],
    }


def _source(name: str, bucket: str, key: str) -> dict:
    configuration = {"S3Bucket": bucket, "S3ObjectKey": key, "PollForSourceChanges": "false"}
    return {**_action(name, "Source", "S3", **configuration), "outputArtifacts": [{"name": name}]}


def _action(name: str, category: str, provider: str, **configuration: str) -> dict:
    kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "actionTypeId": kind, "configuration": configuration}


def _role(session: Session, names: Names) -> str:
    services = ["codepipeline.amazonaws.com", "codebuild.amazonaws.com"]
    trust = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
    policy = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam = session.client("iam")
    role = iam.create_role(RoleName=names.project, AssumeRolePolicyDocument=_document(trust))["Role"]
    iam.put_role_policy(RoleName=names.project, PolicyName="all", PolicyDocument=_document(policy))
    return role["Arn"]


def _document(statement: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
