"""The gate of the training state machine in Step Functions: what it says of an evaluation that it cannot use."""

import json

import machines
import pytest
from baking import REPOSITORY
from harness import Cloud

STATES = json.loads((REPOSITORY / "infra" / "statemachine.asl.json").read_text())["States"]


def gate(cloud: Cloud, bucket: str, role_arn: str, name: str, evaluation: str | None) -> dict:
    """Run the states from the end of the evaluation on, as far as the registration, and describe the execution."""
    key = f"gate/{name}/evaluation.json"
    if evaluation is not None:
        cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=evaluation.encode())
    release = {
        "Training": {},
        "EvaluationResult": {"Bucket": bucket, "Key": key},
        "Gate": {"Metric": "rmse", "Goal": "Minimize", "Bound": 6, "AllowedRegression": 0.02, "Production": False},
    }
    names = ("ReadEvaluation", "Judge", "EvaluationUnreadable", "EvaluationIncomplete", "ModelQualityBelowBound")
    states = {state: STATES[state] for state in (*names, "ModelWorseThanProduction")}
    states["ReadEvaluation"]["Resource"] = "arn:aws:states:::aws-sdk:s3:getObject"
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Begin",
        "States": {"Begin": {**STATES["Begin"], "Next": "ReadEvaluation"}, **states, "Register": {"Type": "Succeed"}},
    }
    machine = cloud.client("stepfunctions").create_state_machine(
        name=f"gate-{name}", definition=json.dumps(definition), roleArn=role_arn
    )["stateMachineArn"]
    started = cloud.client("stepfunctions").start_execution(stateMachineArn=machine, input=json.dumps(release))
    return machines.ended(cloud, started["executionArn"])


def test_a_good_evaluation_passes(cloud: Cloud, bucket: str, role_arn: str) -> None:
    ended = gate(cloud, bucket, role_arn, "good", '{"regression_metrics": {"rmse": {"value": 5.0}}}')
    assert ended["status"] == "SUCCEEDED", ended.get("cause")


@pytest.mark.parametrize(
    ("name", "evaluation", "error"),
    [
        ("nan", '{"regression_metrics": {"rmse": {"value": NaN}}}', "EvaluationIncomplete"),
        ("text", "rmse 5.0", "EvaluationUnreadable"),
        ("absent", None, "EvaluationUnreadable"),
    ],
)
def test_an_evaluation_that_cannot_be_used_is_named_with_file_and_metric(
    cloud: Cloud, bucket: str, role_arn: str, name: str, evaluation: str | None, error: str
) -> None:
    ended = gate(cloud, bucket, role_arn, name, evaluation)
    assert (ended["status"], ended["error"]) == ("FAILED", error)
    assert "rmse" in ended["cause"] and f"s3://{bucket}/gate/{name}/evaluation.json" in ended["cause"]
