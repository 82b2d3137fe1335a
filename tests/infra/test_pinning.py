"""No role can replace a tested release: which roles may write models, data and golden rows, on which conditions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from templates import NAMES, statements

from mlops.names import BUCKET_FOLDERS

BUCKET = "arn:${AWS::Partition}:s3:::${Project}-${AWS::AccountId}-${AWS::Region}/"
WRITE_ONCE = {"Null": {"s3:if-none-match": "false"}}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def grants(action: str) -> Iterator[tuple[str, str, dict | None]]:
    """Role, key pattern and condition of every grant of an action on objects of the bucket."""
    for name in NAMES:
        for role, statement in statements(name):
            if action in listed(statement["Action"]):
                for resource in listed(statement["Resource"]):
                    text = resource["Fn::Sub"] if isinstance(resource, dict) else resource
                    assert text.startswith(BUCKET), (role, text)
                    yield role, text.removeprefix(BUCKET), statement.get("Condition")


def covers(pattern: str, key: str) -> bool:
    """Whether a pattern of keys matches some key below `key`; a * in it matches one folder or the whole rest."""
    folders, given = pattern.rstrip("*").strip("/").split("/"), key.strip("/").split("/")
    return all(folder in ("*", part) for folder, part in zip(folders, given, strict=False))


def test_only_the_state_machine_writes_released_models() -> None:
    assert {role for role, pattern, _ in grants("s3:PutObject") if covers(pattern, "releases/")} == {"TrainMachineRole"}
    assert {pattern for role, pattern, _ in grants("s3:GetObject") if role == "EndpointRole"} == {"releases/*"}


@pytest.mark.parametrize(
    ("key", "writer"),
    [("datasets/", "BuildRole"), ("functions/", "BuildRole"), ("executions/1a2b/golden/", "QaRole")],
)
def test_release_files_are_written_once_by_one_role(key: str, writer: str) -> None:
    fixed = [(role, pattern, condition) for role, pattern, condition in grants("s3:PutObject") if covers(pattern, key)]
    assert [(role, condition) for role, _, condition in fixed] == [(writer, WRITE_ONCE)]


def test_the_log_of_production_is_written_by_the_decision_alone() -> None:
    assert {role for role, pattern, _ in grants("s3:PutObject") if covers(pattern, "lineage/")} == {
        "DecisionMachineRole"
    }


@pytest.mark.parametrize("action", ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutLifecycleConfiguration"])
def test_no_role_of_the_pipeline_deletes_objects(action: str) -> None:
    assert list(grants(action)) == []


def test_every_folder_of_the_bucket_is_a_name_that_no_project_may_have() -> None:
    actions = ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject")
    patterns = {pattern for action in actions for _, pattern, _ in grants(action)}
    folders = {pattern.partition("/")[0] for pattern in patterns} - {"${ArtifactPrefix}"}
    assert folders == BUCKET_FOLDERS
