"""What a report knows of an execution, read from recorded answers of AWS's APIs."""

import pytest

from mlops.aws.logs import LogLocation
from mlops.report.deployment import second_variant
from mlops.report.logs import console_link


def test_a_release_tells_what_was_released(released):
    execution, release = released["execution"], released["release"]
    assert execution["commit"].startswith("8da14800dee6")
    assert execution["data_version"] == "27af7ee9-823c-4cab-9fa9-2ae854d62b53"
    assert release["image"].partition("@")[2].startswith("sha256:")
    assert release["hyperparameters"]["max_depth"] == "8"
    assert release["configured_hyperparameters"]["max_depth"] == "6"
    assert released["model_package"]["approval"] == "Approved"
    assert released["dataset"]["synthetic"] is True


def test_a_release_tells_its_trials_with_hyperparameters_and_objective(released):
    tuning = released["tuning"]
    assert tuning["metric"] == "validation:rmse"
    assert [trial["status"] for trial in tuning["trials"]] == ["Completed"] * 4
    best = min(tuning["trials"], key=lambda trial: trial["objective"])
    assert best["name"] == tuning["best"]
    assert set(best["hyperparameters"]) == {"max_depth", "eta", "min_child_weight"}


def test_a_release_tells_its_metrics_beside_those_of_the_model_that_was_in_production(released):
    evaluation, gate = released["evaluation"], released["gate"]
    assert gate == {"Metric": "rmse", "Goal": "Minimize", "Bound": 6, "AllowedRegression": 0.02, "Production": True}
    assert evaluation["regression_metrics"]["rmse"]["value"] < 6
    assert evaluation["production"]["regression_metrics"]["rmse"]["value"] > 0


def test_every_action_has_its_time(released):
    actions = [action for stage in released["stages"] for action in stage["actions"]]
    assert {action["state"] for action in actions} == {"Succeeded"}
    assert all(action["seconds"] >= 0 and action["started"] < action["ended"] for action in actions)
    assert next(action for action in actions if action["category"] == "Approval")["summary"] == "Looks right"


def test_the_endpoint_that_serves_the_release_is_told_from_one_that_serves_another(released, refused):
    def serves(document):
        return next(each["serves_this"] for each in document["endpoints"] if each["stage"] == "production")

    assert serves(released) is True
    assert serves(refused) is False


def test_a_release_tells_what_it_answered_while_traffic_was_shifted(released, refused):
    assert released["traffic"] == {"version": "2", "requests": 188, "failed": 0}
    assert refused["traffic"] is None


def test_each_log_has_a_name_and_a_place(released):
    logs = {log["name"]: log for log in released["logs"]}
    assert {"Build/Render", "tuning", "training", "evaluation", "Test/QA", "endpoint production"} <= set(logs)
    assert logs["training"]["group"] == "/aws/sagemaker/TrainingJobs"
    assert logs["training"]["stream"] == "taxi-fares-59ed189f/"


def test_a_refused_execution_tells_the_reason_and_what_it_found_until_then(refused):
    assert refused["verdict"]["outcome"] == "failed"
    assert refused["verdict"]["sentence"].startswith("Train/Train failed: rmse is 19.8618, allowed is at most 6")
    assert refused["verdict"]["log"] == "evaluation"
    assert refused["evaluation"]["regression_metrics"]["rmse"]["value"] == pytest.approx(19.862, abs=0.001)
    assert refused["qa"] is None
    assert refused["model_package"] is None


def test_a_log_in_aws_has_a_link_to_the_console():
    location = LogLocation("/aws/sagemaker/TrainingJobs", "taxi/algo-1")
    link = console_link("https://logs.eu-west-1.amazonaws.com", "eu-west-1", location)
    assert link == (
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/"
        "$252Faws$252Fsagemaker$252FTrainingJobs$3FlogStreamNameFilter$3Dtaxi$252Falgo-1"
    )


def test_a_log_in_china_has_a_link_to_the_console_there():
    link = console_link("https://logs.cn-north-1.amazonaws.com.cn", "cn-north-1", LogLocation("/g"))
    assert link.startswith("https://cn-north-1.console.amazonaws.cn/")


def test_a_log_elsewhere_has_no_link():
    assert console_link("http://127.0.0.1:4566", "us-east-1", LogLocation("/g")) is None


def test_a_second_variant_is_read_from_the_stack_of_the_endpoint(released):
    assert [each["second_variant"] for each in released["endpoints"]] == [None]
    parameters = {"ChallengerName": "Champion", "ChallengerExecutionId": "1a2b3c4d", "ChallengerWeight": "0.1"}
    assert second_variant(parameters) == {"name": "Champion", "execution": "1a2b3c4d", "share": 0.1}
    assert second_variant({**parameters, "ChallengerName": ""}) is None
