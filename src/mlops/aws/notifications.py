"""Messages to the topic of this repository, for events that AWS does not publish."""

from __future__ import annotations

from mlops.aws import paging, stacks
from mlops.aws.session import Session
from mlops.errors import InputError
from mlops.names import Names

# SNS's limit for a subject.
_MAXIMUM_SUBJECT = 100


def is_confirmed(session: Session, names: Names, address: str) -> bool:
    """Whether the topic of the stack `{project}-storage` sends mail to this address."""
    subscriptions = paging.items(
        session.client("sns"), "list_subscriptions_by_topic", "Subscriptions", TopicArn=_topic(session, names)
    )
    # An unconfirmed subscription has PendingConfirmation in place of its ARN.
    return any(each["Endpoint"] == address and each["SubscriptionArn"].startswith("arn:") for each in subscriptions)


def publish(session: Session, names: Names, subject: str, message: str) -> None:
    """Send a message to the subscribers of the topic of the stack `{project}-storage`."""
    topic = _topic(session, names)
    session.client("sns").publish(TopicArn=topic, Subject=subject[:_MAXIMUM_SUBJECT], Message=message)


def _topic(session: Session, names: Names) -> str:
    """The ARN of the topic. InputError where the stack is missing or of an earlier version, without this output."""
    stack = names.stack("storage")
    topic = stacks.outputs(session, stack).get("TopicArn")
    if topic is None:
        raise InputError(f"The stack {stack} has no topic for notifications (output TopicArn). Run: mlops deploy")
    return topic
