"""Searches everything that runs have written for credentials."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from github.account import Account

# Session tokens of the local cloud's STS, and JSON Web Tokens.
_TOKENS = re.compile(rb"FwoGZX[0-9a-f]{32,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}")

Written = tuple[str, bytes]


def written(account: Account) -> Iterator[Written]:
    """Place and content of stack outputs, logs, objects, and of all files of the cloud and of GitHub's artifacts."""
    for stack in account.client("cloudformation").describe_stacks()["Stacks"]:
        for output in stack.get("Outputs", []):
            yield f"output {output['OutputKey']} of {stack['StackName']}", output["OutputValue"].encode()
    yield from _logs(account)
    yield from _objects(account)
    for folder in (account.cloud_directory, account.hub.runs):
        for file in folder.rglob("*"):
            if file.is_file():
                yield from _opened(str(file), file.read_bytes())


def leaks(texts: Iterable[Written], secrets: Iterable[str]) -> list[str]:
    """The places with a credential in them: one of these, or any that looks like one."""
    known = [secret.encode() for secret in secrets]
    return [place for place, content in texts if _TOKENS.search(content) or any(each in content for each in known)]


def _logs(account: Account) -> Iterator[Written]:
    logs = account.client("logs")
    for groups in logs.get_paginator("describe_log_groups").paginate():
        for group in groups["logGroups"]:
            name = group["logGroupName"]
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=name)
            yield f"log {name}", "\n".join(event["message"] for page in pages for event in page["events"]).encode()


def _objects(account: Account) -> Iterator[Written]:
    s3 = account.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket["Name"]):
            for version in page.get("Versions", []):
                at = {"Bucket": bucket["Name"], "Key": version["Key"], "VersionId": version["VersionId"]}
                yield from _opened(f"s3://{at['Bucket']}/{at['Key']}", s3.get_object(**at)["Body"].read())


def _opened(place: str, content: bytes) -> Iterator[Written]:
    """The content itself, and that of an archive's members."""
    yield place, content
    file = io.BytesIO(content)
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            yield from ((f"{place}/{name}", archive.read(name)) for name in archive.namelist())
    elif Path(place).suffix in (".gz", ".tar"):
        with tarfile.open(fileobj=file) as archive:
            members = (member for member in archive if member.isfile())
            yield from ((f"{place}/{each.name}", archive.extractfile(each).read()) for each in members)
