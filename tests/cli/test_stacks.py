"""Stacks are deployed by change set; a failure names the resource that caused it."""

import json
import uuid

import pytest

from mlops.aws import stacks
from mlops.aws.session import Session
from mlops.errors import PipelineError
from mlops.progress import result


@pytest.fixture
def name() -> str:
    return f"stack-{uuid.uuid4().hex[:8]}"


def template(**topics: str) -> str:
    resources = {
        resource: {
            "Type": "AWS::SNS::Topic",
            "Properties": {"TopicName": topic, "DisplayName": {"Ref": "Title"}},
        }
        for resource, topic in topics.items()
    }
    return json.dumps(
        {
            "Parameters": {"Title": {"Type": "String", "Default": "none"}},
            "Resources": resources,
            "Outputs": {"Arn": {"Value": {"Ref": next(iter(topics))}}},
        }
    )


BROKEN = json.dumps(
    {
        "Resources": {
            "Topic": {"Type": "AWS::SNS::Topic"},
            "Function": {
                "Type": "AWS::CloudFormation::CustomResource",
                "Properties": {"ServiceToken": "arn:aws:lambda:eu-central-1:000000000000:function:missing"},
            },
        }
    }
)


def test_a_new_stack_is_created_and_its_events_are_shown(session: Session, name: str):
    events = []
    outcome = result(stacks.deploy(session, name, template(Topic=name), {"Title": "Hello"}), events.append)
    assert outcome.changed
    assert outcome.outputs["Arn"].endswith(f":{name}")
    assert stacks.parameters(session, name) == {"Title": "Hello"}
    assert ("Topic", "CREATE_COMPLETE") in [(event.resource, event.status) for event in events]


def test_deploying_the_same_again_changes_nothing(session: Session, name: str):
    result(stacks.deploy(session, name, template(Topic=name), {"Title": "Hello"}))
    events = []
    outcome = result(stacks.deploy(session, name, template(Topic=name), {"Title": "Hello"}), events.append)
    assert not outcome.changed
    assert outcome.outputs["Arn"].endswith(f":{name}")
    assert events == []


def test_an_update_shows_only_its_own_events(session: Session, name: str):
    created, updated = [], []
    result(stacks.deploy(session, name, template(Topic=name), {}), created.append)
    result(stacks.deploy(session, name, template(Topic=name, Second=f"{name}-2"), {}), updated.append)
    assert "Second" in {event.resource for event in updated}
    assert not {event.id for event in created} & {event.id for event in updated}


def test_a_failed_creation_names_the_resource_and_its_reason(session: Session, name: str):
    with pytest.raises(PipelineError, match=rf"{name} ended in ROLLBACK_COMPLETE\. Function \(.*\): \w+"):
        result(stacks.deploy(session, name, BROKEN, {}))


def test_a_stack_whose_creation_failed_is_deleted_and_created_again(session: Session, name: str):
    with pytest.raises(PipelineError):
        result(stacks.deploy(session, name, BROKEN, {}))
    assert result(stacks.deploy(session, name, template(Topic=name), {})).changed


def test_a_deleted_stack_is_gone(session: Session, name: str):
    result(stacks.deploy(session, name, template(Topic=name), {}))
    result(stacks.delete(session, name))
    assert stacks.describe(session, name) is None
    result(stacks.delete(session, name))


def test_a_missing_stack_has_no_outputs(session: Session):
    assert stacks.outputs(session, "never-deployed") == {}
