"""The gate of the training state machine in Step Functions: its decision, and the cause of a refusal."""

import json

import machines
import pytest
from baking import REPOSITORY
from harness import Cloud

STATES = json.loads((REPOSITORY / "infra" / "statemachine.asl.json").read_text())["States"]


RMSE = {"Name": "rmse", "Goal": "Minimize", "Bound": 6, "AllowedRegression": 0.02}
R2 = {"Name": "r2", "Goal": "Maximize", "Bound": 0.8, "AllowedRegression": 0.02}


def gate(
    cloud: Cloud,
    bucket: str,
    role_arn: str,
    name: str,
    evaluation: str | None,
    *metrics: dict,
    production: bool = False,
) -> dict:
    """Run the states between evaluation and registration, and describe the execution."""
    key = f"gate/{name}/metrics.json"
    if evaluation is not None:
        cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=evaluation.encode())
    release = {
        "Training": {},
        "EvaluationResult": {"Bucket": bucket, "Key": key},
        "Gate": {"Group": "regression_metrics", "Metrics": metrics or [RMSE], "Production": production},
    }
    names = ("ReadEvaluation", "Compare", "Judge", "EvaluationUnreadable", "EvaluationIncomplete")
    states = {state: STATES[state] for state in (*names, "ModelQualityBelowBound", "ModelWorseThanProduction")}
    states["ReadEvaluation"]["Resource"] = "arn:aws:states:::aws-sdk:s3:getObject"
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Begin",
        "States": {
            "Begin": {**STATES["Begin"], "Next": "ReadEvaluation"},
            **states,
            "RecordLineage": {"Type": "Succeed"},
        },
    }
    machine = cloud.client("stepfunctions").create_state_machine(
        name=f"gate-{name}", definition=json.dumps(definition), roleArn=role_arn
    )["stateMachineArn"]
    started = cloud.client("stepfunctions").start_execution(stateMachineArn=machine, input=json.dumps(release))
    return machines.ended(cloud, started["executionArn"])


def test_a_good_evaluation_passes(cloud: Cloud, bucket: str, role_arn: str) -> None:
    ended = gate(cloud, bucket, role_arn, "good", '{"regression_metrics": {"rmse": {"value": 5.0}}}')
    assert ended["status"] == "SUCCEEDED", ended.get("cause")


def test_a_refusal_names_every_metric_that_failed(cloud: Cloud, bucket: str, role_arn: str) -> None:
    own, production = {"rmse": {"value": 7.5}, "r2": {"value": 0.85}}, {"rmse": {"value": 8}, "r2": {"value": 0.9}}
    evaluation = json.dumps({"regression_metrics": own, "production": {"regression_metrics": production}})
    ended = gate(cloud, bucket, role_arn, "both", evaluation, RMSE, R2, production=True)
    assert (ended["status"], ended["error"]) == ("FAILED", "ModelQualityBelowBound")
    assert ended["cause"] == (
        "rmse is 7.5, allowed is at most 6 (metrics.rmse.bound in configuration/evaluation.yml); "
        "r2 is 0.85, the model in production has 0.9 on the same rows, allowed is a regression of 2 % "
        "(metrics.r2.allowed_regression in configuration/evaluation.yml)"
    )


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
    assert "rmse" in ended["cause"] and f"s3://{bucket}/gate/{name}/metrics.json" in ended["cause"]
