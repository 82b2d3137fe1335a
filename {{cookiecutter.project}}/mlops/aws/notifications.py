"""Messages to the topic of this repository, for what no event of AWS tells."""

from __future__ import annotations

from mlops.aws import stacks
from mlops.aws.session import Session
from mlops.names import Names

# SNS's limit for a subject.
_MAXIMUM_SUBJECT = 100


def publish(session: Session, names: Names, subject: str, message: str) -> None:
    """Tell everyone who has subscribed to the topic of the stack `{project}-storage`."""
    topic = stacks.outputs(session, names.stack("storage"))["TopicArn"]
    session.client("sns").publish(TopicArn=topic, Subject=subject[:_MAXIMUM_SUBJECT], Message=message)
