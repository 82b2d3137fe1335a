"""What `mlops deploy` says at its end. No stack is deployed here."""

import json
from pathlib import Path

import pytest
from botocore.stub import Stubber

from mlops.aws.session import Session
from mlops.names import Names
from mlops.release import repository as repositories
from mlops.release import templates

ADDRESS = "someone@example.org"


@pytest.fixture
def words(mlops, session: Session, names: Names, repository: Path, monkeypatch: pytest.MonkeyPatch):
    """The output of `mlops deploy` when SNS lists a subscription of this address with this ARN."""
    topic = f"arn:aws:sns:{session.region}:000000000000:{names.project}"
    resources = {"Topic": {"Type": "AWS::SNS::Topic"}}
    template = json.dumps({"Resources": resources, "Outputs": {"TopicArn": {"Value": topic}}})
    session.client("cloudformation").create_stack(StackName=names.stack("storage"), TemplateBody=template)
    (repository / "infra").mkdir()
    (repository / "infra" / "storage.yml").write_text(template)
    monkeypatch.setattr(templates, "stacks", lambda *_, **__: [])
    monkeypatch.setattr(repositories.Repository, "session", session)

    def deploy(address: str, arn: str) -> str:
        listed = {"Endpoint": address, "SubscriptionArn": arn, "Protocol": "email", "TopicArn": topic}
        with Stubber(session.client("sns")) as sns:
            sns.add_response("list_subscriptions_by_topic", {"Subscriptions": [listed]}, {"TopicArn": topic})
            done = mlops("deploy")
        assert done.exit_code == 0, done.output
        return done.output

    return deploy


@pytest.mark.parametrize(
    ("address", "arn"),
    [(ADDRESS, "PendingConfirmation"), ("another@example.org", "arn:aws:sns:eu-central-1:000000000000:demo:1")],
    ids=["pending", "gone"],
)
def test_an_address_that_gets_no_mail_is_named(words, address: str, arn: str):
    assert f"{ADDRESS} has not confirmed its subscription" in words(address, arn)


def test_an_address_that_gets_mail_is_not_mentioned(words):
    assert ADDRESS not in words(ADDRESS, "arn:aws:sns:eu-central-1:000000000000:demo:1")


def test_the_execution_that_codepipeline_starts_by_itself_is_announced(words):
    output = words(ADDRESS, "arn:aws:sns:eu-central-1:000000000000:demo:1")
    assert "CodePipeline starts a new pipeline by itself. That execution fails, for nothing is uploaded yet." in output


def test_templates_are_checked_for_the_region_of_the_repository(words, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "eu-central-9")
    assert "Checking the templates" in words(ADDRESS, "PendingConfirmation")
