"""Step Functions' tasks of the AWS SDK: fields have the names of Step Functions, not those of the service."""

import json

import machines
import pytest
from harness import Cloud


def run(cloud: Cloud, role_arn: str, name: str, resource: str, arguments: dict) -> dict:
    """Run a state machine of one task to its end and describe the execution."""
    task = {"Resource": f"arn:aws:states:::aws-sdk:{resource}", "Arguments": arguments}
    return machines.ended(cloud, machines.start(cloud, role_arn, name, task))


@pytest.fixture(scope="module")
def repository(cloud: Cloud) -> str:
    cloud.client("ecr").create_repository(repositoryName="of-the-sdk", tags=[{"Key": "camelCase", "Value": "kept"}])
    return "of-the-sdk"


def test_fields_of_camel_case_apis_are_in_pascal_case(cloud: Cloud, role_arn: str, repository: str) -> None:
    ended = run(cloud, role_arn, "pascal", "ecr:describeRepositories", {"RepositoryNames": [repository]})
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    [described] = json.loads(ended["output"])["Repositories"]
    assert described["RepositoryName"] == repository


def test_a_field_with_the_name_of_the_api_is_refused(cloud: Cloud, role_arn: str, repository: str) -> None:
    ended = run(cloud, role_arn, "camel", "ecr:describeRepositories", {"repositoryNames": [repository]})
    assert ended["status"] == "FAILED"
    assert "'repositoryNames' is not supported by Step Functions" in ended["cause"]


def test_keys_of_maps_are_data(cloud: Cloud, role_arn: str) -> None:
    arguments = {"Name": "of-the-sdk", "Attributes": {"DisplayName": "kept"}}
    ended = run(cloud, role_arn, "maps", "sns:createTopic", arguments)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    arn = json.loads(ended["output"])["TopicArn"]
    assert cloud.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "kept"
