"""Creates stacks and logs for commands that only read them."""

import json
import time
from datetime import timedelta

from mlops.aws.session import Session


def stack(session: Session, name: str, **parameters: str) -> None:
    """Create a stack with these parameters and one unrelated resource."""
    template = {
        "Parameters": {key: {"Type": "String"} for key in parameters},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
    }
    session.client("cloudformation").create_stack(
        StackName=name,
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )


def log(session: Session, group: str, line: str, age: timedelta = timedelta()) -> None:
    """Create a log group with one line of this age."""
    client = session.client("logs")
    client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName="stream")
    event = {"timestamp": int((time.time() - age.total_seconds()) * 1000), "message": line}
    client.put_log_events(logGroupName=group, logStreamName="stream", logEvents=[event])
