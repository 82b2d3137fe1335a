"""Messages to the topic of this repository, for what no event of AWS tells."""

from __future__ import annotations

from mlops.aws import stacks
from mlops.aws.session import Session
from mlops.names import Names

# SNS's limit for a subject.
_MAXIMUM_SUBJECT = 100


def is_confirmed(session: Session, names: Names, address: str) -> bool:
    """Whether the topic of the stack `{project}-storage` sends mail to this address."""
    topic = stacks.outputs(session, names.stack("storage"))["TopicArn"]
    pages = session.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    found = [each for page in pages for each in page["Subscriptions"] if each["Endpoint"] == address]
    # Until it is confirmed, a subscription has the word PendingConfirmation in place of its ARN.
    return any(each["SubscriptionArn"].startswith("arn:") for each in found)


def publish(session: Session, names: Names, subject: str, message: str) -> None:
    """Tell everyone who has subscribed to the topic of the stack `{project}-storage`."""
    topic = stacks.outputs(session, names.stack("storage"))["TopicArn"]
    session.client("sns").publish(TopicArn=topic, Subject=subject[:_MAXIMUM_SUBJECT], Message=message)
