"""A queue that receives a topic's messages, as a team's own tools would."""

from __future__ import annotations

import json

from botocore.client import BaseClient

# Subject and text.
Message = tuple[str, str]


class Inbox:
    """A queue that is subscribed to a topic."""

    def __init__(self, sqs: BaseClient, sns: BaseClient, topic: str):
        self.sqs = sqs
        self.url = sqs.create_queue(QueueName="inbox")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def messages(self) -> list[Message]:
        """All received messages, in order."""
        found: list[Message] = []
        while more := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get(
            "Messages"
        ):
            for each in map(json.loads, (message["Body"] for message in more)):
                found.append((each.get("Subject", ""), each["Message"]))
        return found
