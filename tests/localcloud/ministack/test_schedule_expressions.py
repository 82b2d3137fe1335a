"""EventBridge: rules with a schedule start their targets again and again, in the cloud's scale of time."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from harness import Cloud
from ministack.services import eventbridge
from waiting import until

from mlops.localcloud.ministack import schedules

PASS = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})


@pytest.mark.parametrize("schedule", ["rate(1 minute)", "cron(* * * * ? *)"])
def test_a_schedule_of_every_minute_starts_a_state_machine_every_second(
    cloud: Cloud, role_arn: str, schedule: str
) -> None:
    states, bus, name = cloud.client("stepfunctions"), cloud.client("events"), f"every-{schedule.partition('(')[0]}"
    machine = states.create_state_machine(name=name, roleArn=role_arn, definition=PASS)["stateMachineArn"]
    bus.put_rule(Name=name, ScheduleExpression=schedule)
    bus.put_targets(
        Rule=name, Targets=[{"Id": "machine", "Arn": machine, "RoleArn": role_arn, "Input": '{"trigger": "schedule"}'}]
    )
    [first, *_] = until(lambda: len(found := executions(cloud, machine)) > 1 and found)
    assert json.loads(states.describe_execution(executionArn=first)["input"]) == {"trigger": "schedule"}
    bus.remove_targets(Rule=name, Ids=["machine"])
    bus.delete_rule(Name=name)


def executions(cloud: Cloud, machine: str) -> list[str]:
    found = cloud.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    return [each["executionArn"] for each in found]


@pytest.mark.parametrize("schedule", ["rate(1 second)", "cron(0 12 * * *)", "at(2026-01-01T00:00:00)"])
def test_a_schedule_that_eventbridge_does_not_know_is_refused(cloud: Cloud, schedule: str) -> None:
    with pytest.raises(ClientError, match="ScheduleExpression is not valid"):
        cloud.client("events").put_rule(Name="never", ScheduleExpression=schedule)


@pytest.fixture
def a_thousandth(monkeypatch: pytest.MonkeyPatch) -> None:
    """ministack in this process with schedules a thousand times as fast."""
    for name in ("_parse_rate_seconds", "_cron_next_fire", "_SCHEDULER_TICK_INTERVAL"):
        monkeypatch.setattr(eventbridge, name, getattr(eventbridge, name))
    schedules.shorten(0.001)


@pytest.mark.usefixtures("a_thousandth")
def test_a_rate_is_shortened_to_a_second_at_least() -> None:
    assert eventbridge._parse_rate_seconds("rate(1 hour)") == 3.6
    assert eventbridge._parse_rate_seconds("rate(5 minutes)") == 1.0
    assert eventbridge._parse_rate_seconds("cron(0 * * * ? *)") is None


@pytest.mark.usefixtures("a_thousandth")
def test_a_day_of_a_cron_schedule_passes_in_a_thousandth_of_a_day() -> None:
    daily = eventbridge._parse_cron_fields("cron(0 6 * * ? *)")
    first = eventbridge._cron_next_fire(daily, datetime.now(UTC))
    second = eventbridge._cron_next_fire(daily, first)
    assert abs(second - first - timedelta(seconds=86.4)) < timedelta(seconds=0.1)
