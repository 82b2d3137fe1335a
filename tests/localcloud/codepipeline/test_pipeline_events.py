"""Changes of state, as EventBridge rules see them."""

import json
from collections.abc import Callable

from delivery import Delivery
from waiting import until


def test_changes_of_state_are_events_on_the_bus(delivery: Delivery) -> None:
    received = listen(delivery, "events-of-a-pipeline", {"pipeline": ["observed"]})
    name = delivery.create("observed", {"Build": [delivery.build("observed", "Breaks", "false")]})
    execution_id, _ = delivery.run(name)
    events = until(lambda: len(events := received()) >= 10 and events)
    kinds = [
        (event["detail-type"].split()[1], event["detail"]["state"], event["detail"].get("action"))
        for event in sorted(events, key=lambda event: event["time"])
    ]
    assert sorted(kinds, key=str) == sorted(
        [
            ("Pipeline", "STARTED", None),
            ("Stage", "STARTED", None),
            ("Action", "STARTED", "Source"),
            ("Action", "SUCCEEDED", "Source"),
            ("Stage", "SUCCEEDED", None),
            ("Stage", "STARTED", None),
            ("Action", "STARTED", "Breaks"),
            ("Action", "FAILED", "Breaks"),
            ("Stage", "FAILED", None),
            ("Pipeline", "FAILED", None),
        ],
        key=str,
    )
    failed = next(
        event for event in events if event["detail"].get("action") == "Breaks" and "execution-result" in event["detail"]
    )
    detail = failed["detail"]
    assert failed["resources"] == [f"arn:aws:codepipeline:us-east-1:000000000000:{name}"]
    assert (detail["pipeline"], detail["execution-id"], detail["stage"]) == (name, execution_id, "Build")
    assert detail["type"] == {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"}
    assert detail["execution-result"]["error-code"] == "JobFailed"


def listen(delivery: Delivery, rule: str, detail: dict) -> Callable[[], list[dict]]:
    """Route CodePipeline's events to a queue; the function that is returned gives those received so far."""
    sqs, bus = delivery.cloud.client("sqs"), delivery.cloud.client("events")
    url, arn = delivery.queue(rule, "events")
    bus.put_rule(Name=rule, EventPattern=json.dumps({"source": ["aws.codepipeline"], "detail": detail}))
    bus.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": arn}])
    events: list[dict] = []

    def received() -> list[dict]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            events.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return events

    return received
