"""The topic for notifications is an output of the stack `storage`."""

import json

import pytest
from github.inbox import Inbox

from mlops.aws import notifications
from mlops.aws.session import Session
from mlops.errors import InputError
from mlops.names import Names


def create_storage(session: Session, names: Names, outputs: dict[str, dict]) -> None:
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": outputs}
    cloudformation, name = session.client("cloudformation"), names.stack("storage")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})


@pytest.mark.parametrize("deployed", [False, True], ids=["no stack", "stack without the output"])
def test_missing_topic_is_a_wrong_input_that_names_the_stack(session: Session, names: Names, deployed: bool):
    if deployed:
        create_storage(session, names, {"Other": {"Value": "1"}})
    with pytest.raises(InputError, match=f"{names.stack('storage')} has no topic.*mlops deploy"):
        notifications.publish(session, names, "subject", "message")


def test_message_is_published_to_the_topic(session: Session, names: Names):
    create_storage(session, names, {"TopicArn": {"Value": {"Ref": "Topic"}}})
    [topic] = session.client("cloudformation").describe_stacks(StackName=names.stack("storage"))["Stacks"][0]["Outputs"]
    inbox = Inbox(session.client("sqs"), session.client("sns"), topic["OutputValue"])
    notifications.publish(session, names, "s" * 200, "message")
    assert inbox.messages() == [("s" * 100, "message")]
