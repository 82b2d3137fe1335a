"""Build projects, the lists of their builds, and refusals of both."""

import pytest
from botocore.exceptions import ClientError
from builders import Builders


def test_builds_are_numbered_and_listed_newest_first(builders: Builders) -> None:
    project = builders.commands("listed", "true")
    first, second = builders.run(project), builders.run(project)
    assert (first["buildNumber"], second["buildNumber"]) == (1, 2)
    listed = builders.codebuild.list_builds_for_project(projectName=project)["ids"]
    assert listed == [second["id"], first["id"]]
    assert builders.codebuild.list_builds()["ids"][:2] == listed
    assert builders.codebuild.batch_get_builds(ids=["listed:absent"])["buildsNotFound"] == ["listed:absent"]


def test_projects_are_described_changed_and_deleted(builders: Builders) -> None:
    codebuild = builders.codebuild
    project = builders.commands("changing", "true")
    codebuild.update_project(name=project, description="changed", timeoutInMinutes=7)
    [described] = codebuild.batch_get_projects(names=[project])["projects"]
    assert (described["description"], described["timeoutInMinutes"]) == ("changed", 7)
    assert project in codebuild.list_projects()["projects"]
    with pytest.raises(ClientError, match="ResourceAlreadyExistsException"):
        builders.commands("changing", "true")
    codebuild.delete_project(name=project)
    with pytest.raises(ClientError, match=r"Project cannot be found: arn:aws:codebuild:.*project/changing"):
        builders.start(project)


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"source": {"type": "GITHUB", "location": "https://github.com/a/b"}}, "source type GITHUB"),
        ({"cache": {"type": "LOCAL", "modes": ["LOCAL_SOURCE_CACHE"]}}, "cache type LOCAL"),
        ({"logsConfig": {"s3Logs": {"status": "ENABLED", "location": "b/p"}}}, "logsConfig.s3Logs"),
        ({"vpcConfig": {"vpcId": "vpc-1", "subnets": ["s"], "securityGroupIds": ["g"]}}, "vpcConfig"),
    ],
)
def test_unsupported_settings_of_a_project_are_refused_by_name(builders: Builders, members: dict, named: str) -> None:
    with pytest.raises(ClientError, match=f"does not support {named}"):
        builders.commands("refused", "true", **members)


@pytest.mark.parametrize(
    ("request_members", "named"),
    [
        ({"computeTypeOverride": "BUILD_GENERAL1_LARGE"}, "StartBuild with computeTypeOverride"),
        ({"sourceTypeOverride": "BITBUCKET"}, "source type BITBUCKET"),
        (
            {"environmentVariablesOverride": [{"name": "TOKEN", "value": "secret", "type": "SECRETS_MANAGER"}]},
            r"type SECRETS_MANAGER \(TOKEN\)",
        ),
    ],
)
def test_unsupported_settings_of_a_build_are_refused_by_name(
    builders: Builders, request_members: dict, named: str
) -> None:
    name = f"plain-{next(iter(request_members)).lower()}"
    with pytest.raises(ClientError, match=named):
        builders.start(builders.commands(name, "true"), **request_members)


def test_a_project_of_a_pipeline_is_not_started_by_hand(builders: Builders) -> None:
    source = {"type": "CODEPIPELINE"}
    project = builders.commands("of-pipeline", "true", source=source, artifacts={"type": "CODEPIPELINE"})
    with pytest.raises(ClientError, match="gets its source from CodePipeline"):
        builders.start(project)
