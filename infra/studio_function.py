"""The function behind a project of SageMaker Studio: generates its repository, and keeps it in S3 as an archive.

CloudFormation calls it for the custom resource of `studio-project.yml`. Its package has cookiecutter, the template at one
commit (`template.tar`) and where that is from (`source.json`); see studio.py.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import tarfile
import tempfile
import traceback
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cookiecutter.main import cookiecutter

_PACKAGE = Path(__file__).parent
# CloudFormation takes responses of up to 4096 bytes.
_REASON_LENGTH = 2000
_TIMEOUT_SECONDS = 30


def handler(event: dict[str, Any], context: Any) -> None:
    """Create, update or delete the archive of a project. CloudFormation gets a response in every case."""
    key = event.get("PhysicalResourceId", "projects/none")
    archive, reason = "", ""
    try:
        if event["RequestType"] == "Delete":
            _delete(key, event["StackId"])
        else:
            properties = event["ResourceProperties"]
            key = f"projects/{properties['ProjectName']}.tar.gz"
            archive = _store(key, generate(answers(properties)), event["StackId"], properties["ProjectId"])
    except Exception as error:  # otherwise CloudFormation would wait for a response until its own timeout
        traceback.print_exc()
        reason = str(error) or type(error).__name__
    _respond(event, key, archive, reason)


def answers(properties: dict[str, str]) -> dict[str, str]:
    """The template's questions, answered by the properties of the custom resource."""
    return {
        "project": properties["ProjectName"],
        "model": properties["Model"],
        "region": os.environ["AWS_REGION"],
        "notification_email": properties["NotificationEmail"],
        "github_owner": properties["GithubOwner"],
        "github_repository": properties["GithubRepository"] or properties["ProjectName"],
        "license": properties["License"],
    }


def generate(answers: dict[str, str]) -> bytes:
    """Generate a repository; return it as an archive. ValueError lists the answers that the template refuses."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        with tarfile.open(_PACKAGE / "template.tar") as template:
            template.extractall(work / "template", filter="data")
        # cookiecutter renders answers as templates themselves: what the hook refuses must not get there.
        if wrong := _problems(work / "template", answers):
            raise ValueError("\n".join(wrong))
        repository = Path(
            cookiecutter(
                str(work / "template"),
                no_input=True,
                extra_context=answers,
                output_dir=str(work / "generated"),
                # Lambda has no home directory.
                default_config={"cookiecutters_dir": str(work), "replay_dir": str(work / "replay")},
            )
        )
        (replay,) = (work / "replay").iterdir()
        _record_source(repository, json.loads(replay.read_text(encoding="utf-8"))["cookiecutter"])
        return _archive(repository)


def _problems(template: Path, answers: dict[str, str]) -> list[str]:
    """What the template's own hook finds wrong, and a licence that it does not offer."""
    spec = importlib.util.spec_from_file_location("pre_gen_project", template / "hooks" / "pre_gen_project.py")
    assert spec and spec.loader
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    find: Callable[[dict[str, str]], list[str]] = hook.problems
    wrong = find(answers)
    licenses = json.loads((template / "cookiecutter.json").read_text(encoding="utf-8"))["license"]
    if answers["license"] not in licenses:
        wrong.append(f"license: {answers['license']!r} is not offered. Allowed are {', '.join(licenses)}.")
    return wrong


def _record_source(repository: Path, context: dict[str, Any]) -> None:
    """Write the file by which cruft updates the repository to later versions of the template."""
    source = json.loads((_PACKAGE / "source.json").read_text(encoding="utf-8"))
    of_this_machine = {"_output_dir", "_repo_dir", "_checkout"}
    context = {key: value for key, value in context.items() if key not in of_this_machine}
    record = {
        **source,
        "checkout": None,
        "context": {"cookiecutter": {**context, "_template": source["template"], "_commit": source["commit"]}},
        "directory": None,
    }
    (repository / ".cruft.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _archive(repository: Path) -> bytes:
    """The files below a folder with the repository's name; none belongs to the user who runs the function."""

    def without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return member

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(repository, arcname=repository.name, filter=without_owner)
    return buffer.getvalue()


def _store(key: str, archive: bytes, stack: str, project_id: str) -> str:
    """Store the archive unless another stack's has this name; return its URI."""
    s3, bucket = _s3(), os.environ["BUCKET"]
    project = key.removeprefix("projects/").removesuffix(".tar.gz")
    tags = urllib.parse.urlencode({"sagemaker:project-name": project, "sagemaker:project-id": project_id})
    request = {"Bucket": bucket, "Key": key, "Body": archive, "Metadata": {"stack": stack}, "Tagging": tags}
    try:
        s3.put_object(**request, IfNoneMatch="*")
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise
        # The name of a stack is its user's choice, its id is not: users cannot replace each other's archives.
        if _owner(s3, bucket, key) != stack:
            raise ValueError(f"s3://{bucket}/{key} is of another project. Choose another name.") from error
        s3.put_object(**request)
    return f"s3://{bucket}/{key}"


def _delete(key: str, stack: str) -> None:
    """Delete the archive if it is this stack's."""
    s3, bucket = _s3(), os.environ["BUCKET"]
    if _owner(s3, bucket, key) == stack:
        s3.delete_object(Bucket=bucket, Key=key)


def _s3() -> Any:
    import boto3  # not of the package, but of Lambda's Python

    return boto3.client("s3")


def _owner(s3: Any, bucket: str, key: str) -> str | None:
    """The id of the stack that has stored an archive; None where there is no archive."""
    try:
        return s3.head_object(Bucket=bucket, Key=key)["Metadata"].get("stack")
    except s3.exceptions.ClientError as error:
        # S3 denies access to a missing object to callers who may not list the bucket.
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404):
            return None
        raise


def _respond(event: dict[str, Any], key: str, archive: str, reason: str) -> None:
    response = {
        "Status": "FAILED" if reason else "SUCCESS",
        "Reason": reason[:_REASON_LENGTH],
        "PhysicalResourceId": key,
        "Data": {"Archive": archive},
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    # The URL's signature covers an empty content type.
    request = urllib.request.Request(
        event["ResponseURL"], json.dumps(response).encode(), {"Content-Type": ""}, method="PUT"
    )
    urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS).close()
